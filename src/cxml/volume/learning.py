"""Learn a volume model from a panel: forecast the past from many origins, and keep what that teaches.

The same forecasts of the past serve three ends. They choose settings and weights, each origin by what was known before
it; they say how far what comes lies from the forecast; and they are the verdict, since each was made without what
followed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cxml.errors import FrameError
from cxml.timeseries.panel import Panel
from cxml.volume.blend import Blend, bucket_of, lead_edges, learn_blend
from cxml.volume.components import BASELINES, COMPONENTS, Component
from cxml.volume.design import Ahead
from cxml.volume.hierarchy import Hierarchy
from cxml.volume.spread import Spread
from cxml.volume.windows import ROWS_TO_JUDGE, Window, known_before

_MOST_ORIGINS, _MOST_ROWS_BACK = 24, 168
_LEAST_ROWS = 8
#: Origins, of different rows, from which on the first half is not needed to learn the spread.
_MANY_ORIGINS = 4
#: Below so many contacts a period, medians that sum to something further than this share from the means mislead.
_FEW, _ADDS_UP = 5.0, 0.05
#: Answers where no forecast of a blend can.
_STAND_IN = BASELINES[-1]
_USUAL = {"profile": 0.6, "boosted": 0.4}


@dataclass(frozen=True)
class Backtest:
    """What was forecast from origins in the past, and what came.

    Attributes
    ----------
    window : Window
    actual : array, shape (K, S, R, M)
        Totals first where there are any, then the series.
    phases : array of int, shape (K, S, R)
    forecasts : mapping of method -> array of the same shape
        The model's own first.
    tried : mapping of name -> Component
        What was learned, also by components that gave way.
    cycle : int
        Rows after which weekdays repeat.
    whole : bool
        Whether contacts are whole numbers.
    """

    window: Window
    actual: np.ndarray
    phases: np.ndarray
    forecasts: Mapping[str, np.ndarray]
    tried: Mapping[str, Component]
    cycle: int
    whole: bool


@dataclass(frozen=True)
class Learned:
    """Everything that a forecast needs beside the history itself.

    Attributes
    ----------
    ahead : Ahead
    components : mapping of name -> Component
    blend : Blend
    spread : Spread
    projection : array, optional
        Brings totals and parts together, see `Hierarchy.projection`.
    """

    ahead: Ahead
    components: Mapping[str, Component]
    blend: Blend
    spread: Spread
    projection: np.ndarray | None

    def forecast(self, panel: Panel, window: Window, hierarchy: Hierarchy | None) -> np.ndarray:
        """Forecasts of a window, shape (K, S, R, M)."""
        told = {name: self.components[name].forecast(panel, window) for name in self.blend.names}
        blended = self.blend.apply(told)
        if hierarchy is None or self.projection is None:
            return blended
        return hierarchy.reconcile(np.where(open_in(panel, window), blended, np.nan), self.projection)


def open_in(panel: Panel, window: Window) -> np.ndarray:
    """Whether each cell of a window lies within the opening hours of its series, shape (K, S, R, M)."""
    found: np.ndarray = panel.opening[np.arange(len(panel.keys))[:, None], phases_of(panel, window)]
    return found


def phases_of(panel: Panel, window: Window) -> np.ndarray:
    """Weekday of each row of a window, shape (K, S, R)."""
    rows = panel.first + window.rows[..., None] + np.arange(window.length)
    return panel.clock.phases(rows.ravel()).reshape(rows.shape)


def learn(
    panel: Panel,
    ahead: Ahead,
    candidates: Sequence[str],
    *,
    horizon: int,
    hierarchy: Hierarchy | None,
    whole: bool,
    step: Callable[[str], None] = lambda _: None,
) -> tuple[Learned, Backtest, tuple[str, ...]]:
    """Learn components, their blend, and the spread around it.

    Parameters
    ----------
    panel : Panel
        With the totals first where `hierarchy` is given.
    ahead : Ahead
    candidates : sequence of str
        Names of the components to blend.
    horizon : int
        Rows ahead.
    hierarchy : Hierarchy, optional
    whole : bool
        Whether contacts are whole numbers.
    step : callable
        Told what begins.

    Returns
    -------
    (learned, backtest, notes)

    Raises
    ------
    FrameError
        If the history is too short for the horizon.
    """
    window = choose_window(panel, horizon)
    found: dict[str, Component] = {}
    told: dict[str, np.ndarray] = {}
    for name in dict.fromkeys((*candidates, *BASELINES)):
        step(f"forecasting the past with {name} from {len(window.rows)} origins")
        found[name], told[name] = COMPONENTS[name].learn(panel, ahead, window)
    actual = window.actual(panel)
    edges = lead_edges(horizon, panel.clock.cycle, actual)
    usual = {name: _USUAL.get(name, 1.0) for name in candidates}
    blend, blended = learn_blend(
        {name: told[name] for name in candidates}, actual, lag=window.lag, edges=edges, usual=usual
    )
    blend, blended, notes = _stand_in(blend, blended, told)
    if len(candidates) > 1:
        blend, blended, given = _give_way(blend, blended, told, actual, window.lag, panel.clock.unit)
        notes += given
    projection = None
    if hierarchy is not None:
        # A part that is closed adds nothing to its totals.
        blended = np.where(open_in(panel, window) | ~np.isnan(actual), blended, np.nan)
        blended, projection = _bring_together(hierarchy, blended, actual, window.lag)
    phases = phases_of(panel, window)
    kept = {name: found[name] for name in blend.names}
    method = {"blend": blended, **{name: told[name] for name in BASELINES}}
    backtest = Backtest(window, actual, phases, method, found, panel.clock.cycle, whole)
    spread = learn_spread(backtest, blended, len(window.rows))
    return Learned(ahead, kept, blend, spread, projection), backtest, notes


def choose_window(panel: Panel, horizon: int) -> Window:
    """Origins to forecast the past from: about three a horizon or fewer, over the last year where there is one.

    What was calm for a month says little about which method copes with the rest. Where the horizon is short, there are
    enough origins for `ROWS_TO_JUDGE` rows that were open.

    Raises
    ------
    FrameError
        If the longest series leaves no room for one.
    """
    length = int((panel.ends // panel.y.shape[2]).max()) - int((~np.isnan(panel.y)).any(axis=(0, 2)).argmax())
    need = max(2 * panel.clock.cycle, _LEAST_ROWS)
    if length < need + horizon:
        unit = panel.clock.unit
        raise FrameError(
            f"A history must hold two seasons and the horizon after them, {need} + {horizon} {unit}s - the longest "
            f"series holds {length}. Give a longer history"
            + (f", or forecast at most {length - need} {unit}s ahead." if length > need else ".")
        )
    room = length - horizon
    back = min(max(room - 3 * need // 2, min(room - need, 5 * max(1, horizon // 3))), int(panel.clock.a_year))
    often = -(-back // max(_MOST_ORIGINS, _MOST_ROWS_BACK // horizon))
    open_rows = float(panel.opening.any(axis=(0, 2)).mean())
    to_judge = max(horizon, int(back * horizon * open_rows / ROWS_TO_JUDGE))  # closer ones would ask for rows twice
    step = max(1, horizon // 3, min(often, to_judge))
    return Window.rolling(panel, horizon, step=step, origins=back // step + 1)


def learn_spread(backtest: Backtest, forecasts: np.ndarray, origins: int) -> Spread:
    """The spread around forecasts of a backtest, from the first so many origins.

    The earliest of them knew little, and their errors are larger than those to come: where there are enough, they do
    not count for the width.
    """
    window, came = backtest.window, backtest.actual[:origins]
    return Spread.learn(
        forecasts[:origins],
        came,
        backtest.phases[:origins],
        cycle=backtest.cycle,
        edges=lead_edges(window.horizon, backtest.cycle, came, fine=True),
        lag=window.lag,
        whole=backtest.whole,
        recent=origins // 2 if origins >= _MANY_ORIGINS * window.lag else 0,
    )


def choose_point(backtest: Backtest) -> tuple[str, tuple[str, ...]]:
    """What ``contacts`` is where nothing was asked: the median, unless medians would not add up; and what to say of it.

    The origins that are judged have no say.
    """
    few = backtest.window.early
    if not few:
        return "median", ()
    told, phases = backtest.forecasts["blend"][:few], backtest.phases[:few]
    spread = learn_spread(backtest, backtest.forecasts["blend"], few)
    came = ~np.isnan(backtest.actual[:few])
    mean, median = (spread.point(told, phases, kind)[came].sum() for kind in ("mean", "median"))
    if mean > _FEW * came.sum() or abs(median - mean) <= _ADDS_UP * mean:
        return "median", ()
    return "mean", (
        f"Contacts are so few that medians would sum to {median / mean:.0%} of what is expected: contacts are "
        "means, unless point='median'.",
    )


def _stand_in(
    blend: Blend, blended: np.ndarray, told: Mapping[str, np.ndarray]
) -> tuple[Blend, np.ndarray, tuple[str, ...]]:
    """Let a baseline answer where no forecast of the blend can: it is the last of them, and weighs nothing."""
    if _STAND_IN in blend.names:
        return blend, blended, ()
    weights = np.concatenate([blend.weights, np.zeros_like(blend.weights[:, :1])], axis=1)
    unable = np.isnan(blended) & ~np.isnan(told[_STAND_IN])
    silent = " and ".join(blend.names)
    notes = (f"Where there was too little for {silent} to learn from, {_STAND_IN} answers.",) if unable.any() else ()
    return Blend((*blend.names, _STAND_IN), blend.edges, weights), np.where(unable, told[_STAND_IN], blended), notes


def _give_way(
    blend: Blend, blended: np.ndarray, told: Mapping[str, np.ndarray], actual: np.ndarray, lag: int, unit: str
) -> tuple[Blend, np.ndarray, tuple[str, ...]]:
    """Put the better baseline in place of the blend at lead times at which it does not beat it.

    In the forecasts of the past each origin decides by the errors that were known then.
    """
    buckets = bucket_of(blend.edges, actual.shape[2])
    names = tuple(dict.fromkeys((*blend.names, *BASELINES)))
    none = np.zeros((len(blend.edges), len(names) - len(blend.names), actual.shape[1]))
    weights = np.concatenate([blend.weights, none], axis=1)
    changed, notes = blended.copy(), []
    K = len(actual)
    sizes = np.cumsum(np.nansum(actual, axis=(2, 3)), axis=0)
    for bucket in range(len(blend.edges)):
        of = buckets == bucket
        gaps = {
            name: np.cumsum(np.nansum(np.abs(forecasts[:, :, of] - actual[:, :, of]), axis=(2, 3)), axis=0)
            for name, forecasts in ({"": blended} | {name: told[name] for name in BASELINES}).items()
        }

        def better(known: int, gaps: Mapping[str, np.ndarray] = gaps) -> str | None:
            """The baseline that the blend has not beaten in the first so many origins."""
            if known < 1:
                return None
            size = np.maximum(sizes[known - 1], 1e-9)
            error = {name: float((gap[known - 1] / size).mean()) for name, gap in gaps.items()}
            best = min(BASELINES, key=error.__getitem__)
            return None if error[""] < error[best] else best

        for k in range(K):
            then = better(known_before(k, lag))
            if then is not None:
                changed[k][:, of] = told[then][k][:, of]
        best = better(K)
        if best is None:
            continue
        weights[bucket] = 0.0
        weights[bucket, names.index(best)] = 1.0
        last = blend.edges[bucket + 1] if bucket + 1 < len(blend.edges) else actual.shape[2]
        notes.append(
            f"{unit.capitalize()}s {blend.edges[bucket] + 1} to {last} ahead: nothing beat {best}, so it answers."
        )
    if not notes:
        return blend, changed, ()
    used = np.any(weights, axis=(0, 2)) | (np.array(names) == _STAND_IN)
    kept = tuple(name for name, one in zip(names, used, strict=True) if one)
    return Blend(kept, blend.edges, weights[:, used]), changed, tuple(notes)


def _bring_together(
    hierarchy: Hierarchy, forecasts: np.ndarray, actual: np.ndarray, lag: int
) -> tuple[np.ndarray, np.ndarray]:
    """Coherent forecasts, each origin by the errors known then; and the projection for what comes."""

    def errors(origins: int) -> np.ndarray:
        gap = (forecasts - actual)[:origins]
        if not origins or np.isnan(gap).all(axis=(0, 2, 3)).any():
            sizes: np.ndarray = np.sqrt(np.maximum(np.nansum(forecasts[:1], axis=(0, 2, 3)), 1e-9))
            return sizes
        found: np.ndarray = np.sqrt(np.nanmean(gap**2, axis=(0, 2, 3)))
        return found

    K = len(forecasts)
    together = [
        hierarchy.reconcile(forecasts[k : k + 1], hierarchy.projection(errors(known_before(k, lag)))) for k in range(K)
    ]
    return np.concatenate(together), hierarchy.projection(errors(K))
