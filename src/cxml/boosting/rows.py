"""One row at a time, by LightGBM's own single-row function and without the cost of `Booster.predict`."""

from __future__ import annotations

import ctypes
import math
import struct
import threading
import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from lightgbm import Booster

_RAW_SCORE = 1  # C_API_PREDICT_RAW_SCORE
_FLOAT64 = 1  # C_API_DTYPE_FLOAT64
_PROBES = 12


class RowScorer:
    """Scores one row in microseconds, from any number of threads.

    LightGBM's C function for one row needs its arguments prepared once per thread; this keeps them.
    At construction the answers on a few made-up rows, missing values among them, are compared
    with `Booster.predict`. Where the C function is not to be had or disagrees, every call goes
    through `Booster.predict`: the same answers, slower.

    Parameters
    ----------
    booster : lightgbm.Booster
        A trained booster with one raw score per row. It must not be trained further or reloaded
        while the scorer is used; the scorer keeps it alive.

    Attributes
    ----------
    fast : bool
        Whether the C function is used.
    n_features : int
        Length of a row.

    Raises
    ------
    ValueError
        If the booster has several outputs (multiclass), or a row is not `n_features` numbers.

    Examples
    --------
    >>> import lightgbm, numpy as np
    >>> X = np.arange(200.0).reshape(100, 2)
    >>> booster = lightgbm.train({"verbosity": -1}, lightgbm.Dataset(X, X[:, 0]), 2)
    >>> scorer = RowScorer(booster)
    >>> float(booster.predict([[3.0, float("nan")]])[0]) - scorer([3.0, float("nan")])
    0.0
    >>> scorer([3.0])
    Traceback (most recent call last):
        ...
    ValueError: A row must be 2 numbers (NaN where missing), got 1: [3.0].
    """

    def __init__(self, booster: Booster) -> None:
        outputs = booster.num_model_per_iteration()
        if outputs != 1:
            raise ValueError(f"A row scorer needs a booster with one raw score per row, got {outputs}.")
        self.n_features = booster.num_feature()
        self._booster = booster
        self._local = threading.local()
        self._library = _library()
        self.fast = self._library is not None and self._agrees()

    def __call__(self, values: Sequence[float]) -> float:
        """Return the raw score of one row.

        Parameters
        ----------
        values : sequence of float, length n_features
            The row in the booster's column order; NaN where missing, a category as its code.

        Returns
        -------
        float
            The raw score: log-odds for a binary booster.
        """
        if not self.fast:
            return self._slow(values)
        try:
            score = self._local.score
        except AttributeError:
            score = self._local.score = self._prepare()
        try:
            return score(values)  # type: ignore[no-any-return]
        except (struct.error, TypeError):
            raise self._refusal(values) from None

    def _slow(self, values: Sequence[float]) -> float:
        try:
            row = np.array([values], dtype=np.float64)
        except (TypeError, ValueError):
            raise self._refusal(values) from None
        if row.shape != (1, self.n_features):
            raise self._refusal(values)
        return float(self._booster.predict(row, raw_score=True)[0])

    def _refusal(self, values: Sequence[float]) -> ValueError:
        got = f"{len(values)}: {values!r:.80}" if hasattr(values, "__len__") else repr(values)
        return ValueError(f"A row must be {self.n_features} numbers (NaN where missing), got {got}.")

    def _prepare(self) -> Callable[[Sequence[float]], float]:
        return _thread_scorer(self._library, self._booster, self.n_features)

    def _agrees(self) -> bool:
        """Whether the C function answers as `Booster.predict` does, on rows that reach all kinds of splits."""
        rows = _probe_rows(self.n_features)
        try:
            score = self._local.score = self._prepare()
            found = [score(row) for row in rows.tolist()]
        except (OSError, AttributeError, ctypes.ArgumentError):
            return False
        expected = np.asarray(self._booster.predict(rows, raw_score=True)).tolist()
        return all(math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-12) for a, b in zip(found, expected, strict=True))


def _probe_rows(n_features: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    random = np.random.default_rng(0)
    rows = random.normal(size=(_PROBES, n_features)) * np.logspace(-2, 4, _PROBES)[:, None]
    rows[1::3] = np.abs(rows[1::3]).round()  # category codes, zeros among them
    rows[2::3][random.random(rows[2::3].shape) < 0.5] = np.nan
    rows[0] = np.nan
    rows[1] = 0.0
    return rows


def _library() -> Any:
    """Return LightGBM's library as a handle of our own, or None where its private name is gone.

    `PyDLL` keeps the interpreter lock during a call. A call takes microseconds; giving the lock up
    would let another thread hold it for a switch interval (5 ms) before the answer returns.
    """
    try:
        from lightgbm import basic

        shared: ctypes.CDLL = basic._LIB  # type: ignore[attr-defined]
        library = ctypes.PyDLL(shared._name, handle=shared._handle)
        score = library.LGBM_BoosterPredictForMatSingleRowFast
        start = library.LGBM_BoosterPredictForMatSingleRowFastInit
        free = library.LGBM_FastConfigFree
    except (ImportError, AttributeError, OSError):
        return None
    pointer, number = ctypes.c_void_p, ctypes.c_int
    score.argtypes = [pointer, pointer, pointer, pointer]
    start.argtypes = [pointer, number, number, number, number, ctypes.c_int32, ctypes.c_char_p, pointer]
    free.argtypes = [pointer]
    return library


def _thread_scorer(library: Any, booster: Booster, n_features: int) -> Callable[[Sequence[float]], float]:
    """Prepare LightGBM's arguments for one thread, and free them when that thread's scorer is dropped."""
    config = ctypes.c_void_p()
    failed = library.LGBM_BoosterPredictForMatSingleRowFastInit(
        booster._handle,
        _RAW_SCORE,
        0,
        booster.best_iteration,  # 0 or less means all, as in `Booster.predict`
        _FLOAT64,
        n_features,
        b"num_threads=1 verbosity=-1",
        ctypes.byref(config),
    )
    if failed:
        raise OSError("LightGBM refused to prepare its single-row function")
    row, length, result = (ctypes.c_double * n_features)(), ctypes.c_int64(), ctypes.c_double()
    pack = struct.Struct(f"{n_features}d").pack_into
    call = library.LGBM_BoosterPredictForMatSingleRowFast
    handle, row_at = config.value or 0, ctypes.addressof(row)
    length_at, result_at = ctypes.addressof(length), ctypes.addressof(result)

    def score(values: Sequence[float]) -> float:
        pack(row, 0, *values)
        if call(handle, row_at, length_at, result_at):
            raise OSError("LightGBM's single-row function failed")
        return result.value

    # `booster` rides along: the prepared arguments point into it, so they must go first
    freeing = weakref.finalize(score, _free, library, handle, (booster, length))
    freeing.atexit = False  # a thread may still be scoring then, and the process gives all back anyway
    return score


def _free(library: Any, handle: int, _owner: object) -> None:
    library.LGBM_FastConfigFree(handle)
