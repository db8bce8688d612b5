"""What can be set when churn is trained."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cxml.contract import SETTLED
from cxml.errors import ConfigError
from cxml.leakage import OnLeakage
from cxml.metrics import CampaignCosts
from cxml.values import is_number


@dataclass(frozen=True, kw_only=True)
class ChurnConfig:
    """Settings of a churn model.

    Parameters
    ----------
    target : str
        The column that says who left, with two labels.
    key : str, optional
        The column that names the customer: carried into the answers, never learned from.
    time : str, optional
        The as-of date of each row: when the features were taken. The last dates are then held out, dates among the
        features are counted in days before it, and a customer may have one row for each date.
    positive : label, optional
        The label of `target` that means "left". Told apart by itself for 1, True, yes, 예 and the like.
    drop : tuple of str
        Columns to leave out.
    test_size : float in [0.05, 0.5], default=0.25
        Share of the rows held out for the verdict.
    seed : int >= 0, default=0
    on_leakage : {"warn", "drop", "raise"}, default="warn"
        What to do with a column that knows the answer, see `cxml.leakage`.
    value, contact_cost, offer_cost : float, currency, default=200, 1, 10
        Worth of a kept customer, cost of a contact, cost of an accepted offer: for the profit figures of the verdict.
    accept_alpha, accept_beta : float > 0, default=6, 14
        Beta distribution of the chance that a leaving customer accepts the offer; its mean is used where one number is
        needed. All five defaults are those of Verbraken, Verbeke & Baesens (2013, IEEE TKDE 25(5)).
    schema : tuple of (column, kind, dirty), optional
        What each column is, see `cxml.encoding.Column`. Settled by training from all rows, so that the judged fit and
        the returned one read them alike; left empty, a fit decides by its own rows.

    Raises
    ------
    ConfigError
        If a value is outside its range.

    Examples
    --------
    >>> ChurnConfig(target="Churn", test_size=0.2).costs.accept_rate
    0.3
    >>> ChurnConfig(target="Churn", test_size=1)
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: test_size must be a share between 0.05 and 0.5 - got 1.
    """

    target: str
    key: str | None = None
    time: str | None = None
    positive: Any = None
    drop: tuple[str, ...] = ()
    test_size: float = 0.25
    seed: int = 0
    on_leakage: OnLeakage = "warn"
    value: float = 200.0
    contact_cost: float = 1.0
    offer_cost: float = 10.0
    accept_alpha: float = 6.0
    accept_beta: float = 14.0
    schema: tuple[tuple[str, str, bool], ...] = field(default=(), metadata=SETTLED)

    def __post_init__(self) -> None:
        object.__setattr__(self, "schema", tuple(tuple(one) for one in self.schema))
        object.__setattr__(self, "drop", (self.drop,) if isinstance(self.drop, str) else tuple(self.drop))
        if not isinstance(self.target, str):
            raise ConfigError(f"target must be the name of a column - got {self.target!r}.")
        if not (is_number(self.test_size) and 0.05 <= self.test_size <= 0.5):
            raise ConfigError(f"test_size must be a share between 0.05 and 0.5 - got {self.test_size!r}.")
        if not (isinstance(self.seed, int) and self.seed >= 0):
            raise ConfigError(f"seed must be a whole number from 0 up - got {self.seed!r}.")
        if self.on_leakage not in ("warn", "drop", "raise"):
            raise ConfigError(f"on_leakage must be 'warn', 'drop' or 'raise' - got {self.on_leakage!r}.")
        for name in ("accept_alpha", "accept_beta"):
            if not (is_number(getattr(self, name)) and getattr(self, name) > 0):
                raise ConfigError(f"{name} must be above 0 - got {getattr(self, name)!r}.")
        _ = self.costs  # checks the other amounts

    @property
    def costs(self) -> CampaignCosts:
        """The money, with the mean chance of acceptance."""
        accepted = self.accept_alpha / (self.accept_alpha + self.accept_beta)
        return CampaignCosts(self.value, self.contact_cost, self.offer_cost, accepted)

    @property
    def not_features(self) -> tuple[str, ...]:
        """Columns that nothing is learned from."""
        return tuple(name for name in (self.target, self.key, self.time, *self.drop) if name is not None)


@dataclass(frozen=True, kw_only=True)
class SurvivalConfig(ChurnConfig):
    """Settings of a survival model: those of `ChurnConfig` and two more.

    Parameters
    ----------
    duration : str
        The column with the time until the customer left or, for those still here, until now: whole or broken periods
        (months, say), from 0 up. A customer who has not left is censored there, not counted as staying for good.
    horizon : int from 1 to 1200, default=12
        Periods ahead that ``churn_probability`` speaks of.
    """

    duration: str
    horizon: int = 12

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (isinstance(self.horizon, int) and 1 <= self.horizon <= 1200):
            raise ConfigError(f"horizon must be a whole number of periods from 1 to 1200 - got {self.horizon!r}.")

    @property
    def not_features(self) -> tuple[str, ...]:
        """Columns that nothing is learned from."""
        return (*super().not_features, self.duration)
