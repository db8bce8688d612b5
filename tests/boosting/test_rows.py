from __future__ import annotations

import gc
import math
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import lightgbm
import numpy as np
import pytest

from cxml.boosting import RowScorer
from cxml.boosting import rows as rows_module


def test_one_row_scores_as_in_a_batch(booster, rows):
    X = rows(200, 2, strange=True)[:, : booster.num_feature()]
    scorer = RowScorer(booster)
    assert scorer.fast
    assert [scorer(row) for row in X.tolist()] == booster.predict(X, raw_score=True).tolist()


def test_the_raw_score_of_a_binary_booster(rows):
    X = np.nan_to_num(rows(300, 0))
    settings = {"objective": "binary", "verbosity": -1, "num_threads": 1}
    booster = lightgbm.train(settings, lightgbm.Dataset(X, X[:, 0] > 0), 3)
    scorer = RowScorer(booster)
    assert scorer.fast
    assert scorer(X[0].tolist()) == booster.predict(X[:1], raw_score=True)[0]


def test_the_best_round_counts(train):
    booster = train("numbers")
    booster.best_iteration = 2
    row, scorer = [1.0] * 5, RowScorer(booster)
    assert scorer.fast
    assert scorer(row) == booster.predict([row])[0] != booster.predict([row], num_iteration=6)[0]


def test_whole_numbers_arrays_and_tuples_are_rows(train):
    booster = train("numbers")
    scorer = RowScorer(booster)
    expected = booster.predict([[1.0, 0.0, 2.0, 3.0, 4.0]])[0]
    assert scorer((True, 0, 2, 3, 4)) == scorer(np.array([1.0, 0.0, 2.0, 3.0, 4.0])) == expected


def test_eight_threads_at_once(train, rows):
    booster = train("categories", rounds=40)
    X = rows(400, 3, strange=True)
    scorer, table = RowScorer(booster), X.tolist()
    start = threading.Barrier(8)

    def work(shift: int) -> list[float]:
        start.wait()
        order = [(place + 50 * shift) % 400 for place in range(400)]
        found = {place: scorer(table[place]) for place in order}
        return [found[place] for place in range(400)]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(work, range(8)))
    expected = booster.predict(X, raw_score=True).tolist()
    assert all(answer == expected for answer in answers)


def test_prepared_arguments_are_freed_before_the_booster(train, monkeypatch):
    freed = []
    free = rows_module._free

    def watch(library, handle, owner):
        freed.append((handle, kept() is not None))
        free(library, handle, owner)

    monkeypatch.setattr(rows_module, "_free", watch)
    booster = train("numbers", rounds=1)
    kept = weakref.ref(booster)
    scorer = RowScorer(booster)
    del booster
    thread = threading.Thread(target=scorer, args=([0.0] * 5,))
    thread.start()
    thread.join()
    gc.collect()
    assert [alive for _, alive in freed] == [True]  # the thread's own, at its end
    assert math.isfinite(scorer([0.0] * 5))
    del scorer, thread
    gc.collect()
    assert [alive for _, alive in freed] == [True, True]
    assert kept() is None


def test_without_the_private_library_the_answers_are_the_same(train, rows, monkeypatch):
    monkeypatch.delattr(lightgbm.basic, "_LIB")
    monkeypatch.setattr(rows_module, "_library", lambda: library)
    library = None
    booster = FakeBooster()
    scorer = RowScorer(booster)  # type: ignore[arg-type]
    assert not scorer.fast
    assert scorer([1.0, 2.0]) == 3.0


class FakeBooster:
    """Sums its row; LightGBM itself cannot be used while its library is hidden."""

    def num_model_per_iteration(self) -> int:
        return 1

    def num_feature(self) -> int:
        return 2

    def predict(self, rows, raw_score):
        assert raw_score
        return np.asarray(rows).sum(axis=1)


def test_a_missing_private_name_is_noticed(monkeypatch):
    monkeypatch.delattr(lightgbm.basic, "_LIB")
    assert rows_module._library() is None


def test_a_fast_function_that_disagrees_is_not_used(train, monkeypatch):
    booster = train("missing")
    made = rows_module._thread_scorer

    def wrong(*arguments):
        score = made(*arguments)
        return lambda values: score(values) + (1e-6 if values[0] != values[0] else 0.0)

    monkeypatch.setattr(rows_module, "_thread_scorer", wrong)
    scorer = RowScorer(booster)
    assert not scorer.fast
    assert scorer([float("nan")] * 5) == booster.predict([[float("nan")] * 5])[0]


def test_a_refusal_of_the_library_means_slow(train, monkeypatch):
    def refuse(*arguments):
        raise OSError

    monkeypatch.setattr(rows_module, "_thread_scorer", refuse)
    assert not RowScorer(train("numbers")).fast


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize(
    ("row", "message"),
    [
        ([1.0] * 4, r"must be 5 numbers .*, got 4: \[1.0"),
        ([1.0] * 6, "must be 5 numbers .*, got 6"),
        ([], "got 0"),
        (["a"] * 5, "got 5: "),
        (3.0, "got 3.0"),
    ],
)
def test_a_bad_row_is_refused(train, fast, row, message):
    scorer = RowScorer(train("numbers"))
    scorer.fast = fast
    with pytest.raises(ValueError, match=message):
        scorer(row)
    assert math.isfinite(scorer([0.0] * 5))


def test_several_outputs_are_refused(rows):
    X = np.nan_to_num(rows(90, 0))
    settings = {"objective": "multiclass", "num_class": 3, "verbosity": -1, "num_threads": 1}
    booster = lightgbm.train(settings, lightgbm.Dataset(X, np.arange(90) % 3), 1)
    with pytest.raises(ValueError, match="one raw score per row, got 3"):
        RowScorer(booster)
