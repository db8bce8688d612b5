"""Which rows judge: the same ones whatever the order, and never ones that the fit has seen."""

import numpy as np
import pandas as pd
import pytest

from cxml.datasets import make_customers, make_snapshots
from cxml.splits import groups_of, stratified_split, time_split


def held_out(frame, *, seed=0, share=0.25):
    target = (frame["churned"] == "yes").to_numpy(dtype=int)
    split = stratified_split(target, groups_of(frame, key="customer_id"), share=share, seed=seed)
    assert not set(split.train) & set(split.test)
    return split, set(frame["customer_id"].iloc[split.test])


def test_each_class_gives_its_share(customers):
    split, _ = held_out(customers)
    target = (customers["churned"] == "yes").to_numpy()
    assert len(split.train) + len(split.test) == len(customers)
    for label in (True, False):
        assert (target[split.test] == label).sum() == pytest.approx(0.25 * (target == label).sum(), abs=1)
    assert split.rule == "stratified by the target, 25% held out by content hash, seed 0"


def test_the_same_customers_are_held_out_in_any_order(customers):
    shuffled = customers.sample(frac=1, random_state=3)
    columns = list(reversed(customers.columns))
    assert held_out(customers)[1] == held_out(shuffled[columns])[1]


def test_another_seed_holds_out_others(customers):
    one, other = held_out(customers)[1], held_out(customers, seed=1)[1]
    assert len(one & other) < 0.5 * len(one)


def test_almost_the_same_customers_are_held_out_when_rows_are_added():
    small = held_out(make_customers(1000, seed=1).frame)[1]
    large = held_out(make_customers(1200, seed=1).frame)[1]
    assert len(small & large) > 0.9 * len(small)


def test_the_same_customers_are_held_out_when_columns_are_added_or_values_change(customers):
    """A challenger with another column must be judged on the champion's rows."""
    other = customers.drop(columns="plan").assign(app_visits=customers["app_visits"] + 1, new=range(len(customers)))
    assert held_out(customers)[1] == held_out(other)[1]


def test_rows_equal_but_for_the_key_stay_on_one_side(customers):
    twins = customers.head(100).assign(customer_id=[f"T{n}" for n in range(100)])
    frame = pd.concat([customers, twins], ignore_index=True)
    split, _ = held_out(frame)
    is_test = np.isin(np.arange(len(frame)), split.test)
    assert (is_test[:100] == is_test[len(customers) :]).all()
    assert is_test[:100].any()


def test_rows_of_one_key_stay_on_one_side():
    frame = make_snapshots(100, months=4).frame
    groups = groups_of(frame, key="customer_id")
    split = stratified_split((frame["churned"] == "yes").to_numpy(dtype=int), groups, share=0.3, seed=0)
    keys = frame["customer_id"].to_numpy()
    assert not set(keys[split.train]) & set(keys[split.test])


def test_keys_and_copies_are_joined_all_along_a_chain():
    """A and B share a key, B and C share their content: all three go together."""
    frame = pd.DataFrame({"id": [1, 1, 2, *range(3, 300)], "x": [0.1, 0.2, 0.2, *range(297)]})
    numbers = groups_of(frame, key="id")
    assert numbers[0] == numbers[1] == numbers[2]
    assert len(set(numbers.tolist())) == 298


def test_few_columns_of_few_values_are_no_copies():
    frame = pd.DataFrame({"id": range(400), "x": np.arange(400) % 2})
    assert len(set(groups_of(frame, key="id").tolist())) == 400
    assert len(set(groups_of(frame[["x"]], key=None).tolist())) == 400


def test_without_a_key_equal_rows_go_together():
    frame = pd.DataFrame({"x": [0.5, 0.5, *range(298)]})
    numbers = groups_of(frame, key=None)
    assert numbers[0] == numbers[1]
    assert len(set(numbers.tolist())) == 299


def test_time_holds_out_the_last_dates_and_keeps_each_customer_on_one_side():
    frame = make_snapshots(200, months=6).frame
    days = frame["as_of"].to_numpy().astype("datetime64[D]").astype(float)
    split = time_split(days, groups_of(frame, key="customer_id"), share=0.25, seed=0)
    assert days[split.train].max() < days[split.test].min()
    assert set(frame["as_of"].iloc[split.test].dt.strftime("%Y-%m-%d")) == {"2024-10-31", "2024-11-30"}
    keys = frame["customer_id"].to_numpy()
    assert not set(keys[split.train]) & set(keys[split.test])
    assert split.rule == "as-of dates from 2024-10-31 on held out, each key on one side, seed 0"


def test_one_date_cannot_be_split_by_time():
    assert time_split(np.zeros(10), np.arange(10, dtype=np.uint64), share=0.25, seed=0) is None
