"""What all invented sets ask of their settings."""

from __future__ import annotations

import numpy as np

from cxml.errors import ConfigError


def check_whole(name: str, value: object, *, least: int) -> None:
    """Refuse what is no whole number from `least` up."""
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < least:
        raise ConfigError(f"`{name}` must be a whole number, {least} or more - got {value!r}.")
