"""What can be set when offers are trained."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cxml.contract import SETTLED
from cxml.errors import ConfigError
from cxml.leakage import OnLeakage
from cxml.values import is_number

#: name, kind, dirty: what a column is, see `cxml.encoding.Column`.
Schema = tuple[tuple[str, str, bool], ...]


@dataclass(frozen=True, kw_only=True)
class LogConfig:
    """What every model of offers is told about a log: one row an offer made, or an item taken.

    Parameters
    ----------
    key : str, optional
        The column that names the customer: carried into the answers, never learned from.
    offer : str, optional
        The column that names the offer. Left out, all rows are of one offer, called ``"offer"``.
    time : str, optional
        The moment of each row. The last moments are then held out, what a customer was offered before counts, and
        dates among the features are counted in days before it.
    channel : str, optional
        The column that names the channel of a contact: an entry of the catalogue is then an offer through a channel.
    value : str, optional
        The column with what an acceptance was worth, in any currency; read where the offer was accepted.
    drop : tuple of str
        Columns to leave out.
    offer_columns : tuple of str
        Columns that describe the offer. Left empty, those of ``offers=``, or else the columns that are constant within
        each offer and not alike for all of them.
    test_size : float in [0.05, 0.5], default=0.25
        Share of the rows held out for the verdict.
    seed : int >= 0, default=0
    remember : bool, default=True
        Whether the model keeps what each customer was offered and did, by a 64-bit hash of the key, never the key
        itself. False: nothing is kept, and no history is learned from.
    """

    key: str | None = None
    offer: str | None = None
    time: str | None = None
    channel: str | None = None
    value: str | None = None
    drop: tuple[str, ...] = ()
    offer_columns: tuple[str, ...] = ()
    test_size: float = 0.25
    seed: int = 0
    remember: bool = True

    def __post_init__(self) -> None:
        for name in ("drop", "offer_columns"):
            given = getattr(self, name)
            object.__setattr__(self, name, (given,) if isinstance(given, str) else tuple(given))
        for name in _NAMES:
            given = getattr(self, name, None)
            if given is not None and not isinstance(given, str):
                raise ConfigError(f"{name} must be the name of a column - got {given!r}.")
        self._check_apart()
        if not (is_number(self.test_size) and 0.05 <= self.test_size <= 0.5):
            raise ConfigError(f"test_size must be a share between 0.05 and 0.5 - got {self.test_size!r}.")
        if isinstance(self.seed, bool) or not (isinstance(self.seed, int) and self.seed >= 0):
            raise ConfigError(f"seed must be a whole number from 0 up - got {self.seed!r}.")
        if not isinstance(self.remember, bool):
            raise ConfigError(f"remember must be True or False - got {self.remember!r}.")

    def _check_apart(self) -> None:
        said: dict[str, str] = {}
        for name in _NAMES:
            column = getattr(self, name, None)
            if column is None:
                continue
            if column in said:
                raise ConfigError(
                    f"Each column has one part to play - got {column!r} as {said[column]}= and as {name}=. "
                    "Leave one of them out."
                )
            said[column] = name

    @property
    def named(self) -> tuple[str, ...]:
        """The columns of the log that play a part: none of them describes the customer or the offer."""
        found = (getattr(self, name, None) for name in _NAMES)
        return tuple(name for name in found if name is not None)


_NAMES = ("key", "offer", "time", "channel", "value", "response", "propensity", "position")


@dataclass(frozen=True, kw_only=True)
class OffersConfig(LogConfig):
    """Settings of a model of responses to offers: those of `LogConfig` and these.

    Parameters
    ----------
    response : str
        The column that says whether the offer was accepted: two labels. A row where it is missing is an interaction:
        it counts as history and is never learned from as a label.
    propensity : str, optional
        The column with the chance, in (0, 1], with which the offer of the row was chosen: what policies are valued by.
    position : str, optional
        The column with the place in which the offer was shown, 1 the best. Learned from, and taken as the best place
        where nothing is said of it.
    positive : label, optional
        The label of `response` that means "accepted". Told apart by itself for 1, True, yes, 예 and the like.
    control : offer, optional
        The name of the offer that is none: its rows are of customers whom nobody contacted. A model of responses
        leaves them out; `UpliftConfig` compares with them.
    starts, ends : str, optional
        The columns with the first and the last day of the offer. A response before its offer's start is refused, and
        the value of a policy is that of offers which were on offer.
    delay : float >= 0, days, default=0
        How long after an offer its response is known. Younger responses are no history yet.
    on_leakage : {"warn", "drop", "raise"}, default="warn"
        What to do with a column that knows the answer, see `cxml.leakage`.
    negative : label, optional
        The other label of `response`. Settled by training.
    schema, offer_schema : tuple of (column, kind, dirty), optional
        What the columns of the customer and of the offer are, see `cxml.encoding.Column`. Settled by training from all
        rows; left empty, a fit decides by its own rows.

    Raises
    ------
    ConfigError
        If a value is outside its range.

    Examples
    --------
    >>> OffersConfig(response="accepted", offer="offer").named
    ('offer', 'accepted')
    >>> OffersConfig(response="accepted", delay=-1)
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: delay must be a number of days from 0 up - got -1.
    """

    response: str
    propensity: str | None = None
    position: str | None = None
    positive: Any = None
    negative: Any = field(default=None, metadata=SETTLED)
    control: Any = None
    starts: str | None = None
    ends: str | None = None
    delay: float = 0.0
    on_leakage: OnLeakage = "warn"
    schema: Schema = field(default=(), metadata=SETTLED)
    offer_schema: Schema = field(default=(), metadata=SETTLED)

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("schema", "offer_schema"):
            object.__setattr__(self, name, tuple(tuple(one) for one in getattr(self, name)))
        if not isinstance(self.response, str):
            raise ConfigError(f"response must be the name of a column - got {self.response!r}.")
        for name in ("starts", "ends"):
            given = getattr(self, name)
            if given is not None and not isinstance(given, str):
                raise ConfigError(f"{name} must be the name of a column - got {given!r}.")
        if not (is_number(self.delay) and self.delay >= 0):
            raise ConfigError(f"delay must be a number of days from 0 up - got {self.delay!r}.")
        if self.on_leakage not in ("warn", "drop", "raise"):
            raise ConfigError(f"on_leakage must be 'warn', 'drop' or 'raise' - got {self.on_leakage!r}.")


@dataclass(frozen=True, kw_only=True)
class UpliftConfig(OffersConfig):
    """Settings of a model of effects: those of `OffersConfig`, and these.

    Parameters
    ----------
    learner : {"auto", "linear", "s", "t", "x", "r"}, default="auto"
        How effects are learned, see `cxml.offers.learners`; ``"auto"`` weighs all of them on training folds.
    amounts : bool, optional
        Whether responses are amounts, not two labels. Settled by training from all rows; left empty, they are where
        they are numbers of more than two values.

    Raises
    ------
    ConfigError
        If no control is named, no learner has that name, or a value is outside its range.

    Examples
    --------
    >>> UpliftConfig(offer="offer", response="bought", control="none", learner="x").learner
    'x'
    >>> UpliftConfig(offer="offer", response="bought", control="none", learner="z")
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: learner must be one of 'auto', 'linear', 's', 't', 'x', 'r' - got 'z'.
    """

    learner: str = "auto"
    amounts: bool | None = field(default=None, metadata=SETTLED)

    def __post_init__(self) -> None:
        super().__post_init__()
        from cxml.offers.effects import check_learner

        check_learner(self.learner)
        if self.control is None:
            raise ConfigError(
                "control must name the offer that is none, which effects are compared with - got None. "
                "Pass control='none', or whatever the log calls it."
            )


@dataclass(frozen=True, kw_only=True)
class AffinityConfig(LogConfig):
    """Settings of a model of who takes what: those of `LogConfig`, and these.

    Parameters
    ----------
    response : str, optional
        The column that says whether the offer was accepted: accepted rows and rows without a response count as taken.
        Left out, every row is an item taken.
    positive : label, optional
        The label of `response` that means "accepted".
    repeat : bool, default=False
        Whether a customer may be offered again what they have already.
    """

    response: str | None = None
    positive: Any = None
    repeat: bool = False
