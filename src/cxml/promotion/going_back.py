"""Going back: an alias points again at the version that held it before."""

from __future__ import annotations

from dataclasses import dataclass

from cxml import tracking
from cxml.errors import ConfigError, shorten


@dataclass(frozen=True, repr=False)
class Rollback:
    """What `rollback` did.

    Attributes
    ----------
    uri : str
        ``models:/<name>@<alias>``, which now answers with the other version.
    from_version, to_version : str
    """

    uri: str
    from_version: str
    to_version: str

    def __str__(self) -> str:
        return f"{self.uri} went from version {self.from_version} to version {self.to_version}"

    __repr__ = __str__


def rollback(name: str, *, alias: str = "champion", version: str | int | None = None) -> Rollback:
    """Point an alias back at the version that held it before.

    Each version remembers which one held the alias when it took it, so going back works again and again, whatever was
    registered in between. No figures are asked: whoever goes back has a reason that held-out rows do not know.

    A process that has loaded ``models:/<name>@<alias>`` keeps the model that it loaded; it must load again to see the
    change.

    Parameters
    ----------
    name : str
        Name in the registry, by default of `promote` the family's.
    alias : str, default="champion"
    version : str or int, optional
        Go to this version instead, to and fro.

    Returns
    -------
    Rollback

    Raises
    ------
    ConfigError
        If no version holds the alias, none held it before, or the version does not exist or holds it already.

    Examples
    --------
    >>> print(Rollback("models:/churn@champion", "3", "2"))
    models:/churn@champion went from version 3 to version 2
    """
    holder = tracking.holder(name, alias)
    if holder is None:
        raise ConfigError(
            f"Only an alias that a version holds goes back - no version of {name!r} holds {alias!r}. "
            f'Promote a model first: cxml.promote(model, name="{name}", alias="{alias}").'
        )
    wanted = holder.before if version is None else str(version)
    _check(name, alias, holder, wanted)
    tracking.point(name, alias, str(wanted), remember=version is not None)
    return Rollback(f"models:/{name}@{alias}", holder.version, str(wanted))


def _check(name: str, alias: str, holder: tracking.Holder, wanted: str | None) -> None:
    known = tracking.version_numbers(name)
    if wanted is None:
        raise ConfigError(
            f"A version must have held {name}@{alias} before version {holder.version} - none did, as far as the "
            f"registry remembers. Give one of its versions, {shorten(known)}: rollback({name!r}, version=...)."
        )
    if wanted not in known:
        raise ConfigError(
            f"{name}@{alias} goes back to a version that exists - got {wanted!r}, and there is {shorten(known)}. "
            f"Give one of these: rollback({name!r}, version=...)."
        )
    if wanted == holder.version:
        raise ConfigError(
            f"{name}@{alias} goes to another version than the one that holds it - got {wanted!r}, which does. "
            "The alias was not moved."
        )
