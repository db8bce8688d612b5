"""Judge models by the alerts that they raise over the later part of the time: what they find, how early, and in vain.

Rows are judged as events and as calm days, not as points: an event is found or missed, and a calm day of a series has
its false alerts. Both cost, in one currency, the cost of an event that is missed:

- an event that no alert finds costs 1; one found at once 0, and one found d periods late ``1 - 2 ** (-d / 6)``;
- a false alert costs 0.1, near to the 0.11 of the standard profile of the Numenta benchmark: ten of them cost as much
  as an event missed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from cxml.anomaly.columns import ALERT, SCORE
from cxml.anomaly.config import AnomalyConfig
from cxml.anomaly.planting import LEAST_ROWS, plant
from cxml.anomaly.tracks import DAY, GRACE, Track, labelled, tracks_of, wall_of
from cxml.contract import Judgement, Metric, Split
from cxml.errors import FrameError
from cxml.frames import hash_rows
from cxml.metrics.events import Matches, event_figures, match_alerts
from cxml.metrics.intervals import metric_of, standard_error
from cxml.metrics.nab import nab_count, nab_normalised
from cxml.metrics.vus import vus_pr

if TYPE_CHECKING:
    import pandas as pd

HEADLINE = "alarm_cost"
#: The share of the time that a fit follows; what comes after judges it.
FOLLOWED = 0.6
#: Periods after which half of the worth of finding an event is gone.
_HALF_LIFE = 6.0
#: What a false alert costs, where an event that is missed costs 1.
_FALSE_ALERT = 0.1
#: With fewer series than this, weeks of a series are drawn apart for intervals.
_ENOUGH_SERIES = 10
_LONGEST_BUFFER = 48
#: Events from which on rows are asked about once, and how often they are at most.
_ENOUGH_EVENTS, _MOST_TURNS = 30, 5


def split(frame: pd.DataFrame, config: AnomalyConfig) -> Split:
    """Follow the first 60 % of the rows, by time over all series, and judge on what comes after.

    Rows of a table without time are parted by the hash of what they hold.

    Raises
    ------
    FrameError
        If what comes after is too short to judge on.
    """
    if config.time is None:
        numbers = hash_rows(frame)
        late = numbers >= np.quantile(numbers, FOLLOWED)
        rule = f"{1 - FOLLOWED:.0%} of the rows by content hash"
    else:
        wall = wall_of(frame, config)
        cut = np.sort(wall)[int(FOLLOWED * len(wall))]
        late = wall >= cut
        moment = str(np.datetime64(int(cut), "ns").astype("datetime64[m]")).replace("T", " ")
        rule = f"value by value from {moment} on, after following what came before"
    planted = "with trouble planted into the rows by cxml.anomaly.planting (made up, not the company's)"
    rule += ", " + (planted if config.label is None else f"by the trouble that {config.label!r} tells")
    if late.sum() < LEAST_ROWS or (~late).sum() < LEAST_ROWS:
        raise FrameError(
            f"An honest verdict needs {LEAST_ROWS} rows or more on both sides of the {FOLLOWED:.0%} that a fit follows "
            f"- got {int((~late).sum())} before and {int(late.sum())} after. Give a longer history."
        )
    return Split(np.flatnonzero(~late), np.flatnonzero(late), rule)


def answer(models: Mapping[str, Any], frame: pd.DataFrame, config: AnomalyConfig) -> dict[str, pd.DataFrame]:
    """What models alarm over, in rows that come after what they know.

    Without a column of labels, trouble is planted into the rows first, the same for each model and each time
    (`cxml.anomaly.planting.plant`); where events are few, the rows come up to five times, each with other trouble. An
    alert finds an event within it or up to 3 periods after its end. One that runs on from the history counts only where
    the trouble does so too; one over several series is true where any of them is in trouble.

    Parameters
    ----------
    models : mapping of name to fitted model
    frame : DataFrame
        With the target, and the labels where they judge.
    config : AnomalyConfig

    Returns
    -------
    dict of name -> DataFrame, one line an event and one line a calm day of a series
        ``row``, ``group`` (the series; with fewer than ten of them the week of a series), ``kind`` (of the event, or
        ``calm``), ``event`` (1 or 0), ``periods`` (length of the event), ``found`` (1 or 0), ``delay`` (periods to the
        alert, missing where not found), ``false`` (false alerts of the day), ``weeks`` (that the line was watched, as
        its share of all series), ``nab`` (raw score, told in the first line of a series), ``vus_pr`` (likewise, where
        the series has an event), and ``loss``. Days are weeks where periods are days or longer.
    """
    import pandas as pd

    tracks = tracks_of(frame, config)
    found: dict[str, list[pd.DataFrame]] = {name: [] for name in models}
    for turn, (asked, windows) in enumerate(questions(frame, tracks, config)):
        units = _units(tracks, windows, config, turn)
        for name, model in models.items():
            told = model.predict(asked)
            scores = told[SCORE].to_numpy(dtype=np.float64)
            found[name].append(_judged(units, tracks, windows, alert_lines(told, tracks, windows), scores))
    return {name: pd.concat(lines, ignore_index=True) for name, lines in found.items()}


def questions(
    frame: pd.DataFrame, tracks: list[Track], config: AnomalyConfig
) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """Rows that models are asked about, and the events in them: the labelled ones, or else planted ones.

    Where few series hold few events, the same rows come up to five times, with other trouble planted into them.
    """
    if config.label is not None:
        yield frame, labelled(frame, tracks, config)
        return
    planted = plant(frame, config)
    yield planted.frame, planted.windows
    turns = min(_MOST_TURNS, -(-_ENOUGH_EVENTS // len(planted.windows)))
    for turn in range(1, turns):
        planted = plant(frame, config, turn=turn)
        yield planted.frame, planted.windows


def alert_lines(told: pd.DataFrame, tracks: list[Track], windows: pd.DataFrame) -> pd.DataFrame:
    """When each alert begins in each of its series.

    Returns
    -------
    DataFrame
        ``number`` (of the alert), ``track``, ``at`` (row of the track), ``time`` (nanoseconds). An alert that is open
        on the first row of a series began before: it is left out, unless there is trouble on that row.
    """
    import pandas as pd

    numbers = told[ALERT].to_numpy(dtype=np.float64, na_value=np.nan)
    already = set(windows["track"][windows["first"] == 0])
    parts = [np.zeros((0, 4), dtype=np.int64)]
    for place, track in enumerate(tracks):
        own = numbers[track.places]
        known, first = np.unique(own[~np.isnan(own)], return_index=True)
        at = np.flatnonzero(~np.isnan(own))[first]
        begun = (at > 0) | (place in already)
        at, known = at[begun], known[begun].astype(np.int64)
        parts.append(np.stack([known, np.full(at.size, place), at, track.time[at]], axis=1))
    return pd.DataFrame(np.concatenate(parts), columns=["number", "track", "at", "time"])


def matched(tracks: list[Track], windows: pd.DataFrame, alerts: pd.DataFrame) -> Matches:
    """Match the lines of alerts to the events, `GRACE` periods after their end included."""
    of = windows["track"].to_numpy()
    start, end = ends_of(tracks, windows)
    return match_alerts(
        start,
        end,
        alerts["time"].to_numpy(),
        grace=GRACE * np.array([tracks[one].step for one in of], dtype=np.int64),
        window_series=of,
        alert_series=alerts["track"].to_numpy(),
        numbers=alerts["number"].to_numpy(),
    )


def ends_of(tracks: list[Track], windows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """First and last moment of each event."""
    lines = list(zip(windows["track"], windows["first"], windows["last"], strict=True))
    start = np.array([tracks[number].time[first] for number, first, _ in lines], dtype=np.int64)
    return start, np.array([tracks[number].time[last] for number, _, last in lines], dtype=np.int64)


def _units(tracks: list[Track], windows: pd.DataFrame, config: AnomalyConfig, turn: int) -> pd.DataFrame:
    """The lines on which all models are judged, before any is asked: the events, then the calm days by series."""
    import pandas as pd

    start, _ = ends_of(tracks, windows)
    events = windows.assign(event=1, unit=start, weeks=0.0, periods=windows["last"] - windows["first"] + 1)
    found = [_calm(track, own) for track, own in zip(tracks, _by_track(windows, len(tracks)), strict=True)]
    calm = pd.DataFrame(
        {
            "track": np.repeat(np.arange(len(tracks)), [len(days) for days, _ in found]),
            "unit": np.concatenate([days for days, _ in found]),
            "weeks": np.concatenate([weeks for _, weeks in found]) / len(tracks),
        }
    ).assign(kind="calm", event=0, periods=0, size=np.nan)
    lines = pd.concat([events[calm.columns], calm], ignore_index=True)
    names = np.array([one.name for one in tracks], dtype=object)[lines["track"].to_numpy()]
    asked = lines[["kind", "unit", "periods", "size"]].assign(name=names, by=str(config.label), turn=turn)
    lines["row"] = hash_rows(asked)
    week = lines["unit"] // (7 * DAY) if len(tracks) < _ENOUGH_SERIES and config.time is not None else 0
    lines["group"] = hash_rows(pd.DataFrame({"name": names, "week": week}))
    return lines


def _calm(track: Track, windows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Days of a series with rows out of trouble, and how many weeks of calm each is."""
    length = unit_of(track)
    unit = track.time // length * length
    days, place, count = np.unique(unit, return_inverse=True, return_counts=True)
    calm = np.bincount(place, weights=(~in_trouble(track, windows)).astype(np.float64))
    there = calm > 0
    # a table without time has no weeks
    weeks = length / (7 * DAY) if track.step > 1 else 0.0
    return days[there], weeks * calm[there] / count[there]


def unit_of(track: Track) -> int:
    """The length of a calm unit in nanoseconds: a day, or a week where periods are days; 100 rows without time."""
    if track.step == 1:
        return 100
    return DAY if track.step < DAY else 7 * DAY * max(1, round(track.step / (7 * DAY)))


def in_trouble(track: Track, windows: pd.DataFrame) -> np.ndarray:
    """Whether an alert on a row of the track finds one of its events."""
    found = np.zeros(len(track), dtype=bool)
    for first, last in zip(windows["first"], windows["last"], strict=True):
        found |= (track.time >= track.time[first]) & (track.time <= track.time[last] + GRACE * track.step)
    return found


def _judged(
    units: pd.DataFrame, tracks: list[Track], windows: pd.DataFrame, alerts: pd.DataFrame, scores: np.ndarray
) -> pd.DataFrame:
    """The lines of one model."""
    matches = matched(tracks, windows, alerts)
    lines = units.copy()
    steps = np.array([one.step for one in tracks], dtype=np.float64)
    count = len(windows)
    found, delay = np.zeros(len(lines), dtype=np.int64), np.full(len(lines), np.nan)
    found[:count] = matches.first >= 0
    delay[:count] = matches.delay / steps[windows["track"].to_numpy()]
    false = alerts[matches.false]
    lengths = np.array([unit_of(one) for one in tracks], dtype=np.int64)[false["track"].to_numpy()]
    days = false.assign(unit=false["time"] // lengths * lengths).groupby(["track", "unit"]).size()
    told = days.reindex(list(zip(lines["track"], lines["unit"], strict=True)), fill_value=0).to_numpy()
    lines["found"], lines["delay"], lines["false"] = found, delay, np.where(lines["event"] == 1, 0, told)
    late = 1.0 - 0.5 ** (lines["delay"] / _HALF_LIFE)
    lines["loss"] = np.where(found == 1, late, 1.0) * lines["event"] + _FALSE_ALERT * lines["false"]
    by_rows = np.tile([0.0, np.nan], (len(lines), 1))
    firsts = lines["track"].drop_duplicates()
    own, begun = _by_track(windows, len(tracks)), _by_track(alerts, len(tracks))
    for place, number in zip(firsts.index, firsts, strict=True):
        by_rows[place] = _by_rows(tracks[number], own[number], begun[number]["at"].to_numpy(), scores)
    lines["nab"], lines["vus_pr"] = by_rows.T
    return lines.drop(columns=["track", "unit", "size"])


def _by_track(table: pd.DataFrame, count: int) -> list[pd.DataFrame]:
    """The lines of each series."""
    found = dict(iter(table.groupby("track")))
    return [found.get(number, table.iloc[:0]) for number in range(count)]


def _by_rows(track: Track, windows: pd.DataFrame, begun: np.ndarray, scores: np.ndarray) -> tuple[float, float]:
    """Raw score of the Numenta benchmark by the rows at which alerts begin, and VUS-PR of the scores."""
    ends = windows[["first", "last"]].to_numpy()
    raised = np.zeros(len(track))
    raised[begun] = 1.0
    # the fit was the time of probation: rows are put before, of which the benchmark judges none
    ahead = min(len(track) // 5 + 1, 750)
    raw = nab_count(np.r_[np.zeros(ahead), raised], ends + ahead, 0.5).raw
    truth = np.zeros(len(track))
    for first, last in ends:
        truth[first : last + 1] = 1.0
    if not 0 < truth.sum() < truth.size:
        return raw, float("nan")
    own = np.nan_to_num(scores[track.places], nan=0.0)
    return raw, vus_pr(truth, own, buffer=min(track.a_day, _LONGEST_BUFFER))


def judge(answers: Mapping[str, pd.DataFrame], config: Any) -> dict[str, Judgement]:
    """Figures of alerts, from the lines of `answer` alone.

    Parameters
    ----------
    answers : mapping of name to DataFrame
    config : AnomalyConfig

    Returns
    -------
    dict of name -> Judgement
        Headline ``alarm_cost``, the mean loss over events and calm days. ``cost_to_silence``: it over that of never
        alarming, so that 1 is as good as nothing and 0 is perfect. ``event_precision``, ``event_recall``, ``event_f1``,
        ``false_alarms_week`` (over all series) and ``delay_periods`` (mean over what was found) as in
        `cxml.metrics.event_figures`; ``nab_score`` (standard profile, an alert counts at its first row) and ``vus_pr``
        (mean over the series with an event). What needs events is left out where there are none.
    """
    found = {}
    for name, lines in answers.items():
        loss = lines["loss"].to_numpy()
        groups = lines["group"].to_numpy()
        mean, error = float(loss.mean()), 1.96 * standard_error(loss, groups)
        metrics = [Metric(HEADLINE, mean, max(0.0, mean - error), mean + error)]
        events = int(lines["event"].sum())
        if events:
            metrics.append(Metric("cost_to_silence", float(loss.sum()) / events))
        columns = (lines[one].to_numpy(dtype=np.float64) for one in ("event", "found", "delay", "false", "weeks"))
        figures = event_figures(*columns, groups=groups, seed=config.seed)
        metrics += [metric_of(metric, one) for metric, one in figures.items()]
        if events:
            metrics.append(Metric("nab_score", nab_normalised(float(lines["nab"].sum()), events)))
        if lines["vus_pr"].notna().any():
            metrics.append(Metric("vus_pr", float(lines["vus_pr"].mean())))
        found[name] = Judgement(HEADLINE, metrics)
    return found


def kind_table(answers: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """What was found of each kind of trouble.

    Returns
    -------
    DataFrame
        A line a kind: ``kind``, ``events``, and of each model ``<name> found`` (share), ``<name> delay`` (mean,
        periods).
    """
    import pandas as pd

    first = next(iter(answers.values()))
    events = first[first["event"] == 1]
    table = pd.DataFrame({"events": events.groupby("kind").size()})
    for name, lines in answers.items():
        of = lines[lines["event"] == 1].groupby("kind")
        table[f"{name} found"], table[f"{name} delay"] = of["found"].mean(), of["delay"].mean()
    return table.reset_index()
