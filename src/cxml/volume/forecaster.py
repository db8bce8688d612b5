"""The volume models: a history, what was learned from it, and the forecasts that follow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from cxml.errors import ConfigError, FrameError, NotFittedError, shorten
from cxml.frames import as_pandas, check_columns, check_unique
from cxml.timeseries.events import unseen
from cxml.timeseries.panel import Panel, read_times
from cxml.volume.asked import Asked, place_rows, with_covariates
from cxml.volume.blend import Blend
from cxml.volume.components import COMPONENTS
from cxml.volume.config import VolumeConfig, read_horizon
from cxml.volume.design import Ahead
from cxml.volume.hierarchy import Hierarchy
from cxml.volume.history import (
    add_totals,
    extended,
    is_whole,
    read_panel,
    rows_ahead,
    series_of,
    with_totals,
    without_totals,
)
from cxml.volume.learning import Backtest, Learned, choose_point, learn, phases_of
from cxml.volume.opening import Closing, open_cells
from cxml.volume.profile import ProfileForecaster
from cxml.volume.remarks import days_of, new_events, odd_days
from cxml.volume.spread import Spread
from cxml.volume.windows import Window

if TYPE_CHECKING:
    import pandas as pd

CONTACTS = "contacts"


class AutoVolume:
    """Profile and trees, blended per series and lead time by how each forecast the past."""

    family: ClassVar[str] = "volume"
    method: ClassVar[str] = "auto"
    Config: ClassVar[type[Any]] = VolumeConfig
    candidates: ClassVar[tuple[str, ...]] = ("profile", "boosted")

    def __init__(self, config: VolumeConfig) -> None:
        self.config = config
        self.panel: Panel
        self.hierarchy: Hierarchy | None = None
        self.closing: Closing
        self.learned: Learned
        self.horizon = 0
        self.point = "median"
        self.integer_keys = False
        self.backtest: Backtest | None = None
        self.notes: tuple[str, ...] = ()

    def __getattr__(self, name: str) -> Any:
        if name in ("panel", "closing", "learned"):
            raise NotFittedError("A model must be fitted before it answers - this one is not. Call volume.train(...).")
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def fit(self, frame: pd.DataFrame, step: Callable[[str], None] = lambda _: None) -> Self:
        """Learn from a checked history; the frame is not changed."""
        config = self.config
        panel, _ = read_panel(frame, config)
        calendar = config.calendar()
        self.closing = Closing.learn(panel, calendar)
        self.integer_keys = config.key is not None and not config.groups and frame[config.key].dtype.kind in "iu"
        if config.groups:
            panel, self.hierarchy = add_totals(panel, frame, config)
        self.horizon = rows_ahead(panel, read_horizon(config.horizon))
        ahead = Ahead.learn(panel.clock, calendar, panel.rows, panel.covariates)
        self.panel = panel
        self.learned, self.backtest, notes = learn(
            panel,
            ahead,
            self.candidates,
            horizon=self.horizon,
            hierarchy=self.hierarchy,
            whole=is_whole(frame[config.target]),
            step=step,
        )
        # Means add up to totals; without any, the data tell.
        asked = config.point or ("mean" if config.groups else None)
        self.point, odd = (asked, ()) if asked else choose_point(self.backtest)
        profile = self.backtest.tried.get("profile")
        days = odd_days(panel, profile) if isinstance(profile, ProfileForecaster) else ()
        self.notes = (*notes, *odd, *days, *new_events(panel, config.known_events(), self.horizon))
        return self

    def refit(self, frame: pd.DataFrame) -> Self:  # noqa: ARG002 - the contract's form
        """The fit that was judged has learned from all rows already: each origin was judged by what came before it."""
        return self

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Forecast rows as `future` gives them, with 90 % intervals."""
        return self.forecast(frame, levels=(90,))

    def future(self, horizon: int | str | None = None) -> pd.DataFrame:
        """Rows to be filled: the open periods that come next, with the covariates left empty.

        Parameters
        ----------
        horizon : int or str, optional
            Open periods of each series, or a span such as ``"7D"``; by default the horizon it was trained for.

        Returns
        -------
        DataFrame
            Key (if the history has one), time and covariates, sorted by series and time.
        """
        import pandas as pd

        wanted = read_horizon(self.config.horizon if horizon is None else horizon)
        rows = rows_ahead(self.panel, wanted)
        S, _, M = self.panel.y.shape
        first = self.panel.ends // M
        numbers = self.panel.first + np.arange(int(first.min()), int(first.max()) + rows * 2 + 15)
        cells = open_cells(self.panel, self.config.calendar(), self.closing, numbers)
        place = ((numbers - self.panel.first)[:, None] * M + np.arange(M))[None]
        cells = cells & (place >= self.panel.ends[:, None, None])
        if isinstance(wanted, float):
            periods = max(1, round(wanted * 1440 / self.panel.clock.minutes)) if M > 1 else rows
            cells &= place < (self.panel.ends + periods)[:, None, None]
        else:
            cells &= np.cumsum(cells.reshape(S, -1), axis=1).reshape(cells.shape) <= wanted
        s, d, m = np.nonzero(cells)
        found: dict[str, Any] = {}
        if self.config.key is not None:
            names = np.array(self.panel.keys, dtype=object)[s]
            found[self.config.key] = names.astype(np.int64) if self.integer_keys else names
        found[self.config.time] = self.panel.clock.times(numbers[d], m)
        answer = pd.DataFrame(found).assign(**dict.fromkeys(self.panel.covariates, np.nan))
        return answer[answer[self.config.time].notna()].reset_index(drop=True)

    def forecast(
        self, frame: pd.DataFrame | None = None, *, levels: Sequence[float] = (90,), point: str | None = None
    ) -> pd.DataFrame:
        """Forecast rows with intervals.

        Parameters
        ----------
        frame : DataFrame, optional
            By default `future`.
        levels : sequence of float in (0, 100), percent
            Of the intervals.
        point : {"mean", "median"}, optional
            By default what the model was trained with.

        Returns
        -------
        DataFrame
            One row per row of `frame`: key, time, ``contacts``, ``contacts-lo-<level>`` and ``contacts-hi-<level>``.
        """
        kind = point or self.point
        if kind not in ("mean", "median"):
            raise ConfigError(f"point must be 'mean' or 'median' - got {kind!r}.")
        for level in levels:
            if not (isinstance(level, Real) and 0 < level < 100):
                raise ConfigError(f"levels must be percentages between 0 and 100 - got {level!r}.")
        asked, told, phases = self._ask(frame)
        spread = self.learned.spread
        columns = {CONTACTS: self.sums(spread.point(told, phases, kind))}
        columns |= {f"{CONTACTS}-{end}": values for end, values in spread.intervals(told, phases, levels).items()}
        return asked.frame.assign(**{name: asked.pick(values) for name, values in columns.items()})

    def paths(self, frame: pd.DataFrame | None = None, *, n: int = 100, seed: int | None = None) -> pd.DataFrame:
        """Draw courses that the future may take: for weekly totals, peaks, and whatever is no single period.

        Parameters
        ----------
        frame : DataFrame, optional
            By default `future`.
        n : int >= 1, default=100
        seed : int, optional
            By default that of the config.

        Returns
        -------
        DataFrame
            One row per row of `frame`: key, time, ``path-1`` to ``path-<n>``. Totals are the sums of their parts.
        """
        import pandas as pd

        if not (isinstance(n, Integral) and n >= 1):
            raise ConfigError(f"n must be a whole number of paths from 1 up - got {n!r}.")
        asked, told, phases = self._ask(frame)
        random = np.random.default_rng(self.config.seed if seed is None else seed)
        drawn = self.sums(self.learned.spread.sample(told, phases, n, random))
        values = np.stack([asked.pick(one[None]) for one in drawn], axis=1)
        columns = pd.DataFrame(values, columns=[f"path-{one + 1}" for one in range(n)], index=asked.frame.index)
        return pd.concat([asked.frame, columns], axis=1)

    def update(self, rows: Any) -> None:
        """Take in what came since: forecasts go on from there, with what was learned before.

        Parameters
        ----------
        rows : DataFrame
            Like the history: key, time, target and covariates. A period that is known already is corrected.
        """
        rows, config = as_pandas(rows), self.config
        names = [one for one in (config.key, config.time, config.target, *self.panel.covariates) if one is not None]
        check_columns(rows.columns, names, what="Updating a volume model", advice="Give rows like the history's.")
        by = [one for one in (config.key, config.time) if one is not None]
        check_unique(rows, by, advice="Sum the rows of one period first.")
        panel = extended(without_totals(self.panel, self.hierarchy), rows, config, target=True)
        if self.hierarchy is not None:
            panel = with_totals(panel, self.hierarchy)
        self.panel = panel

    def features(self) -> Mapping[str, str]:
        """Time and covariates; the key travels with them."""
        return {self.config.time: "date", **dict.fromkeys(self.panel.covariates, "number")}

    def parts(self) -> Mapping[str, Any]:
        """Everything learned, and the history that forecasts start from."""
        panel, learned = self.panel, self.learned
        settings = {
            "ahead": learned.ahead.to_json(),
            "keys": list(panel.keys),
            "first": panel.first,
            "covariates": list(panel.covariates),
            "closing": self.closing.to_json(),
            "horizon": self.horizon,
            "point": self.point,
            "integer_keys": self.integer_keys,
            "blend": {"names": list(learned.blend.names), "edges": list(learned.blend.edges)},
            "hierarchy": self.hierarchy.to_json() if self.hierarchy else None,
            "notes": list(self.notes),
        }
        found: dict[str, Any] = {
            "settings": settings,
            "history": panel.y,
            "ends": panel.ends,
            "opening": panel.opening,
            "blend": learned.blend.weights,
        }
        if panel.covariates:
            found["covariates"] = np.stack(list(panel.covariates.values()))
        if learned.projection is not None:
            found["projection"] = learned.projection
        pieces = {name: one.parts() for name, one in learned.components.items()} | {"spread": learned.spread.parts()}
        for name, own in pieces.items():
            found |= {f"{name}_{part}": value for part, value in own.items()}
        return found

    @classmethod
    def from_parts(cls, config: VolumeConfig, parts: Mapping[str, Any]) -> Self:
        """Rebuild a fitted model."""
        settings = parts["settings"]
        ahead = Ahead.from_json(settings["ahead"])
        covariates = dict(zip(settings["covariates"], parts.get("covariates", ()), strict=True))
        model = cls(config)
        model.panel = Panel(
            ahead.clock,
            tuple(settings["keys"]),
            int(settings["first"]),
            parts["history"],
            covariates,
            parts["ends"],
            parts["opening"],
        )
        totals = settings["hierarchy"]
        if totals is not None:
            model.hierarchy = Hierarchy.from_json(totals, len(model.panel.keys) - len(totals["names"]))
        model.closing = Closing.from_json(settings["closing"])
        model.horizon, model.point = int(settings["horizon"]), settings["point"]
        model.integer_keys = bool(settings["integer_keys"])
        model.notes = tuple(settings["notes"])

        def own(name: str) -> dict[str, Any]:
            start = f"{name}_"
            return {part.removeprefix(start): value for part, value in parts.items() if part.startswith(start)}

        names = tuple(settings["blend"]["names"])
        model.learned = Learned(
            ahead,
            {name: COMPONENTS[name].from_parts(ahead, own(name)) for name in names},
            Blend(names, tuple(settings["blend"]["edges"]), parts["blend"]),
            Spread.from_parts(own("spread")),
            parts.get("projection"),
        )
        return model

    def as_of(self, frame: pd.DataFrame) -> pd.DatetimeIndex:
        """The first period of each row's series that is not known."""
        series = series_of(frame, self.config.key, self.panel.keys)
        rows, slots = np.divmod(self.panel.ends[series], self.panel.y.shape[2])
        return self.panel.clock.times(self.panel.first + rows, slots)

    def day_shapes(self, series: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """The learned shape of the day: minute at which each open slot begins, and its share by weekday."""
        profile = self.profile()
        if profile is None:
            return np.zeros(0), {}
        opening = self.panel.opening[series]
        slots = np.flatnonzero(opening.any(axis=0))
        shares = profile.shapes_at_end(self.panel)[series][:, slots]
        names = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
        clock = self.panel.clock
        found = {
            name: np.where(opening[phase][slots], shares[phase], np.nan)
            for phase, name in enumerate(names)
            if opening[phase].any()
        }
        return clock.first + slots * clock.minutes, found

    def effects(self, series: int) -> pd.DataFrame:
        """What special days do to a series: ``effect``, ``percent`` and the ends ``low``, ``high`` of its 90 % range.

        Empty for a model without a profile.
        """
        import pandas as pd

        profile = self.profile()
        told = profile.effects(self.panel, series) if profile is not None else []
        lines = [(name, 100 * effect, 100 * low, 100 * high) for name, effect, low, high in told]
        return pd.DataFrame(lines, columns=["effect", "percent", "low", "high"])

    def profile(self) -> ProfileForecaster | None:
        """The profile within the model, if it has one."""
        found = self.learned.components.get("profile")
        return found if isinstance(found, ProfileForecaster) else None

    def unseen_events(self, frame: pd.DataFrame) -> tuple[str, ...]:
        """Events within these rows that never occurred in the history: nothing is known of what they do."""
        days = read_times(frame[self.config.time], name=self.config.time)
        wall = days.tz_localize(None) if days.tz is not None else days
        return unseen(
            self.config.known_events(), days_of(self.panel), np.unique(wall.to_numpy().astype("datetime64[D]"))
        )

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Put the sums of the parts in place of the totals, shape (n, S, R, M)."""
        if self.hierarchy is None:
            return values
        parts = values[:, len(self.hierarchy.names) :]
        return np.concatenate([np.stack([self.hierarchy.sums(one) for one in parts]), parts], axis=1)

    def _ask(self, frame: pd.DataFrame | None) -> tuple[Asked, np.ndarray, np.ndarray]:
        """Place the rows to be forecast; forecasts of all cells up to the last of them, and the weekdays of these."""
        if frame is None:
            frame = self.future()
            if self.panel.covariates:
                raise FrameError(
                    f"Forecasting needs what the covariates {shorten(self.panel.covariates)} will be - got no rows. "
                    "Fill model.future() and pass it."
                )
        asked = place_rows(frame, self.panel, self.config, horizon=self.horizon)
        told = with_covariates(frame, self.panel, self.config, self.hierarchy, asked)
        window = Window.at_ends(self.panel, asked.length)
        return asked, self.learned.forecast(told, window, self.hierarchy), phases_of(self.panel, window)


class ProfileVolume(AutoVolume):
    """Level of the day times shape of the day."""

    method: ClassVar[str] = "profile"
    candidates: ClassVar[tuple[str, ...]] = ("profile",)


class BoostedVolume(AutoVolume):
    """Gradient-boosted trees over lags, calendar and covariates."""

    method: ClassVar[str] = "boosted"
    candidates: ClassVar[tuple[str, ...]] = ("boosted",)


class SeasonalNaiveVolume(AutoVolume):
    """Last week again: a baseline."""

    method: ClassVar[str] = "seasonal_naive"
    candidates: ClassVar[tuple[str, ...]] = ("seasonal_naive",)


class WeekdayMeanVolume(AutoVolume):
    """The mean of the last six same weekdays: a baseline."""

    method: ClassVar[str] = "weekday_mean"
    candidates: ClassVar[tuple[str, ...]] = ("weekday_mean",)
