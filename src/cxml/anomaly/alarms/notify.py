"""Tell somebody of alerts, by a callback or a webhook, without ever holding up what scores."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Mapping
from queue import Empty, Full, Queue
from threading import Event, Lock, Thread
from time import monotonic
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from cxml.errors import ConfigError
from cxml.values import is_number

#: Seconds before the second try; each further try waits twice as long, up to the most.
_FIRST_WAIT, _MOST_WAIT = 0.5, 30.0
#: Answers of a server that another try may change: too slow, too many, its own fault.
_WORTH_A_TRY = frozenset({408, 425, 429, 500, 502, 503, 504})

_STOP = None


class Notifier:
    """Send alerts as they open, and as they end where asked, from a thread of its own.

    What scores puts an alert into a queue and goes on: nothing that happens here reaches it. An exception of the
    callback, a server that is down, an answer that is no 2xx lead to further tries with growing waits (half a second,
    doubled each time, drawn from the upper half so that many senders don't try in step); after the last one the alert
    is given up. Where the queue is full the newest is left out. Both are counted.

    What is sent is a JSON object: ``event`` (``"opened"`` or ``"ended"``), ``alert`` (id), ``start``, ``end`` (ISO
    text; null while open), ``series`` (the first that joined, as text), ``n_series``, ``kind``, ``peak_score``,
    ``size``, ``expected``, ``value`` (null where there is none), ``severity`` (0-100), ``level``, ``feedback``. It
    tells the alert as it stands when it is sent off.

    Parameters
    ----------
    callback : callable, optional
        Called with this mapping.
    webhook : str, optional
        An ``http`` or ``https`` address that the object is posted to. Redirects are not followed.
    headers : mapping of str -> str, optional
        Further headers of the post, such as one that authorises. They appear in no error and no text.
    retries : int >= 0, default=3
        Tries after the first one.
    timeout : float > 0, default=5.0
        Seconds until a post is given up.
    queue : int >= 1, default=1000
        Alerts that may wait.
    ends : bool, default=False
        Whether ends are told too.

    Attributes
    ----------
    sent, failed, dropped : int
        Alerts that went out, were given up after the last try, or found no room in the queue.
    last_error : str
        What went wrong last, without the address; empty where nothing did.

    Raises
    ------
    ConfigError
        If there is neither a callback nor a webhook, there are both, or a setting is outside its range.

    Examples
    --------
    >>> told = []
    >>> with Notifier(callback=told.append) as notifier:
    ...     notifier.send("opened", {"alert": 1, "severity": 80.0})
    >>> told
    [{'event': 'opened', 'alert': 1, 'severity': 80.0}]
    >>> Notifier(webhook="ftp://example.org")
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: webhook must be an address that begins with http:// or https:// and names a host - got \
one with 'ftp'. Take the address that the service gave you.
    """

    def __init__(
        self,
        callback: Callable[[Mapping[str, Any]], object] | None = None,
        *,
        webhook: str | None = None,
        headers: Mapping[str, str] | None = None,
        retries: int = 3,
        timeout: float = 5.0,
        queue: int = 1_000,
        ends: bool = False,
    ) -> None:
        _check(callback, webhook, retries=retries, timeout=timeout, queue=queue)
        self.ends = bool(ends)
        self.sent = self.failed = self.dropped = 0
        self.last_error = ""
        self._deliver = callback if callback is not None else _poster(str(webhook), dict(headers or {}), timeout)
        self._retries = retries
        self._queue: Queue[dict[str, Any] | None] = Queue(queue)
        self._closing = Event()
        self._lock = Lock()
        self._thread: Thread | None = None

    def send(self, event: str, alert: Mapping[str, Any]) -> None:
        """Put an alert into the queue; never waits and never fails.

        Parameters
        ----------
        event : {"opened", "ended"}
        alert : mapping
            What to tell of it.
        """
        with self._lock:
            if self._closing.is_set():
                self.dropped += 1
                return
            # Only when there is something to send, and again where a callback ended the thread: sys.exit does.
            if self._thread is None or not self._thread.is_alive():
                self._thread = Thread(target=self._work, name="cxml-notifier", daemon=True)
                self._thread.start()
            try:
                self._queue.put_nowait({"event": event, **alert})
            except Full:
                self.dropped += 1

    def flush(self, timeout: float = 10.0) -> bool:
        """Wait until the queue is empty and the last alert is sent or given up.

        Parameters
        ----------
        timeout : float, default=10.0
            Seconds to wait at most.

        Returns
        -------
        bool
            Whether all were dealt with.
        """
        end = monotonic() + timeout
        with self._queue.all_tasks_done:
            while self._queue.unfinished_tasks:
                left = end - monotonic()
                if left <= 0 or not self._queue.all_tasks_done.wait(left):
                    return not self._queue.unfinished_tasks
        return True

    def close(self, timeout: float = 10.0) -> None:
        """Send what waits, and stop; what is still left after the timeout is dropped.

        Parameters
        ----------
        timeout : float, default=10.0
            Seconds to wait at most.
        """
        self.flush(timeout)
        with self._lock:
            self._closing.set()
            thread, self._thread = self._thread, None
        if thread is not None:
            self._drop_waiting()
            self._queue.put(_STOP)
            thread.join(timeout=0.1)

    def __enter__(self) -> Notifier:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _drop_waiting(self) -> None:
        while True:
            try:
                self._queue.get_nowait()
            except Empty:
                return
            self._queue.task_done()
            self.dropped += 1

    def _work(self) -> None:
        while True:
            told = self._queue.get()
            try:
                if told is _STOP:
                    return
                self._try(told)
            finally:
                self._queue.task_done()

    def _try(self, told: dict[str, Any]) -> None:
        for attempt in range(self._retries + 1):
            try:
                self._deliver(dict(told))
            except Exception as error:  # whatever a callback raises, the next alert must still go out
                self.last_error = _told_error(error)
                if attempt == self._retries or not _is_worth_a_try(error):
                    break
                wait = min(_FIRST_WAIT * 2**attempt, _MOST_WAIT)
                if self._closing.wait(wait * random.uniform(0.5, 1.0)):
                    break
            else:
                self.sent += 1
                return
        self.failed += 1


class _NoRedirects(HTTPRedirectHandler):
    """A redirect would carry an alert, and the headers that authorise it, to another host."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow none."""


def _poster(address: str, headers: dict[str, str], timeout: float) -> Callable[[Mapping[str, Any]], object]:
    """What posts an alert to an address."""
    opener = build_opener(_NoRedirects)

    def post(told: Mapping[str, Any]) -> None:
        body = json.dumps({name: _plain(value) for name, value in told.items()}, ensure_ascii=False)
        kinds = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "cxml"}
        request = Request(address, body.encode(), kinds | headers, method="POST")
        with opener.open(request, timeout=timeout) as answer:
            answer.read(1_024)

    return post


def _plain(value: Any) -> Any:
    """JSON has neither NaN nor infinity."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _is_worth_a_try(error: Exception) -> bool:
    """A request that a server refuses for good is not sent again."""
    return not isinstance(error, HTTPError) or error.code in _WORTH_A_TRY


def _told_error(error: Exception) -> str:
    """What went wrong, without the text of the error: it may hold the address, which often is the secret itself."""
    if isinstance(error, HTTPError):
        return f"the server answered {error.code}"
    reason = getattr(error, "reason", None)
    inner = f" ({type(reason).__name__})" if isinstance(reason, Exception) else ""
    return f"{type(error).__name__}{inner}"


def _check(callback: object, webhook: object, *, retries: Any, timeout: Any, queue: Any) -> None:
    if (callback is None) == (webhook is None):
        raise ConfigError(
            f"A notifier must have a callback or a webhook - got {'neither' if callback is None else 'both'}. "
            "Give one of the two."
        )
    if callback is not None and not callable(callback):
        raise ConfigError(f"callback must be a function of one alert - got {type(callback).__name__}.")
    if webhook is not None:
        _check_address(webhook)
    for name, value, least in (("retries", retries, 0), ("queue", queue, 1)):
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise ConfigError(f"{name} must be a whole number from {least} up - got {value!r}.")
    if not (is_number(timeout) and timeout > 0):
        raise ConfigError(f"timeout must be a number of seconds above 0 - got {timeout!r}.")


def _check_address(webhook: object) -> None:
    """Refuse what is no address for a post; the message does not repeat it."""
    try:
        parts = urlsplit(webhook) if isinstance(webhook, str) else None
        fine = parts is not None and parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        parts, fine = None, False
    if not fine:
        got = f"one with {parts.scheme!r}" if parts is not None else type(webhook).__name__
        raise ConfigError(
            f"webhook must be an address that begins with http:// or https:// and names a host - got {got}. "
            "Take the address that the service gave you."
        )
