"""Ten years of daily counts with the Korean calendar: who raises alarms on Seollal and Chuseok?

The counts are made up (`cxml.datasets.make_contacts`): six queues from 2024 on, with lunar holidays and their
substitutes, the rush before and after them, other holidays, paydays, and outages, which are true trouble. Billing days,
promotions and launches are known events, told to those who can take them. Counted are the alerts after the first year
by the day on which they begin: on lunar holidays, within five days of them, on other days; and the outages found, since
an alarm that never rings has no false ones either. cxml's alarms keep to a budget of one alert in three weeks over the
six queues; a peer's threshold is the one at which it raises as many in the first two years.

    python benchmarks/anomaly_holidays.py
    python benchmarks/anomaly_holidays.py --years 4 --seed 1
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import pandas as pd

from _anomaly import Peer, budget_threshold, first_told, mstl_residual, seasonal_z
from _data import table
from cxml import anomaly
from cxml.datasets import make_contacts
from cxml.timeseries.calendar import Calendar

SERIES = 6
SPAN = pd.Timedelta("21D")
AROUND = 5
#: Days in which a run of strange days is one alert.
REST = 7
LUNAR = ("Korean New Year", "Chuseok")


def lunar_days(first: pd.Timestamp, last: pd.Timestamp) -> pd.DatetimeIndex:
    """Seollal, Chuseok, the days beside them and their substitutes."""
    days = pd.date_range(first, last)
    names = Calendar("KR").holidays(days.to_numpy().astype("datetime64[D]"))
    return days[[name is not None and name.startswith(LUNAR) for name in names]]


def cxml_alerts(frame: pd.DataFrame, events: pd.DataFrame | None, country: str | None, method: str) -> pd.DatetimeIndex:
    """Days on which alerts begin, one for each alert."""
    found = anomaly.detect(
        frame,
        method=method,
        country=country,
        events=() if events is None else events,
        budget=1.0,
        budget_span=f"{SPAN.days}D",
    )
    return pd.DatetimeIndex(found.dropna(subset="alert").groupby("alert")["ds"].min())


def peer_alerts(frame: pd.DataFrame, peer: Peer) -> pd.DatetimeIndex:
    """The same for a peer whose history is the first two years."""
    known = 730
    series = [rows for _, rows in frame.groupby("unique_id", sort=False)]
    scores = [peer(rows["ds"].to_numpy(), rows["y"].to_numpy(float), known) for rows in series]
    threshold = budget_threshold(
        [one[:known] for one in scores],
        [pd.Timedelta("1D")] * len(series),
        rest=REST,
        weekly=7 / SPAN.days / len(series),
    )
    told = [rows["ds"].to_numpy()[first_told(one, REST) >= threshold] for rows, one in zip(series, scores, strict=True)]
    return pd.DatetimeIndex(np.unique(np.concatenate(told)))  # queues that start together are one alert


def counted(
    name: str, days: pd.DatetimeIndex, start: pd.Timestamp, lunar: pd.DatetimeIndex, outages: pd.DatetimeIndex
) -> dict[str, object]:
    """Alerts after the first year, by the day on which they begin."""
    days = days[days >= start].normalize()
    away = pd.TimedeltaIndex([f"{number}D" for number in range(-AROUND, AROUND + 1)])
    near = pd.DatetimeIndex(np.unique((lunar.to_numpy()[:, None] + away.to_numpy()[None, :]).ravel()))
    rest = days[~days.isin(outages)]
    on, around = rest.isin(lunar), rest.isin(near) & ~rest.isin(lunar)
    return {
        "way": name,
        "on lunar holidays": int(on.sum()),
        "within 5 days": int(around.sum()),
        "other days": int((~on & ~around).sum()),
        "outages found": f"{int(outages.isin(days).sum())} of {len(outages)}",
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--years", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    made = make_contacts(round(365.25 * options.years), SERIES, freq="D", hours=None, seed=options.seed)
    known = made.events[made.events["name"] != "outage"]
    outages = pd.DatetimeIndex(made.events.loc[made.events["name"] == "outage", "start"])
    start = made.frame["ds"].min() + pd.Timedelta("366D")
    last = made.frame["ds"].max()
    lunar = lunar_days(start, last)
    outages = outages[(outages >= start) & (outages <= last)]
    ways = {
        "cxml residual, calendar and events": lambda: cxml_alerts(made.frame, known, "KR", "residual"),
        "cxml residual, calendar": lambda: cxml_alerts(made.frame, None, "KR", "residual"),
        "cxml residual, neither": lambda: cxml_alerts(made.frame, None, None, "residual"),
        "cxml robust_z": lambda: cxml_alerts(made.frame, None, "KR", "robust_z"),
        "seasonal robust z": lambda: peer_alerts(made.frame, seasonal_z),
        "MSTL residual": lambda: peer_alerts(made.frame, mstl_residual),
    }
    rows = []
    for name, alerts in ways.items():
        began = time.perf_counter()
        row = counted(name, alerts(), start, lunar, outages)
        rows.append(row | {"s": round(time.perf_counter() - began)})
    table(rows, f"{options.years} years of {SERIES} daily queues, {len(lunar)} lunar holidays after the first year")


if __name__ == "__main__":
    pd.set_option("display.width", 160)
    main()
