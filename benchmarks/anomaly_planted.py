"""Planted shifts in a channel, a reason or both: found within six periods at the budget, and is the segment named?

`boston`: requests a day by channel and reason, 2015; watched are the channels, the reasons, and their combinations of
more than 2,000 requests a year; the last 40 % of the year is streamed. `bank`: calls in five minutes, thinned at random
(seeded) into three channels x four reasons of unequal shares, which is made up; 40 days of history, 20 days streamed.
In each draw the leaves of one watched segment are multiplied by 1.2, 1.5 or 2 for six periods from a random moment on;
what is added is a Poisson count.

`found`: an alert of the segment's series begins within the six periods; `large` the same for segments that usually have
100 contacts and more in six periods. `by chance`: asked of the rows as they were. `a week`: alerts on the rows as they
were, over all watched series. cxml raises its own alerts, budget 5 a week, default settings; peers get the threshold
that gives 5 a week on those very rows, which is in their favour.

`oracle`: what could be found at all. Its counts are drawn anew (Poisson) around the share that each leaf has of the
total in the weeks before and after, the total of each moment being that of the set; it is told these expectations and
that the noise is Poisson. It names by `explain_change`, and detects by the likelihood ratio of the sums of the last one
to six periods, with the threshold that gives 5 a week. Real counts stray more, and nobody knows what to expect.

`named`: `explain_alert`, asked about the six periods in all leaves, has the planted segment in its table, or, where the
table is empty, calls it likeliest; `first`: it is the first row. The real sets have changes of their own, which are
named too (`rows`; `rows as they were` without a planted shift).

    python benchmarks/anomaly_planted.py [--draws 60] [--sets boston,bank] [--no-peers] [--no-detection]
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from _anomaly import PEERS, WEEK, budget_threshold, first_told
from _data import table
from _volume import BOSTON_LOST, LEAST_REQUESTS, read
from cxml import registry
from cxml.anomaly.segments.alert import explain_alert
from cxml.anomaly.segments.answer import RootCauses
from cxml.anomaly.segments.changes import explain_change

PERIODS, BUDGET, LARGE = 6, 5.0, 100
SHIFTS = (1.2, 1.5, 2.0)
DIMENSIONS = ["channel", "reason"]
PEERS_OF = {
    "boston": ("seasonal robust z", "MSTL residual", "PyOD IForest on windows"),
    "bank": ("seasonal robust z", "PyOD IForest on windows"),
}
#: What repeats, and how many moments of history an explanation gets.
PAST = {"boston": ("7D", 70), "bank": ("1D", 169 * 12)}
#: Moments on either side from which the oracle's shares are taken.
SMOOTH = {"boston": 28, "bank": 169 * 10}
Score = Callable[..., np.ndarray]


@dataclass(frozen=True)
class Segment:
    """A watched series: its name, what it is, and which leaves it has."""

    name: str
    where: dict[str, str]
    of: np.ndarray


@dataclass(frozen=True)
class Case:
    """Leaves and their counts, the watched segments, and how many moments are history."""

    name: str
    leaves: pd.DataFrame
    counts: np.ndarray
    watched: list[Segment]
    moments: pd.DatetimeIndex
    known: int

    @property
    def weeks(self) -> float:
        """Weeks streamed."""
        return (self.moments[-1] - self.moments[self.known]) / WEEK

    def series(self, counts: np.ndarray, rows: slice) -> pd.DataFrame:
        """Rows of all watched series."""
        times = self.moments[rows]
        sums = [counts[one.of, rows].sum(axis=0) for one in self.watched]
        names = np.repeat([one.name for one in self.watched], len(times))
        return pd.DataFrame({"unique_id": names, "ds": np.tile(times, len(sums)), "y": np.concatenate(sums)})

    def long(self, counts: np.ndarray, rows: slice) -> pd.DataFrame:
        """Rows of all leaves."""
        times = self.moments[rows]
        some = self.leaves.loc[np.repeat(np.arange(len(self.leaves)), len(times))].reset_index(drop=True)
        return some.assign(ds=np.tile(times, len(self.leaves)), y=counts[:, rows].ravel())


@dataclass(frozen=True)
class Draw:
    """A segment, the moment from which it is shifted, and the counts with each shift."""

    segment: Segment
    start: int
    counts: dict[float, np.ndarray]
    large: bool

    @property
    def rows(self) -> slice:
        return slice(self.start, self.start + PERIODS)


def boston() -> Case:
    frame = read("boston311_2015_daily_by_type_source", parse_dates=["date"]).rename(columns={"source": "channel"})
    days = pd.date_range("2015-01-01", "2015-12-31").drop(BOSTON_LOST)
    wide = frame.pivot_table(index=DIMENSIONS, columns="date", values="requests", aggfunc="sum", fill_value=0)
    counts = wide.reindex(columns=days, fill_value=0).to_numpy()
    return _case("boston", wide.index.to_frame(index=False), counts, days, round(0.6 * len(days)))


def bank() -> Case:
    frame = read("bank_calls_5min", parse_dates=["datetime"])
    last = np.sort(frame["datetime"].dt.normalize().unique())[-60:]
    frame = frame[frame["datetime"] >= last[0]]
    share = np.outer([0.5, 0.3, 0.2], [0.4, 0.3, 0.2, 0.1]).ravel()
    counts = np.random.default_rng(1).multinomial(frame["calls"].to_numpy(), share).T
    leaves = pd.MultiIndex.from_product([["phone", "app", "branch"], ["card", "loan", "login", "other"]])
    known = int((frame["datetime"] < last[40]).sum())
    return _case("bank", leaves.to_frame(index=False, name=DIMENSIONS), counts, frame["datetime"], known)


def _case(name: str, leaves: pd.DataFrame, counts: np.ndarray, moments: object, known: int) -> Case:
    watched = []
    for columns in (["channel"], ["reason"], DIMENSIONS):
        for values, rows in leaves.groupby(columns, sort=False):
            if counts[rows.index].sum() > LEAST_REQUESTS:
                where = dict(zip(columns, map(str, values), strict=True))
                watched.append(Segment("/".join(where.values()), where, rows.index.to_numpy()))
    return Case(name, leaves, counts, watched, pd.DatetimeIndex(moments), known)


def draws(case: Case, count: int) -> Iterator[Draw]:
    rng = np.random.default_rng(7)
    starts = np.sort(rng.choice(np.arange(case.known + 10, len(case.moments) - PERIODS), count, replace=False))
    for start in starts.tolist():
        segment = case.watched[int(rng.integers(len(case.watched)))]
        rows = np.ix_(segment.of, np.arange(start, start + PERIODS))
        planted = {1.0: case.counts}
        for shift in SHIFTS:
            counts = case.counts.copy()
            counts[rows] += rng.poisson((shift - 1) * case.counts[rows])
            planted[shift] = counts
        usual = case.counts[segment.of, case.known :].sum() / (len(case.moments) - case.known) * PERIODS
        yield Draw(segment, start, planted, bool(usual >= LARGE))


def ours(case: Case, asked: list[Draw]) -> dict[str, object]:
    """The alerts that cxml raises."""
    kind = registry.model_class("anomaly/residual")
    model = kind(kind.Config(country="US", budget=BUDGET)).fit(case.series(case.counts, slice(0, case.known)))
    clean, at = [], case.known
    found: dict[float, list[bool]] = {shift: [] for shift in (1.0, *SHIFTS)}
    for draw in asked:
        if draw.start > at:
            clean.append(model.update(case.series(case.counts, slice(at, draw.start))))
            at = draw.start
        before = clean[-1][clean[-1]["unique_id"] == draw.segment.name]["alert"].iloc[-1]
        for shift, hits in found.items():
            answer = model.predict(case.series(draw.counts[shift], draw.rows))
            own = answer[(answer["unique_id"] == draw.segment.name) & answer["is_anomaly"]]["alert"]
            hits.append(bool((own != before).fillna(True).any()))
    clean.append(model.update(case.series(case.counts, slice(at, len(case.moments)))))
    alerts = pd.concat(clean)["alert"].nunique()
    return _told(found, asked, alerts / case.weeks)


def peer(case: Case, asked: list[Draw], score: Score) -> dict[str, object]:
    """A peer's score with the threshold that keeps to the budget on the rows as they were."""
    usual = {one.name: score(case.counts[one.of].sum(axis=0).astype(float)) for one in case.watched}
    later = [one[case.known :] for one in usual.values()]
    step = case.weeks * WEEK / (len(case.moments) - case.known)
    limit = budget_threshold(later, [step] * len(later), rest=PERIODS, weekly=BUDGET / len(later))
    limit = max(limit, 1e-12)
    found: dict[float, list[bool]] = {shift: [] for shift in (1.0, *SHIFTS)}
    for draw in asked:
        clean = usual[draw.segment.name][: draw.rows.stop]
        for shift, hits in found.items():
            own = clean
            if shift != 1.0:
                values = draw.counts[shift][draw.segment.of, : draw.rows.stop].sum(axis=0).astype(float)
                own = np.r_[clean[: draw.start], score(values, since=draw.start)[draw.start :]]
            hits.append(bool((first_told(own, PERIODS)[draw.start :] >= limit).any()))
    alerts = sum(int((first_told(one, PERIODS) >= limit).sum()) for one in later)
    return _told(found, asked, alerts / case.weeks)


@dataclass(frozen=True)
class Oracle:
    """Counts drawn around expectations that are known, `mean`."""

    case: Case
    mean: np.ndarray

    @classmethod
    def of(cls, case: Case) -> Oracle:
        wide, moments = SMOOTH[case.name], np.arange(case.counts.shape[1])
        sums = np.cumsum(np.c_[np.zeros(len(case.counts)), case.counts], axis=1)
        near = sums[:, np.minimum(moments + wide + 1, len(moments))] - sums[:, np.maximum(moments - wide, 0)]
        return cls(case, near / near.sum(axis=0) * case.counts.sum(axis=0))

    def found(self, asked: list[Draw]) -> dict[str, object]:
        """What a likelihood ratio finds at the budget; the threshold is that of twenty times the weeks."""
        rng, case, known = np.random.default_rng(11), self.case, self.case.known
        series = [self.mean[one.of].sum(axis=0) for one in case.watched]
        clean = [_likelihood_ratio(rng.poisson(mean[known:]), mean[known:]) for _ in range(20) for mean in series]
        step = case.weeks * WEEK / (len(case.moments) - known)
        limit = budget_threshold(clean, [step] * len(clean), rest=PERIODS, weekly=BUDGET / len(series))
        found: dict[float, list[bool]] = {shift: [] for shift in (1.0, *SHIFTS)}
        for draw in asked:
            before = slice(draw.start - 2 * PERIODS, draw.rows.stop)
            mean = self.mean[draw.segment.of, before].sum(axis=0)
            for shift, hits in found.items():
                came = rng.poisson(mean * np.where(np.arange(len(mean)) < 2 * PERIODS, 1.0, shift))
                told = first_told(_likelihood_ratio(came, mean), PERIODS)
                hits.append(bool((told[2 * PERIODS :] >= limit).any()))
        alerts = sum(int((first_told(one, PERIODS) >= limit).sum()) for one in clean) / 20
        return _told(found, asked, alerts / case.weeks)

    def named(self, draw: Draw, shift: float, rng: np.random.Generator) -> RootCauses:
        """What the search finds in the planted periods."""
        mean = self.mean[:, draw.rows].sum(axis=1)
        came = mean.copy()
        came[draw.segment.of] *= shift
        leaves = self.case.leaves.assign(expected=mean, y=rng.poisson(came))
        return explain_change(leaves, dimensions=DIMENSIONS, noise=0.0)


def _likelihood_ratio(came: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """The largest log-likelihood ratio (Poisson) of the sums of the last one to six periods."""
    best = np.zeros(len(came))
    for width in range(1, PERIODS + 1):
        actual, usual = (np.convolve(one, np.ones(width))[: len(came)] for one in (came, mean))
        usual = np.maximum(usual, 1e-9)
        ratio = actual * np.log(np.maximum(actual, 1e-9) / usual) - (actual - usual)
        best = np.maximum(best, ratio)
    return best


def _told(found: dict[float, list[bool]], asked: list[Draw], weekly: float) -> dict[str, object]:
    large = np.array([draw.large for draw in asked])
    row: dict[str, object] = {}
    for shift in SHIFTS:
        hits = np.array(found[shift])
        row |= {
            f"+{100 * (shift - 1):.0f} %": f"{hits.mean():.2f}",
            f"large +{100 * (shift - 1):.0f} %": f"{hits[large].mean():.2f}",
        }
    return row | {"by chance": f"{np.mean(found[1.0]):.2f}", "a week": f"{weekly:.1f}"}


def explained(case: Case, draw: Draw, shift: float) -> RootCauses:
    """What cxml says of the planted periods."""
    period, since = PAST[case.name]
    frame = case.long(draw.counts[shift], slice(max(draw.start - since, 0), draw.rows.stop))
    window = (case.moments[draw.start], case.moments[draw.rows.stop - 1])
    return explain_alert(frame, window, dimensions=DIMENSIONS, period=period)


def named(asked: list[Draw], way: str, explain: Callable[[Draw, float], RootCauses]) -> list[dict[str, object]]:
    rows = []
    large = np.array([draw.large for draw in asked])
    for shift in (1.0, *SHIFTS):
        first, any_row, several = [], [], []
        for draw in asked:
            found = explain(draw, shift)
            told = [where for where in found.table["where"] if where] or [found.likeliest]
            first.append(told[0] == draw.segment.where)
            any_row.append(draw.segment.where in told)
            several.append(len(found.table))
        rows.append(
            {
                "way": way,
                "shift": "rows as they were" if shift == 1.0 else f"+{100 * (shift - 1):.0f} %",
                "named": f"{np.mean(any_row):.2f}",
                "first": f"{np.mean(first):.2f}",
                "large, named": f"{np.mean(np.array(any_row)[large]):.2f}",
                "large, first": f"{np.mean(np.array(first)[large]):.2f}",
                "rows": f"{np.mean(several):.1f}",
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=60)
    parser.add_argument("--sets", default="boston,bank")
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--no-detection", action="store_true")
    told = parser.parse_args()
    for name in told.sets.split(","):
        case = {"boston": boston, "bank": bank}[name]()
        asked = list(draws(case, told.draws))
        large = sum(draw.large for draw in asked)
        title = f"{name}: {len(case.watched)} series watched, {told.draws} draws a shift, {large} of them large"
        oracle = Oracle.of(case)
        rows = named(asked, "cxml", partial(explained, case))
        rows += named(asked, "oracle", partial(oracle.named, rng=np.random.default_rng(13)))
        table(rows, f"{title}: the segment, asked about the {PERIODS} periods")
        if told.no_detection:
            continue
        rows = [{"way": "cxml", **ours(case, asked)}]
        for one in () if told.no_peers else PEERS_OF[name]:
            score = partial(PEERS[one], case.moments.to_numpy(), known=case.known)
            rows.append({"way": one, **peer(case, asked, score)})
        rows.append({"way": "oracle", **oracle.found(asked)})
        table(rows, f"{title}: found within {PERIODS} periods at {BUDGET:g} alerts a week")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
