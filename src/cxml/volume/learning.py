"""Learn a volume model from a panel: forecast the past from many origins, and keep what that teaches.

The same forecasts of the past serve three ends. They choose settings and weights, each origin by what was known before it;
they say how far what comes lies from the forecast; and they are the verdict, since each was made without what followed.
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
from cxml.volume.windows import Window

_MOST_ORIGINS, _MOST_ROWS_BACK = 24, 168
_LEAST_ROWS = 8
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
    """

    window: Window
    actual: np.ndarray
    phases: np.ndarray
    forecasts: Mapping[str, np.ndarray]


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
        return hierarchy.reconcile(blended, self.projection)


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
    edges = lead_edges(horizon, panel.clock.cycle)
    found: dict[str, Component] = {}
    told: dict[str, np.ndarray] = {}
    for name in dict.fromkeys((*candidates, *BASELINES)):
        step(f"forecasting the past with {name} from {len(window.rows)} origins")
        found[name], told[name] = COMPONENTS[name].learn(panel, ahead, window)
    actual = window.actual(panel)
    usual = {name: _USUAL.get(name, 1.0) for name in candidates}
    blend, blended = learn_blend(
        {name: told[name] for name in candidates}, actual, lag=window.lag, edges=edges, usual=usual
    )
    notes: tuple[str, ...] = ()
    if len(candidates) > 1:
        blend, blended, notes = _give_way(blend, blended, told, actual, panel.clock.unit)
    projection = None
    if hierarchy is not None:
        blended, projection = _bring_together(hierarchy, blended, actual, window.lag)
    phases = phases_of(panel, window)
    spread = learn_spread(panel, blended, actual, phases, window, len(window.rows))
    kept = {name: found[name] for name in blend.names}
    method = {"blend": blended, **{name: told[name] for name in BASELINES}}
    return Learned(ahead, kept, blend, spread, projection), Backtest(window, actual, phases, method), notes


def choose_window(panel: Panel, horizon: int) -> Window:
    """Origins to forecast the past from: about three a horizon or fewer, over the last year where there is one.

    What was calm for a month says little about which method copes with the rest.

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
    most = max(_MOST_ORIGINS, min(120, _MOST_ROWS_BACK // horizon))
    step = max(1, horizon // 3, -(-back // most))
    return Window.rolling(panel, horizon, step=step, origins=back // step + 1)


def learn_spread(
    panel: Panel, forecasts: np.ndarray, actual: np.ndarray, phases: np.ndarray, window: Window, origins: int
) -> Spread:
    """The spread around forecasts, from the first so many origins."""
    known = panel.y[~np.isnan(panel.y)]
    whole = bool(len(known)) and bool((known == np.round(known)).all())
    return Spread.learn(
        forecasts[:origins],
        actual[:origins],
        phases[:origins],
        cycle=panel.clock.cycle,
        edges=lead_edges(window.horizon, panel.clock.cycle),
        lag=window.lag,
        whole=whole,
    )


def _give_way(
    blend: Blend, blended: np.ndarray, told: Mapping[str, np.ndarray], actual: np.ndarray, unit: str
) -> tuple[Blend, np.ndarray, tuple[str, ...]]:
    """Put the better baseline in place of the blend at lead times at which it does not beat it."""
    buckets = bucket_of(blend.edges, actual.shape[2])
    names = (*blend.names, *BASELINES)
    weights = np.concatenate([blend.weights, np.zeros((len(blend.edges), len(BASELINES), actual.shape[1]))], axis=1)
    changed, notes = blended.copy(), []
    sizes = np.maximum(np.nansum(actual, axis=(0, 2, 3)), 1e-9)
    for bucket in range(len(blend.edges)):
        of = buckets == bucket

        def error(forecasts: np.ndarray, of: np.ndarray = of) -> float:
            gap = np.abs(forecasts[:, :, of] - actual[:, :, of])
            return float((np.nansum(gap, axis=(0, 2, 3)) / sizes).mean())

        best = min(BASELINES, key=lambda name: error(told[name]))
        if error(blended) < error(told[best]):
            continue
        weights[bucket] = 0.0
        weights[bucket, names.index(best)] = 1.0
        changed[:, :, of] = told[best][:, :, of]
        last = blend.edges[bucket + 1] if bucket + 1 < len(blend.edges) else actual.shape[2]
        notes.append(
            f"{unit.capitalize()}s {blend.edges[bucket] + 1} to {last} ahead: nothing beat {best}, so it answers."
        )
    if not notes:
        return blend, blended, ()
    used = weights.any(axis=(0, 2))
    kept = tuple(name for name, one in zip(names, used, strict=True) if one)
    return Blend(kept, blend.edges, weights[:, used]), changed, tuple(notes)


def _bring_together(
    hierarchy: Hierarchy, forecasts: np.ndarray, actual: np.ndarray, lag: int
) -> tuple[np.ndarray, np.ndarray]:
    """Coherent forecasts, each origin by the errors known then; and the projection for what comes."""

    def errors(origins: int) -> np.ndarray:
        gap = (forecasts - actual)[:origins]
        if not origins or np.isnan(gap).all(axis=(0, 2, 3)).any():
            return np.sqrt(np.maximum(np.nansum(np.nan_to_num(forecasts[:1]), axis=(0, 2, 3)), 1e-9))
        return np.sqrt(np.nanmean(gap**2, axis=(0, 2, 3)))

    K = len(forecasts)
    together = [
        hierarchy.reconcile(forecasts[k : k + 1], hierarchy.projection(errors(max(0, k - lag + 1)))) for k in range(K)
    ]
    return np.concatenate(together), hierarchy.projection(errors(K))
