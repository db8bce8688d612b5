"""Level of the day times shape of the day, both followed through time.

The level is filtered from day totals (`cxml.timeseries.levels`), the shape from the counts within days
(`cxml.timeseries.shapes`); how fast either moves is chosen by forecasting. For daily and longer periods the shape is 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import numpy as np

from cxml.timeseries.levels import (
    Design,
    Moments,
    Setting,
    Stops,
    follow,
    forecast,
    from_scale,
    settings_grid,
    to_scale,
)
from cxml.timeseries.panel import Panel
from cxml.timeseries.shapes import ShapeSetting, learn_many, shape_settings
from cxml.volume.choosing import prequential
from cxml.volume.design import Ahead, drivers_of
from cxml.volume.windows import Window

#: Above so many series, settings are first tried on a sample of them.
_SAMPLE, _KEPT_SETTINGS, _MOST_GROUPS = 48, 12, 12
_MOST_FINAL = 8
#: Series that began within so many rows of each other share the recursion of their uncertainty.
_START_BUCKET = 14
#: Numbers to be held at once for the settings tried together.
_CELLS = 400_000
#: Below this share of a day, what was seen of it says nothing.
_LEAST_PART = 0.02
#: Variance of counts in units of their mean.
_OVERDISPERSION = 1.5
#: Standard deviations to either end of a 90 % interval.
_REACH = 1.645


@dataclass(frozen=True)
class ProfileForecaster:
    """A fitted profile: which settings, and how much of each for each series.

    Attributes
    ----------
    ahead : Ahead
    levels : tuple of Setting
    level_weights : array, shape (n_settings, S)
    shapes : tuple of ShapeSetting
    shape_weights : array, shape (n_shape_settings, S)
    """

    ahead: Ahead
    levels: tuple[Setting, ...]
    level_weights: np.ndarray
    shapes: tuple[ShapeSetting, ...]
    shape_weights: np.ndarray

    @classmethod
    def learn(cls, panel: Panel, ahead: Ahead, window: Window) -> tuple[Self, np.ndarray]:
        """Choose settings by forecasting the window, each origin by what the earlier ones showed.

        Returns
        -------
        (the forecaster for what comes after, forecasts of the window, shape (K, S, R, M))
        """
        share = first_share(panel, before_origins(panel, window))
        totals = panel.totals(share)
        actual = window.totals(totals)
        settings = _worth_trying(panel, ahead, window, totals, actual, share)
        level = _levels(panel, ahead, window, totals, share, settings)
        errors, sizes = _errors(level, actual)
        weights = prequential(errors, sizes, lag=window.lag, first=_usual(settings))
        levels = np.einsum("kgs,gksr->ksr", weights[:-1], level)
        kept, final = _strongest(weights[-1])
        shapes, shape_weights, parts = _choose_shapes(panel, ahead, window, totals)
        found = cls(ahead, tuple(settings[place] for place in kept), final, shapes, shape_weights)
        return found, levels[..., None] * parts

    def forecast(self, panel: Panel, window: Window) -> np.ndarray:
        """Forecasts of a window of a panel, shape (K, S, R, M)."""
        share = first_share(panel, before_origins(panel, window))
        totals = panel.totals(share)
        by_setting = _levels(panel, self.ahead, window, totals, share, self.levels)
        levels = np.einsum("gs,gksr->ksr", self.level_weights, by_setting)
        weights = np.repeat(self.shape_weights[None], len(window.rows), axis=0)
        parts = _shares(panel, self.ahead, window, totals, self.shapes, weights)
        found: np.ndarray = levels[..., None] * parts
        return found

    def shapes_at_end(self, panel: Panel) -> np.ndarray:
        """Share of each slot by weekday, with holidays as a kind of their own last, shape (S, cycle + 1, M)."""
        totals = panel.totals(first_share(panel, np.ones(panel.y.shape[:2], dtype=bool)))
        kinds, n_kinds = _kinds(panel, self.ahead, 1)
        row = panel.y.shape[1]
        learned = learn_many(panel.y, totals, kinds, n_kinds, row, self.shapes)
        found: np.ndarray = np.einsum("gs,gskm->skm", self.shape_weights, np.stack(learned))
        return found

    def effects(self, panel: Panel, series: int) -> list[tuple[str, float, float, float]]:
        """Calendar effects of a series as its strongest setting has learned them: name, effect and ends of its 90 %.

        As shares of a usual day: 0.1 is a tenth more.
        """
        setting = self.levels[int(self.level_weights[:, series].argmax())]
        one = panel.select(np.array([series]))
        moments, _ = _follow_one(one, self.ahead, setting)
        names, start = [name for name, _ in self.ahead.effects], 2 + panel.clock.cycle
        own = slice(start, start + len(names))  # waves of the year and covariates follow
        state, variance = moments[0].state[0, own, 0], moments[0].variance[0, own, 0]
        unit = np.ones(1)
        usual = from_scale(np.zeros(1), unit, setting.scale)

        def share(values: np.ndarray) -> np.ndarray:
            return np.asarray(from_scale(values, unit, setting.scale) - usual)

        reach = _REACH * np.sqrt(variance)
        ends = zip(names, share(state), share(state - reach), share(state + reach), strict=True)
        return [(name, float(effect), float(low), float(high)) for name, effect, low, high in ends]

    def surprises(self, panel: Panel, series: int) -> np.ndarray:
        """How far each row lay from what was expected the day before, in standard deviations; NaN where unknown."""
        setting = self.levels[int(self.level_weights[:, series].argmax())]
        found: np.ndarray = _follow_one(panel.select(np.array([series])), self.ahead, setting)[1][0, 0]
        return found

    def parts(self) -> Mapping[str, Any]:
        """Everything learned."""
        return {
            "levels": [asdict(one) for one in self.levels],
            "level_weights": self.level_weights,
            "shapes": [asdict(one) for one in self.shapes],
            "shape_weights": self.shape_weights,
        }

    @classmethod
    def from_parts(cls, ahead: Ahead, parts: Mapping[str, Any]) -> Self:
        """Back from `parts`."""
        return cls(
            ahead,
            tuple(Setting(**one) for one in parts["levels"]),
            np.asarray(parts["level_weights"]),
            tuple(ShapeSetting(**one) for one in parts["shapes"]),
            np.asarray(parts["shape_weights"]),
        )


def before_origins(panel: Panel, window: Window) -> np.ndarray:
    """Rows before the first origin of each series, and its first two seasons anyway, shape (S, D).

    What all origins share, the unit of a series and how its days fill, must not show to the first what came later.
    """
    D = panel.y.shape[1]
    known = (~np.isnan(panel.y)).any(axis=2)
    begins = np.where(known.any(axis=1), known.argmax(axis=1), D)
    until = np.maximum(window.rows.min(axis=0), begins + 2 * panel.clock.cycle)
    found: np.ndarray = np.arange(D)[None] < until[:, None]
    return found


def first_share(panel: Panel, rows: np.ndarray) -> np.ndarray:
    """Share of each slot by weekday from some rows (S, D), for days that were seen in part, shape (S, cycle, M)."""
    S, _, M = panel.y.shape
    if M == 1:
        return np.ones((S, panel.clock.cycle, 1))
    found = np.zeros((S, panel.clock.cycle, M))
    known = ~np.isnan(panel.y) & rows[..., None]
    y = np.where(known, panel.y, 0.0)
    for phase in range(panel.clock.cycle):
        of = panel.phases == phase
        found[:, phase] = y[:, of].sum(axis=1) / np.maximum(known[:, of].sum(axis=1), 1)
    found = np.where(panel.opening, found, 0.0)
    total = found.sum(axis=2, keepdims=True)
    even = panel.opening / np.maximum(panel.opening.sum(axis=2, keepdims=True), 1)
    shares: np.ndarray = np.where(total > 0, found / np.maximum(total, 1e-12), even)
    return shares


def _worth_trying(
    panel: Panel, ahead: Ahead, window: Window, totals: np.ndarray, actual: np.ndarray, share: np.ndarray
) -> list[Setting]:
    """All settings for few series; for many, those that do best on a sample of them."""
    settings = settings_grid()
    S = len(panel.keys)
    groups = sum(1 for _ in _alike(totals, drivers_of(panel, ahead)))  # each follows its own recursion
    if (S <= 2 * _SAMPLE and groups <= _MOST_GROUPS) or not window.early:
        return settings
    some = np.unique(np.linspace(0, S - 1, _SAMPLE if groups <= _MOST_GROUPS else _MOST_GROUPS).astype(int))
    early = np.arange(window.early)
    few, seen = panel.select(some), window.select(some).take(early)
    level = _levels(few, ahead, seen, totals[some], share[some], settings)
    errors, sizes = _errors(level, actual[early][:, some])
    relative = (errors.sum(axis=0) / np.maximum(sizes.sum(axis=0), 1e-9)).mean(axis=1)
    most = _KEPT_SETTINGS if groups <= _MOST_GROUPS else _KEPT_SETTINGS // 2
    return [settings[place] for place in np.argsort(relative, kind="stable")[:most]]


def _usual(settings: Sequence[Setting]) -> np.ndarray:
    """Before anything was forecast: moderate speeds."""
    return np.array([1.0 if one.level in (1e-2, 0.05) and one.scale != "linear" else 0.0 for one in settings]) + 1e-3


def _errors(forecasts: np.ndarray, actual: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Summed absolute errors (K, G, S) and sizes (K, S) over the rows of each origin."""
    errors = np.nansum(np.abs(forecasts - actual[None]), axis=3).transpose(1, 0, 2)
    return errors, np.nansum(actual, axis=2)


def _strongest(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The settings that carry the most weight over all series, and their weights."""
    kept = np.sort(np.argsort(-weights.sum(axis=1), kind="stable")[:_MOST_FINAL])
    kept = kept[weights[kept].sum(axis=1) > 0]
    few = weights[kept]
    total = few.sum(axis=0)
    pooled = few.sum(axis=1) / few.sum()
    return kept, np.where(total > 1e-9, few / np.maximum(total, 1e-9), pooled[:, None])


def _levels(
    panel: Panel, ahead: Ahead, window: Window, totals: np.ndarray, share: np.ndarray, settings: Sequence[Setting]
) -> np.ndarray:
    """Forecasts of day totals from each origin, shape (G, K, S, R)."""
    D = totals.shape[1]
    unit = _unit(np.where(before_origins(panel, window), totals, np.nan))
    found = np.full((len(settings), *window.rows.shape, window.length), np.nan)
    drivers = drivers_of(panel, ahead)
    rows = panel.first + np.arange(int(window.rows.max()) + window.length)
    steps = np.arange(window.length)
    starts: list[np.ndarray] = []
    for members in _alike(totals, drivers):
        borrowed = np.stack(starts) if starts else None
        own = drivers[members[0]]
        padded = np.full((len(rows), own.shape[1]), np.nan)
        padded[: len(own)] = own[: len(rows)]
        design = ahead.design(rows, padded)
        unknown = np.isnan(own).any(axis=1) if own.shape[1] else np.zeros(D, dtype=bool)
        seen = np.where(unknown, np.nan, totals[members])
        size = (design.cycle + design.effects.shape[1]) * (design.effects.shape[1] + len(members))
        for some in np.array_split(np.arange(len(settings)), -(-len(settings) * size // _CELLS)):
            few = [settings[place] for place in some]
            z = np.stack([to_scale(seen, unit[members, None], one.scale) for one in few])
            stops = _stops(panel, window, members, share, unit, few)
            if borrowed is None:
                stops = _with_first(stops, int(window.rows.min()), len(members))
            moments, _ = follow(z, design, few, stops, start=None if borrowed is None else borrowed[some])
            if borrowed is None:
                first, *moments = moments
                starts.extend(np.median(first.state, axis=2))  # one odd series decides nothing
            for moment in moments:
                told = forecast(moment.state, _part(design, moment.row + steps), steps)
                told[..., 0] += moment.today
                series = members[moment.series]
                for place, setting, values in zip(some, few, told, strict=True):
                    found[place, moment.tags, series] = from_scale(values, unit[series, None], setting.scale)
    known = ~np.isnan(totals)
    begins = np.where(known.any(axis=1), known.argmax(axis=1), D)
    found[:, window.rows <= begins] = np.nan  # nothing was known of the series then
    return found


def _with_first(stops: Stops, row: int, n: int) -> Stops:
    """Add a stop of all series before any other: what series that begin later may borrow."""
    return Stops(
        np.r_[np.full(n, row - 1), stops.rows],
        np.r_[np.arange(n), stops.series],
        np.r_[np.full(n, -1), stops.tags],
        np.concatenate([np.full((len(stops.partial), n), np.nan), stops.partial], axis=1),
        np.r_[np.zeros(n), stops.share],
        None if stops.counting is None else np.r_[np.zeros(n), stops.counting],
    )


def _follow_one(panel: Panel, ahead: Ahead, setting: Setting) -> tuple[list[Moments], np.ndarray]:
    """Follow one series to its end."""
    totals = panel.totals(first_share(panel, np.ones(panel.y.shape[:2], dtype=bool)))
    drivers = drivers_of(panel, ahead)
    own = drivers[0]
    seen = np.where(np.any(np.isnan(own), axis=1)[None], np.nan, totals) if own.shape[1] else totals
    z = to_scale(seen, _unit(totals)[:, None], setting.scale)[None]
    end = np.array([totals.shape[1]])
    here = np.zeros(1, dtype=np.int64)
    stops = Stops(end, here, here, np.full((1, 1), np.nan), np.zeros(1))
    return follow(z, ahead.design(panel.rows, own), [setting], stops)


def _unit(totals: np.ndarray) -> np.ndarray:
    """Mean of each series: values are followed relative to it."""
    known = ~np.isnan(totals)
    mean = np.where(known, totals, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return np.where(mean > 0, mean, 1.0)


def _part(design: Design, at: np.ndarray) -> Design:
    return replace(design, phases=design.phases[at], effects=design.effects[at], caused=None)


def _alike(totals: np.ndarray, drivers: np.ndarray) -> Iterator[np.ndarray]:
    """Groups of series that began at about the same time and share their covariates, the longest histories first."""
    known = ~np.isnan(totals)
    begins = np.where(known.any(axis=1), known.argmax(axis=1), totals.shape[1]) // _START_BUCKET
    keys: dict[tuple[int, bytes], list[int]] = {}
    for one, begin in enumerate(begins):
        content = drivers[one].tobytes() if drivers.size else b""
        keys.setdefault((int(begin), content), []).append(one)
    for key in sorted(keys, key=lambda one: one[0]):
        yield np.array(keys[key])


def _stops(
    panel: Panel,
    window: Window,
    members: np.ndarray,
    share: np.ndarray,
    unit: np.ndarray,
    settings: Sequence[Setting],
) -> Stops:
    """Every origin of every series; with the part of its first row that was known, if any."""
    rows, slots = window.rows[:, members], window.slots[:, members]
    tags, series = np.indices(rows.shape)
    whole, seen = np.full(rows.shape, np.nan), np.zeros(rows.shape)
    for k, place in np.argwhere(slots > 0):
        one, row, slot = members[place], rows[k, place], slots[k, place]
        if not 0 <= row < panel.y.shape[1]:
            continue
        day = panel.y[one, row, :slot]
        known = ~np.isnan(day)
        part = float(share[one, panel.phases[row], :slot][known].sum())
        if part > _LEAST_PART:
            whole[k, place], seen[k, place] = day[known].sum() / part, part
    partial = np.stack([to_scale(whole, unit[members], one.scale).ravel() for one in settings])
    counting = np.broadcast_to(_OVERDISPERSION / unit[members], rows.shape).ravel()
    return Stops(rows.ravel(), series.ravel(), tags.ravel(), partial, seen.ravel(), counting)


def _kinds(panel: Panel, ahead: Ahead, length: int) -> tuple[np.ndarray, int]:
    """Kind of each row, for its shape: its weekday, or a holiday."""
    rows = panel.first + np.arange(panel.y.shape[1] + length)
    kinds = np.where(ahead.is_holiday(rows), panel.clock.cycle, panel.clock.phases(rows))
    return kinds, panel.clock.cycle + 1


def _shapes_at(
    panel: Panel, ahead: Ahead, window: Window, totals: np.ndarray, settings: Sequence[ShapeSetting]
) -> Iterator[tuple[np.ndarray, np.ndarray, list[np.ndarray]]]:
    """For each row from which series are forecast: which origins and series, and the shares of the rows that follow.

    The shares are those of each setting, shape (n, R, M).
    """
    kinds, n_kinds = _kinds(panel, ahead, window.length)
    for row in np.unique(window.rows):
        k, s = np.nonzero(window.rows == row)
        own, back = np.unique(s, return_inverse=True)
        following = kinds[max(row, 0) + np.arange(window.length)]
        learned = learn_many(panel.y[own], totals[own], kinds, n_kinds, int(row), settings)
        yield k, s, [one[:, following][back] for one in learned]


def _shares(
    panel: Panel,
    ahead: Ahead,
    window: Window,
    totals: np.ndarray,
    settings: Sequence[ShapeSetting],
    weights: np.ndarray,
) -> np.ndarray:
    """Share of each slot of each row of the window, shape (K, S, R, M), by weights of shape (K, n_settings, S)."""
    M = panel.y.shape[2]
    if M == 1:
        return np.ones((*window.rows.shape, window.length, 1))
    used = np.flatnonzero(np.any(weights > 0, axis=(0, 2))).tolist()
    found = np.zeros((*window.rows.shape, window.length, M))
    for k, s, shares in _shapes_at(panel, ahead, window, totals, [settings[place] for place in used]):
        for place, share in zip(used, shares, strict=True):
            found[k, s] += weights[k, place, s][:, None, None] * share
    return found


def _choose_shapes(
    panel: Panel, ahead: Ahead, window: Window, totals: np.ndarray
) -> tuple[tuple[ShapeSetting, ...], np.ndarray, np.ndarray]:
    """Settings of the shape by how well they split true day totals."""
    S, _, M = panel.y.shape
    settings: list[ShapeSetting] = shape_settings()[: None if M > 1 else 1]
    errors = np.zeros((len(window.rows), len(settings), S))
    actual = window.actual(panel)
    if M > 1:
        whole = window.totals(totals)[..., None]
        for k, s, shares in _shapes_at(panel, ahead, window, totals, settings):
            for place, share in enumerate(shares):
                errors[k, place, s] = np.nansum(np.abs(whole[k, s] * share - actual[k, s]), axis=(1, 2))
    sizes = np.nansum(actual, axis=(2, 3))
    weights = prequential(errors, sizes, lag=window.lag, first=np.ones(len(settings)))
    kept, final = _strongest(weights[-1])
    parts = _shares(panel, ahead, window, totals, settings, weights[:-1])
    return tuple(settings[place] for place in kept), final, parts
