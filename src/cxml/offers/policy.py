"""What may be offered, what it is worth, and how much of it there is: the company's rules, apart from any model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

import numpy as np

from cxml.errors import ConfigError, nearest
from cxml.offers.rules import Expression
from cxml.values import is_number


@dataclass(frozen=True)
class Cap:
    """At most so many contacts of a customer within so many days up to now, those decided now included.

    Parameters
    ----------
    most : int >= 0
        Each offer made is one contact.
    days : float > 0
        The length of the rolling window: contacts after ``now - days`` count, up to ``now``.
    channel : str, optional
        Count contacts by this channel only, and hold back only offers through it.
    offer : bool, default=False
        Count for each offer on its own: how often the same one may be made.

    Examples
    --------
    >>> Cap(1, days=90, offer=True).name
    'the same offer 1 in 90 days'
    >>> Cap(-1, days=7)
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: most must be a whole number from 0 up - got -1 in Cap. 0 forbids every contact.
    """

    most: int
    days: float
    channel: str | None = None
    offer: bool = False

    def __post_init__(self) -> None:
        _plain_numbers(self)
        if not (isinstance(self.most, int) and not isinstance(self.most, bool) and self.most >= 0):
            raise ConfigError(
                f"most must be a whole number from 0 up - got {self.most!r} in Cap. 0 forbids every contact."
            )
        if not (is_number(self.days) and self.days > 0):
            raise ConfigError(f"days must be a number above 0 - got {self.days!r} in Cap. A week is 7.")
        _check_kind(self.channel, str, "channel", "the name of a channel, in Cap")
        _check_kind(self.offer, bool, "offer", "True or False, in Cap")

    @property
    def name(self) -> str:
        """In words, as rejections name it."""
        what = "the same offer " if self.offer else ""
        by = f" by {self.channel}" if self.channel is not None else ""
        return f"{what}{self.most} in {self.days:g} days{by}"


@dataclass(frozen=True)
class Value:
    """What an offer is worth: chance x margin - cost.

    Parameters
    ----------
    margin : float or str, default=1
        Earned when the offer is accepted: a number, a column of entries or customers, or an expression of them
        (``"margin - discount"``).
    cost : float or str, default=0
        Spent when it is made, whatever comes of it; never negative. The budget counts it.
    by : {"probability", "uplift"}, default="probability"
        What the margin is multiplied by: the chance of acceptance, or how much the offer raises it.

    Examples
    --------
    >>> Value(margin="margin - discount", cost=100).by
    'probability'
    >>> Value(cost=-1)
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: cost must be 0 or more - got -1 in Value. What an offer earns belongs to margin.
    """

    margin: float | str = 1.0
    cost: float | str = 0.0
    by: Literal["probability", "uplift"] = "probability"

    def __post_init__(self) -> None:
        _plain_numbers(self)
        for name in ("margin", "cost"):
            amount = getattr(self, name)
            if isinstance(amount, str):
                Expression(amount, f"{name} of Value")
            elif not is_number(amount):
                raise ConfigError(
                    f"{name} must be a number, a column or an expression - got {amount!r} in Value. "
                    "Name the column that holds it."
                )
        if not isinstance(self.cost, str) and self.cost < 0:
            raise ConfigError(
                f"cost must be 0 or more - got {self.cost!r} in Value. What an offer earns belongs to margin."
            )
        if self.by not in ("probability", "uplift"):
            raise ConfigError(f"by must be 'probability' or 'uplift' - got {self.by!r} in Value.")


@dataclass(frozen=True)
class Explore:
    """How to go on learning what is not known yet.

    Parameters
    ----------
    method : {"thompson", "epsilon"}, default="thompson"
        Thompson sampling draws each log-odds from a normal about what is known, as wide as the scores' spread, and
        takes what is best by the draw (Thompson 1933; Chapelle & Li 2011, NeurIPS 24). Epsilon-greedy gives a share
        of the customers a random choice among what they are allowed.
    epsilon : float in [0, 1], default=0.1
        That share; Thompson sampling does not use it.
    scale : float > 0, default=1
        Multiplies the spread: below 1 explores less.

    Examples
    --------
    >>> Explore("epsilon", epsilon=0.05).epsilon
    0.05
    >>> Explore("ucb")
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: method must be 'thompson' or 'epsilon' - got 'ucb' in Explore.
    """

    method: Literal["thompson", "epsilon"] = "thompson"
    epsilon: float = 0.1
    scale: float = 1.0

    def __post_init__(self) -> None:
        _plain_numbers(self)
        if self.method not in ("thompson", "epsilon"):
            raise ConfigError(f"method must be 'thompson' or 'epsilon' - got {self.method!r} in Explore.")
        if not (is_number(self.epsilon) and 0 <= self.epsilon <= 1):
            raise ConfigError(f"epsilon must be a share from 0 to 1 - got {self.epsilon!r} in Explore.")
        if not (is_number(self.scale) and self.scale > 0):
            raise ConfigError(f"scale must be above 0 - got {self.scale!r} in Explore. 1 is the spread as learned.")


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The rules by which offers are chosen. Plain data: kept and logged as JSON.

    Parameters
    ----------
    eligibility : mapping of name -> expression, or sequence of expressions
        Each must be certainly true for a customer and an offer, such as ``"age >= 19 and category != 'loan'"``; see
        `cxml.offers.rules`.
    consent : str, or mapping of channel -> str, optional
        The customers' column that says yes (1, True, yes, y, 예, 동의), for everything or by channel. A missing value
        is no consent. A channel that is not named asks for none.
    fatigue : Cap, or list of Cap
        Rolling caps on contacts, counted from the ``contacts=`` of the decision.
    budget : float >= 0, optional
        The most that all offers of the batch may cost together.
    capacity : mapping of channel -> float >= 0
        The most offers through a channel, in the batch.
    stock : str, or mapping of offer -> float >= 0, optional
        How often each offer can be made in the batch; a column of the entries, or numbers. Missing is unlimited.
    value : Value
    explore : Explore, optional
        None: the best by expectation.
    least_value : float, default=0
        Nothing that is expected to be worth less is offered. Below 0, offers at a loss are made too: each counts as
        that much more than it is worth, so that places are filled, the least loss first.
    starts, ends : str, optional
        Columns of the entries: an offer is made from the first moment on and not after the second. An end without a
        clock time lasts to the end of that day. Missing is open.

    Raises
    ------
    ConfigError
        If a value is outside its range, or an expression is outside the grammar.

    Examples
    --------
    >>> policy = Policy(eligibility={"adults only": "age >= 19"}, fatigue=[Cap(2, days=7)], budget=1e6)
    >>> Policy.from_json(policy.to_json()) == policy
    True
    >>> Policy(budget=-1)
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: budget must be a number from 0 up - got -1. Leave it out where there is none.
    """

    eligibility: Mapping[str, str] | Sequence[str] = field(default_factory=dict)
    consent: str | Mapping[str, str] | None = None
    fatigue: Sequence[Cap] = ()
    budget: float | None = None
    capacity: Mapping[str, float] = field(default_factory=dict)
    stock: str | Mapping[str, float] | None = None
    value: Value = field(default_factory=Value)
    explore: Explore | None = None
    least_value: float = 0.0
    starts: str | None = None
    ends: str | None = None

    def __post_init__(self) -> None:
        _plain_numbers(self)
        object.__setattr__(self, "eligibility", _named(self.eligibility))
        fatigue = self.fatigue if isinstance(self.fatigue, list | tuple) else (self.fatigue,)
        object.__setattr__(self, "fatigue", tuple(fatigue))
        for one in fatigue:
            if not isinstance(one, Cap):
                raise ConfigError(f"fatigue must be caps, such as [Cap(2, days=7)] - got {one!r}.")
        _check_kind(self.value, Value, "value", "a Value, such as Value(margin='margin', cost='cost')")
        _check_kind(self.explore, Explore, "explore", "an Explore, such as Explore('thompson')")
        if not is_number(self.least_value):
            raise ConfigError(f"least_value must be a number - got {self.least_value!r}. 0 refuses what loses money.")
        for name in ("starts", "ends"):
            _check_kind(getattr(self, name), str, name, "the name of a column of the entries")
        self._check_consent()
        self._check_limits()

    def _check_consent(self) -> None:
        consent = self.consent
        if consent is None or isinstance(consent, str):
            return
        if not isinstance(consent, Mapping) or not all(isinstance(one, str) for one in consent.values()):
            raise ConfigError(
                f"consent must be a column, or channel -> column - got {consent!r}. Such as {{'sms': 'sms_ok'}}."
            )
        object.__setattr__(self, "consent", {str(name): column for name, column in consent.items()})

    def _check_limits(self) -> None:
        if self.budget is not None:
            _check_limit(self.budget, "budget")
        if not isinstance(self.capacity, Mapping):
            raise ConfigError(f"capacity must be channel -> number - got {self.capacity!r}. Such as {{'call': 500}}.")
        object.__setattr__(self, "capacity", {str(name): _plain(most) for name, most in self.capacity.items()})
        for name, most in self.capacity.items():
            _check_limit(most, f"capacity of {name!r}")
        if isinstance(self.stock, Mapping):
            object.__setattr__(self, "stock", {str(name): _plain(most) for name, most in self.stock.items()})
            for name, most in self.stock.items():
                _check_limit(most, f"stock of {name!r}")
        else:
            _check_kind(self.stock, str, "stock", "a column of the entries, or offer -> number")

    def to_json(self) -> dict[str, Any]:
        """As JSON values; what is at its default is left out.

        Returns
        -------
        dict
        """
        values = asdict(self)
        values["fatigue"] = list(values["fatigue"])
        plain = Policy()
        return {
            one.name: values[one.name] for one in fields(self) if getattr(self, one.name) != getattr(plain, one.name)
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Policy:
        """Back from `to_json`.

        Parameters
        ----------
        values : mapping

        Returns
        -------
        Policy

        Raises
        ------
        ConfigError
            If a name is unknown or a value outside its range.
        """
        _check_names(cls, values, "A policy")
        ready = dict(values)
        if "fatigue" in ready:
            caps = ready["fatigue"]
            ready["fatigue"] = [_build(Cap, one) for one in (caps if isinstance(caps, list | tuple) else [caps])]
        if "value" in ready:
            ready["value"] = _build(Value, ready["value"])
        if ready.get("explore") is not None:
            ready["explore"] = _build(Explore, ready["explore"])
        return cls(**ready)


def _plain_numbers(settings: Any) -> None:
    """Make Python's own of numpy's numbers, which JSON does not know."""
    for one in fields(settings):
        object.__setattr__(settings, one.name, _plain(getattr(settings, one.name)))


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _build(kind: Any, values: Any) -> Any:
    if isinstance(values, kind):
        return values
    _check_names(kind, values, kind.__name__)
    try:
        return kind(**values)
    except TypeError as error:
        raise ConfigError(f"{kind.__name__} must have its numbers - got {values!r} ({error}).") from None


def _check_names(kind: Any, values: Any, what: str) -> None:
    known = [one.name for one in fields(kind)]
    if not isinstance(values, Mapping):
        raise ConfigError(f"{what} must be a mapping of name to value - got {type(values).__name__}.")
    for name in values:
        if name not in known:
            raise ConfigError(f"{what} knows {', '.join(known)} - got {name!r}.{nearest(str(name), known)}")


def _named(rules: Any) -> dict[str, str]:
    if isinstance(rules, str):
        rules = [rules]
    if not isinstance(rules, Mapping | list | tuple):
        raise ConfigError(f"eligibility must be name -> expression, or a list of expressions - got {rules!r}.")
    named = dict(rules) if isinstance(rules, Mapping) else {text: text for text in rules}
    for name, text in named.items():
        Expression(text, f"The rule {name!r}")
    return {str(name): text for name, text in named.items()}


def _check_kind(value: Any, kind: type, name: str, what: str) -> None:
    if value is not None and not isinstance(value, kind):
        raise ConfigError(f"{name} must be {what} - got {value!r}.")


def _check_limit(most: Any, what: str) -> None:
    if not (is_number(most) and most >= 0):
        raise ConfigError(f"{what} must be a number from 0 up - got {most!r}. Leave it out where there is none.")
