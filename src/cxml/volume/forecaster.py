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
from cxml.volume.blend import Blend
from cxml.volume.components import COMPONENTS
from cxml.volume.config import VolumeConfig, read_horizon
from cxml.volume.design import Ahead
from cxml.volume.hierarchy import Hierarchy
from cxml.volume.history import (
    add_totals,
    days_between,
    extended,
    is_whole,
    read_panel,
    rows_ahead,
    series_of,
    with_totals,
)
from cxml.volume.learning import Backtest, Learned, learn, learn_spread, phases_of
from cxml.volume.opening import Closing, open_cells
from cxml.volume.profile import ProfileForecaster
from cxml.volume.spread import Spread
from cxml.volume.windows import Window

if TYPE_CHECKING:
    import pandas as pd

CONTACTS = "contacts"
#: Beyond so many horizons nothing was ever judged.
_FURTHEST = 1.5
#: Standard deviations beyond which a day is listed, and series looked at for such days.
_ODD, _MOST_LOOKED_AT = 6.0, 10
#: Below so many contacts a period, medians that sum to something further than this share from the means mislead.
_FEW, _ADDS_UP = 5.0, 0.05


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
        self.point, odd = self._choose_point(self.backtest)
        self.notes = (*notes, *odd, *self._outliers(), *self._events_ahead())
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
        asked = self._ask(frame)
        told, phases, spread = asked.forecasts, asked.phases, self.learned.spread
        kind = point or self.point
        if kind not in ("mean", "median"):
            raise ConfigError(f"point must be 'mean' or 'median' - got {kind!r}.")
        central = spread.mean(told, phases) if kind == "mean" else spread.quantile(told, phases, 0.5)
        central = self.sums(central)
        answer = asked.frame.assign(**{CONTACTS: asked.pick(central)})
        for level in levels:
            if not (isinstance(level, Real) and 0 < level < 100):
                raise ConfigError(f"levels must be percentages between 0 and 100 - got {level!r}.")
            for side, share in (("lo", (1 - level / 100) / 2), ("hi", (1 + level / 100) / 2)):
                values = asked.pick(spread.quantile(told, phases, share))
                answer[f"{CONTACTS}-{side}-{level:g}"] = values
        return answer

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
        asked = self._ask(frame)
        random = np.random.default_rng(self.config.seed if seed is None else seed)
        drawn = self.learned.spread.sample(asked.forecasts, asked.phases, n, random)
        drawn = self.sums(drawn)
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
        parts = self._parts_of(self.panel)
        panel = extended(parts, rows, config, target=True)
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
        learned = days_between(*self.panel.clock.spans(self.panel.rows[[0, -1]]))
        return unseen(self.config.known_events(), learned, np.unique(wall.to_numpy().astype("datetime64[D]")))

    def _choose_point(self, backtest: Backtest) -> tuple[str, tuple[str, ...]]:
        """What ``contacts`` is: as asked, or the median unless medians would not add up."""
        if self.config.point is not None:
            return self.config.point, ()
        if self.config.groups:
            return "mean", ()
        few = backtest.window.early
        if not few:
            return "median", ()
        told, phases = backtest.forecasts["blend"][:few], backtest.phases[:few]
        spread = learn_spread(backtest, backtest.forecasts["blend"], few)
        came = ~np.isnan(backtest.actual[:few])
        mean, median = spread.mean(told, phases)[came].sum(), spread.quantile(told, phases, 0.5)[came].sum()
        if mean > _FEW * came.sum() or abs(median - mean) <= _ADDS_UP * mean:
            return "median", ()
        return "mean", (
            f"Contacts are so few that medians would sum to {median / mean:.0%} of what is expected: contacts are "
            "means, unless point='median'.",
        )

    def _outliers(self) -> tuple[str, ...]:
        """Days far from what was expected the day before: their pull on the level was bounded."""
        profile = self.backtest.tried.get("profile") if self.backtest is not None else None
        if not isinstance(profile, ProfileForecaster):
            return ()
        found: list[tuple[float, str]] = []
        biggest = np.argsort(-np.nansum(self.panel.y, axis=(1, 2)), kind="stable")[:_MOST_LOOKED_AT]
        for series in biggest:
            z = profile.surprises(self.panel, int(series))
            for row in np.flatnonzero(np.abs(np.nan_to_num(z)) > _ODD):
                day = self.panel.clock.starts(self.panel.rows[[row]])[0]
                found.append((float(z[row]), f"{self.panel.keys[series]} {day} ({z[row]:+.0f} sd)".strip()))
        if not found:
            return ()
        found.sort(key=lambda one: -abs(one[0]))
        listed = ", ".join(text for _, text in found[:8]) + (" ..." if len(found) > 8 else "")
        return (
            f"{len(found):,} days lay far from what was expected, and were kept from bending what follows: {listed}.",
        )

    def _events_ahead(self) -> tuple[str, ...]:
        """Events after the history that never occurred within it."""
        last = self.panel.rows[-1]
        days = days_between(*self.panel.clock.spans(np.array([last + 1, last + self.horizon])))
        learned = days_between(*self.panel.clock.spans(self.panel.rows[[0, -1]]))
        names = unseen(self.config.known_events(), learned, days)
        if not names:
            return ()
        return (
            f"Events ahead that never occurred in the history, so that nothing is known of them: {shorten(names)}.",
        )

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Put the sums of the parts in place of the totals, shape (n, S, R, M)."""
        if self.hierarchy is None:
            return values
        parts = values[:, len(self.hierarchy.names) :]
        return np.concatenate([np.stack([self.hierarchy.sums(one) for one in parts]), parts], axis=1)

    def _parts_of(self, panel: Panel) -> Panel:
        """The series without their totals."""
        totals = len(self.hierarchy.names) if self.hierarchy else 0
        return panel.select(np.arange(totals, len(panel.keys)))

    def _ask(self, frame: pd.DataFrame | None) -> _Asked:
        """Place the rows to be forecast, and forecast all cells up to the last of them."""
        if frame is None:
            frame = self.future()
            if self.panel.covariates:
                raise FrameError(
                    f"Forecasting needs what the covariates {shorten(self.panel.covariates)} will be - got no rows. "
                    "Fill model.future() and pass it."
                )
        config, panel = self.config, self.panel
        names = [one for one in (config.key, config.time, *panel.covariates) if one is not None]
        check_columns(frame.columns, names, what="Forecasting", advice="Fill the rows that model.future() gives.")
        times = read_times(frame[config.time], name=config.time)
        numbers, slots = panel.clock.place(times, name=config.time)
        series = series_of(frame, config.key, panel.keys)
        M = panel.y.shape[2]
        rows = numbers - panel.first
        self._refuse_known(rows * M + slots, series, times)
        first = panel.ends // M
        furthest = max(self.horizon, int(_FURTHEST * self.horizon), self.horizon + panel.clock.cycle)
        far = rows - first[series] >= furthest
        if far.any():
            raise FrameError(
                f"Rows must lie within the horizon, {self.horizon} {panel.clock.unit}s after the history - "
                f"{int(far.sum()):,} of {len(frame):,} lie further, such as {times[far][0]}. Train with a longer "
                "horizon=, or update the model with what came since."
            )
        length = int((rows - first[series]).max()) + 1 if len(rows) else 1
        wide = panel
        if panel.covariates:
            parts = extended(self._parts_of(panel), frame, config, target=False, totals=self._totals())
            if self.hierarchy is not None:
                self._refuse_alone(parts, series, rows, slots)
                wide = with_totals(parts, self.hierarchy, ends=panel.ends)
            else:
                wide = parts
        window = Window.at_ends(panel, max(length, 1))
        told = self.learned.forecast(wide, window, self.hierarchy)
        kept = [one for one in (config.key, config.time) if one is not None]
        return _Asked(frame[kept], told, phases_of(panel, window), series, rows - first[series], slots)

    def _totals(self) -> tuple[str, ...]:
        return self.hierarchy.names if self.hierarchy is not None else ()

    def _refuse_alone(self, parts: Panel, series: np.ndarray, rows: np.ndarray, slots: np.ndarray) -> None:
        """A total is driven by the covariates of its parts: these must be told with it."""
        members = self.hierarchy.members if self.hierarchy is not None else np.zeros((0, 0), dtype=bool)
        phases = parts.clock.phases(parts.first + rows)
        for total in np.unique(series[series < len(members)]):
            of, at = members[total], series == total
            row, slot = rows[at], slots[at]
            is_open = parts.opening[of][:, phases[at], slot]
            width = parts.y.shape[1]
            told = [values[of][:, np.minimum(row, width - 1), slot] for values in parts.covariates.values()]
            if any((is_open & (np.isnan(one) | (row >= width))).any() for one in told):
                raise FrameError(
                    f"The total {self.panel.keys[total]!r} must come with the rows of its parts, which hold their "
                    "covariates - some are absent. Pass all rows of model.future()."
                )

    def _refuse_known(self, places: np.ndarray, series: np.ndarray, times: pd.DatetimeIndex) -> None:
        known = places < self.panel.ends[series]
        if known.any():
            raise FrameError(
                f"Rows to forecast must lie after the history - {int(known.sum()):,} of {len(places):,} do not, such "
                f"as {times[known][0]}. Take the rows of model.future()."
            )


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


class _Asked:
    """Rows to be forecast, and the block of forecasts that they lie in."""

    def __init__(
        self,
        frame: pd.DataFrame,
        forecasts: np.ndarray,
        phases: np.ndarray,
        series: np.ndarray,
        ahead: np.ndarray,
        slots: np.ndarray,
    ) -> None:
        self.frame, self.forecasts, self.phases = frame, forecasts, phases
        self._at = series, ahead, slots

    def pick(self, values: np.ndarray) -> np.ndarray:
        """The values of the rows out of a block of shape (1, S, R, M)."""
        found: np.ndarray = np.nan_to_num(values[0][self._at])  # nobody comes to a part of a total that is closed
        return found
