"""Tables of events: what is read, and what is refused with its place."""

from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import polars as pl
import pytest

from cxml.errors import FrameError
from cxml.timeseries.events import Event, read_events, unseen

TABLE = {
    "name": ["sale", " move "],
    "start": ["2025-03-01", "2025-04-01"],
    "end": ["2025-03-09", None],
    "size": [10, None],
    "note": ["spring", ""],
}
READ = (Event("sale", date(2025, 3, 1), date(2025, 3, 9), 10.0), Event("move", date(2025, 4, 1), date(2025, 4, 1)))


def rows(**changed):
    return [{"name": "sale", "start": "2025-03-01", "end": "2025-03-09"} | changed]


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, lambda told: pd.DataFrame(told).to_dict("records")])
def test_tables_of_any_kind_are_read(make):
    assert read_events(make(TABLE)) == READ


def test_events_pass_through_and_a_table_may_be_empty():
    assert read_events(READ) == READ
    assert read_events(()) == read_events(pd.DataFrame(columns=["name", "start", "end"])) == ()
    assert read_events(iter(READ)) == READ


@pytest.mark.parametrize(
    "told",
    [
        "2025-03-01",
        "2025. 3. 1",
        "2025/3/1 09:00",
        "2025년 3월 1일",
        20250301,
        date(2025, 3, 1),
        datetime(2025, 3, 1, 23, 59),
        pd.Timestamp("2025-03-01"),
        np.datetime64("2025-03-01"),
        "2025-03-01T00:00+09:00",
        pd.Timestamp("2025-03-01", tz="Asia/Seoul"),
        datetime(2025, 3, 1, tzinfo=timezone(timedelta(hours=9))),
        datetime(2025, 3, 1, 23, tzinfo=UTC),
    ],
)
def test_dates_are_read_as_the_day_that_was_written(told):
    event = read_events(rows(start=told))[0]
    assert event.start == date(2025, 3, 1)
    assert type(event.start) is date


@pytest.mark.parametrize("blank", [None, float("nan"), "", " ", pd.NaT])
def test_blank_ends_and_sizes_have_their_defaults(blank):
    event = read_events(rows(end=blank, size=blank))[0]
    assert (event.end, event.size) == (date(2025, 3, 1), 1.0)


def test_names_are_compared_without_blanks_and_composed():
    decomposed = "\u1109\u1166\u110b\u1175\u11af"
    assert Event(f" {decomposed}", "2025-03-01", None).name == "세일"
    assert Event(7, "2025-03-01", None).name == "7"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"end": "2025-02-01"}, r"'sale' must end on or after its start - got 2025-03-01 to 2025-02-01\. .*row 0 of"),
        ({"start": "03/04/2025"}, r"The start of the event 'sale' must be a date - got '03/04/2025'\. Write it as"),
        ({"start": None}, r"start .* must be a date - got None"),
        ({"end": "2025-02-30"}, r"The end of the event 'sale' must be a date - got '2025-02-30'"),
        ({"end": 3.5}, r"must be a date - got 3\.5"),
        ({"name": " "}, r"must have a name - got ' '"),
        ({"name": None}, r"must have a name - got None"),
        ({"size": "large"}, r"The size of the event 'sale' must be a finite number - got 'large'"),
        ({"size": float("inf")}, r"must be a finite number - got inf"),
        ({"size": [1]}, r"must be a finite number - got \[1\]"),
    ],
)
def test_unreadable_rows_are_refused(changed, message):
    with pytest.raises(FrameError, match=message):
        read_events(rows(**changed))


def test_the_row_is_told():
    with pytest.raises(FrameError, match=r"It is row 1 of the events\.$"):
        read_events([*rows(), *rows(size="x")])
    with pytest.raises(FrameError, match=r"mapping - got tuple in row 1"):
        read_events([*rows(), ("sale", "2025-03-01")])


def test_a_missing_column_is_named_with_the_nearest_one():
    with pytest.raises(FrameError, match=r"needs the column 'start' .* Did you mean 'stat'\? Each event has a name"):
        read_events(pd.DataFrame(TABLE).rename(columns={"start": "stat"}))
    with pytest.raises(FrameError, match=r"needs 3 columns, among them 'start', 'end'"):
        read_events([{"name": "sale"}])


@pytest.mark.parametrize("table", ["events.csv", {"name": "sale"}, 3, None])
def test_what_is_no_table_is_refused(table):
    with pytest.raises(FrameError, match=r"must be a table or a list - got (str|dict|int|NoneType)"):
        read_events(table)


def test_events_never_learned_are_named():
    events = [
        Event("sale", "2025-03-30", "2025-04-02"),
        Event("move", "2025-04-30", "2025-05-01"),
        Event("app", "2025-04-05", "2025-04-05"),
        Event("past", "2025-02-01", "2025-02-01"),
        Event("later", "2025-06-01", "2025-06-01"),
    ]
    march = np.arange("2025-03-01", "2025-04-01", dtype="datetime64[D]")
    april = np.arange("2025-04-01", "2025-05-01", dtype="datetime64[D]")
    assert unseen(events, march, april) == ("app", "move")
    assert unseen(events, march[::-1], april[::-1]) == ("app", "move")
    assert unseen(events, april, march) == ()
    assert unseen([], march, april) == ()
    assert unseen(events, march[:0], april) == ("app", "move", "sale")


def test_days_between_those_that_were_learned_do_not_count():
    """A history with gaps has not seen what happened within them."""
    learned = np.array(["2025-03-01", "2025-03-10"], dtype="datetime64[D]")
    events = [Event("sale", "2025-03-04", "2025-03-05"), Event("sale", "2025-04-04", "2025-04-05")]
    assert unseen(events, learned, learned + 33) == ()
    assert unseen(events, learned, np.array(["2025-04-05"], dtype="datetime64[D]")) == ("sale",)
