"""Telling somebody of alerts: it arrives, it is tried again, and nothing of it reaches what scores."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from cxml.anomaly.alarms import notify
from cxml.anomaly.alarms.alarms import Alarms
from cxml.anomaly.alarms.notify import Notifier
from cxml.anomaly.config import AnomalyConfig
from cxml.anomaly.rows import Rows, Scored, ScoredOne
from cxml.errors import ConfigError

HOUR = 3_600 * 10**9


@pytest.fixture
def hasty(monkeypatch):
    """Waits between tries that a test can bear."""
    monkeypatch.setattr(notify, "_FIRST_WAIT", 0.01)


@pytest.fixture
def server():
    """A server on this machine that answers from a list of codes, then with 200, and keeps what it got."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.got.append((json.loads(body), dict(self.headers)))
            code = made.codes.pop(0) if made.codes else 200
            self.send_response(code)
            if code == 302:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args):
            pass

    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.got, made.codes = [], []
    made.address = f"http://127.0.0.1:{made.server_port}/hook?token=s3cret"
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


def alarms_and_rows(n=2):
    """A quiet history, and values of which some stand out."""
    times = np.arange(200, dtype=np.int64) * HOUR
    zeros = np.zeros(200 * n)
    rows = Rows(np.tile(np.arange(n), 200), np.repeat(times, n), np.repeat(times, n), zeros)
    scored = Scored(zeros, zeros, zeros, zeros, zeros.astype(int), zeros)
    return Alarms.settle(AnomalyConfig(), [f"s{one}" for one in range(n)], rows, scored), rows, scored


def with_peaks(scored, n, *places):
    score = scored.score.copy().reshape(-1, n)
    for place in places:
        score[place] = 7.0
    return Scored(scored.expected, scored.lower, scored.upper, score.ravel(), scored.kind + 1, score.ravel())


def test_alerts_that_open_are_told_with_all_that_joined_and_ends_on_request():
    told = []
    alarms, rows, scored = alarms_and_rows()
    with Notifier(told.append, ends=True) as notifier:
        alarms.listen(notifier)
        alarms.raise_all(rows, with_peaks(scored, 2, slice(50, 53), 198))
    assert [(one["event"], one["alert"]) for one in told] == [("opened", 1), ("opened", 2), ("ended", 1)]
    assert told[0]["n_series"] == 2
    assert told[0]["start"] == "1970-01-03T02:00:00"
    assert told[0]["end"] is None
    assert told[2]["end"] == "1970-01-03T04:00:00"
    assert told[0]["kind"] == "spike"


@pytest.mark.parametrize("ends", [False, True])
def test_a_stream_tells_when_it_opens_and_when_the_last_series_has_been_quiet(ends):
    told = []
    alarms, _, _ = alarms_and_rows()
    hot, quiet = ScoredOne(1.0, 0.0, 2.0, 8.0, 1, 9.0), ScoredOne(1.0, 0.0, 2.0, 0.1, 0, 0.1)
    at = []
    with Notifier(told.append, ends=ends) as notifier:
        alarms.listen(notifier)
        for hour in range(12):
            for series in (0, 1):
                alarms.raise_one(series, hour * HOUR, hour * HOUR, hot if hour < 2 + 3 * series else quiet, 5.0)
            notifier.flush()
            at.append([one["event"] for one in told])
    assert at[0] == ["opened"]
    assert at[7] == ["opened"]
    assert at[8] == (["opened", "ended"] if ends else ["opened"])
    assert at[-1] == at[8]


def test_copies_and_those_who_no_longer_listen_tell_nobody():
    told = []
    alarms, rows, scored = alarms_and_rows()
    with Notifier(told.append) as notifier:
        alarms.listen(notifier)
        Alarms.from_parts(AnomalyConfig(), alarms.parts()).raise_all(rows, with_peaks(scored, 2, 60))
        alarms.listen(None)
        alarms.raise_all(rows, with_peaks(scored, 2, 60))
    assert told == []


def test_a_webhook_gets_json_and_headers(server):
    with Notifier(webhook=server.address, headers={"Authorization": "Bearer k"}) as notifier:
        notifier.send("opened", {"alert": 3, "series": "상담", "value": float("nan"), "size": float("inf")})
    told, headers = server.got[0]
    assert told == {"event": "opened", "alert": 3, "series": "상담", "value": None, "size": None}
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    assert headers["Authorization"] == "Bearer k"
    assert (notifier.sent, notifier.failed, notifier.dropped) == (1, 0, 0)


def test_a_server_that_recovers_gets_each_alert_once(server, hasty):
    server.codes = [503, 500]
    with Notifier(webhook=server.address) as notifier:
        notifier.send("opened", {"alert": 1})
        notifier.send("opened", {"alert": 2})
    assert [told["alert"] for told, _ in server.got] == [1, 1, 1, 2]
    assert (notifier.sent, notifier.failed) == (2, 0)


@pytest.mark.parametrize(("code", "tries"), [(404, 1), (302, 1), (503, 3)])
def test_what_is_refused_is_given_up_and_the_secret_is_not_told(server, hasty, code, tries):
    server.codes = [code] * tries
    with Notifier(webhook=server.address, retries=2) as notifier:
        notifier.send("opened", {"alert": 1})
        notifier.send("opened", {"alert": 2})
    assert len(server.got) == tries + 1
    assert (notifier.sent, notifier.failed) == (1, 1)
    assert notifier.last_error == f"the server answered {code}"


def test_a_host_that_is_not_there_is_told_without_its_address(hasty):
    with Notifier(webhook="http://127.0.0.1:9/s3cret", retries=1, timeout=0.5) as notifier:
        notifier.send("opened", {"alert": 1})
    assert notifier.failed == 1
    assert notifier.last_error.startswith("URLError")
    assert "s3cret" not in notifier.last_error


def test_a_callback_that_raises_is_tried_again_and_others_still_go_out(hasty):
    got = []

    def fragile(told):
        got.append(told["alert"])
        if told["alert"] == 1:
            raise RuntimeError("no")

    with Notifier(fragile, retries=2) as notifier:
        notifier.send("opened", {"alert": 1})
        notifier.send("opened", {"alert": 2})
    assert got == [1, 1, 1, 2]
    assert (notifier.sent, notifier.failed, notifier.last_error) == (1, 1, "RuntimeError")


def test_a_slow_callback_never_holds_up_what_scores_and_what_finds_no_room_is_counted():
    wait, begun = threading.Event(), threading.Event()

    def slow(told):
        begun.set()
        wait.wait(10)

    notifier = Notifier(slow, queue=2)
    notifier.send("opened", {"alert": 0})
    assert begun.wait(5)
    began = time.monotonic()
    for number in range(1, 6):
        notifier.send("opened", {"alert": number})
    assert time.monotonic() - began < 1.0
    assert notifier.dropped == 3
    assert not notifier.flush(timeout=0.01)
    wait.set()
    notifier.close()
    assert notifier.sent == 3


def test_closing_does_not_wait_for_ever_and_nothing_goes_out_afterwards():
    wait = threading.Event()
    notifier = Notifier(lambda told: wait.wait(10), queue=5)
    for number in range(3):
        notifier.send("opened", {"alert": number})
    notifier.close(timeout=0.05)
    wait.set()
    notifier.send("opened", {"alert": 9})
    assert notifier.dropped >= 2
    notifier.close()


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({}, "must have a callback or a webhook - got neither"),
        ({"callback": print, "webhook": "http://x"}, "got both"),
        ({"callback": 3}, "callback must be a function of one alert - got int"),
        ({"webhook": "file:///etc"}, r"webhook must be an address .* got one with 'file'"),
        ({"webhook": "https://"}, "webhook must be an address"),
        ({"webhook": 5}, "webhook must be an address .* got int"),
        ({"callback": print, "retries": -1}, "retries must be a whole number from 0 up - got -1"),
        ({"callback": print, "queue": 0}, "queue must be a whole number from 1 up - got 0"),
        ({"callback": print, "timeout": 0}, "timeout must be a number of seconds above 0 - got 0"),
    ],
)
def test_settings_are_checked(told, message):
    with pytest.raises(ConfigError, match=message):
        Notifier(**told)
