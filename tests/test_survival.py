"""When: hazards that were planted are found again, with the customers still here counted as such."""

import numpy as np
import pandas as pd
import pytest

import builders
from cxml import churn
from cxml.errors import ConfigError, FrameError

HAZARD = {"loose": 0.15, "bound": 0.03}
WORDS = {"target": "left", "key": "id", "duration": "months", "track": False, "refit": False, "pictures": False}


def planted(n=1500, seed=0):
    """Two groups, each with a constant hazard, seen for 1 to 18 months: most of the bound ones are still here."""
    random = np.random.default_rng(seed)
    group = random.choice(list(HAZARD), n)
    life = random.geometric([HAZARD[one] for one in group]) - 1
    seen = random.integers(1, 19, n)
    frame = pd.DataFrame({"id": range(n), "group": group, "noise": random.random(n).round(2)})
    return frame.assign(months=np.minimum(life, seen), left=np.where(life < seen, "yes", "no"))


@pytest.fixture(scope="module")
def model(threads):
    return churn.train(planted(), **WORDS, method="survival", horizon=6)


@pytest.fixture(scope="module")
def table(threads):
    return churn.train(planted(), **WORDS, method="life_table", horizon=6)


@pytest.fixture
def two():
    return pd.DataFrame({"id": [1, 2], "group": ["loose", "bound"], "noise": [0.5, 0.5], "months": [0, 0]})


def test_the_planted_hazards_are_recovered(model, two):
    months = [0, 1, 3, 6, 12]
    found = churn.predict(model, two, months=months)
    assert list(found.columns)[:3] == ["id", "churn_probability", "expected_month"]
    for month in months:
        truth = [(1 - HAZARD[group]) ** month for group in two["group"]]
        assert found[f"survival_month_{month}"].to_numpy() == pytest.approx(truth, abs=0.07)
    np.testing.assert_allclose(found["churn_probability"], 1 - found["survival_month_6"], atol=1e-12)


def test_customers_still_here_are_censored_and_not_counted_as_staying():
    """Counting everybody who was not seen leaving as one who stays would take a quarter off the risk."""
    frame = planted(4000, seed=1)
    bound = frame[frame["group"] == "bound"]
    naive = 1 - ((bound["left"] == "yes") & (bound["months"] < 12)).mean()
    truth = (1 - HAZARD["bound"]) ** 12
    assert naive > truth + 0.06
    model = churn.train(bound, **WORDS, method="life_table")
    found = churn.predict(model, bound.head(1).assign(months=0), months=[12])["survival_month_12"].iloc[0]
    assert found == pytest.approx(truth, abs=0.05)


def test_the_curve_starts_at_one_and_never_rises(model, two):
    curve = model.model.survival(two)
    assert (curve[:, 0] == 1.0).all()
    assert (np.diff(curve, axis=1) <= 1e-12).all()
    assert (curve > 0).all()
    assert (curve[0, 1:] < curve[1, 1:]).all()
    between = model.model.survival(two, [2.0, 2.5, 3.0])
    assert (between[:, 0] > between[:, 1]).all()
    assert (between[:, 1] > between[:, 2]).all()
    far = model.model.survival(two, [500.0])
    assert ((far >= 0) & (far < curve[:, [-1]])).all()


def test_the_expected_month_is_the_area_under_the_curve(model, two):
    expected = model.model.predict(two)["expected_month"].to_numpy()
    curve = model.model.survival(two)
    np.testing.assert_allclose(expected, np.trapezoid(curve, dx=1.0, axis=1), atol=1e-9)
    assert expected[0] < expected[1]
    assert expected[0] == pytest.approx(1 / HAZARD["loose"], abs=1.7)


def test_the_answer_is_for_somebody_who_has_come_so_far(threads):
    """Risky at first, then safe: who has passed the first months is much safer than a newcomer."""
    random = np.random.default_rng(3)
    n = 1500
    life = np.where(random.random(n) < 0.5, random.integers(0, 3, n), 100)
    seen = random.integers(1, 13, n)
    frame = pd.DataFrame({"id": range(n), "noise": random.random(n).round(2), "months": np.minimum(life, seen)})
    frame["left"] = np.where(life < seen, "yes", "no")
    for method in ("life_table", "survival"):
        model = churn.train(frame, **WORDS, method=method, horizon=3)
        asked = pd.DataFrame({"id": [1, 2], "noise": [0.5, 0.5], "months": [0, 5]})
        newcomer, settled = churn.predict(model, asked)["churn_probability"]
        assert newcomer == pytest.approx(0.5, abs=0.08)
        assert settled < 0.05


def test_it_orders_customers_better_than_the_life_table(model):
    assert list(model.verdict.metrics) == ["survival", "life_table"]
    assert model.metrics["baseline_concordance"] == pytest.approx(0.5)
    assert model.metrics["holdout_concordance"] > 0.6
    assert model.metrics["holdout_survival_log_loss"] < model.metrics["baseline_survival_log_loss"] - 0.03
    assert model.verdict.headline == "survival_log_loss"


def test_the_life_table_is_the_kaplan_meier_estimate(table):
    """By hand: of those who reach a month, the share who leave in it (but for a small pull to the mean)."""
    frame = planted()
    curve = table.model.survival(frame.head(1).assign(months=0))[0]
    stay, by_hand = 1.0, [1.0]
    for month in range(int(frame["months"].max()) + 1):
        reached = frame[frame["months"] >= month]
        gone = ((reached["months"] == month) & (reached["left"] == "yes")).sum()
        stay *= 1 - gone / len(reached)
        by_hand.append(stay)
    np.testing.assert_allclose(curve[:12], by_hand[:12], atol=0.05)


@pytest.mark.parametrize("name", ["churn/survival", "churn/life_table"])
def test_months_that_make_no_sense_are_refused(trained, customers, name):
    with pytest.raises(ConfigError, match=r"months= must be periods from now, 0 or more - got -1"):
        churn.predict(trained(name), customers, months=[3, -1])


@pytest.mark.parametrize("bad", [None, -1])
def test_a_duration_that_is_missing_or_negative_is_refused(trained, customers, bad):
    frame = customers.head(4).assign(tenure_months=[1, bad, 2, bad])
    with pytest.raises(FrameError, match=r"'tenure_months' must be a number of periods from 0 up - 2 of 4 rows hold a"):
        churn.predict(trained("churn/life_table"), frame)


def test_the_duration_is_needed_to_predict(trained, customers):
    with pytest.raises(FrameError, match=r"needs the column 'tenure_months'"):
        churn.predict(trained("churn/life_table"), customers.drop(columns="tenure_months"))


def test_longer_durations_than_ever_seen_are_answered(trained, customers):
    frame = customers.head(3).assign(tenure_months=[0, 119, 5000])
    answer = churn.predict(trained("churn/survival"), frame, months=[1, 600])
    assert np.isfinite(answer.drop(columns="customer_id").to_numpy()).all()


def test_durations_of_days_get_wider_periods(threads):
    frame = planted(400).assign(months=lambda f: f["months"] * 30 + 7)
    model = churn.train(frame, **WORDS, method="life_table", horizon=90)
    curve = model.model.survival(frame.head(1).assign(months=0))
    assert curve.shape[1] <= 122
    assert np.isfinite(list(model.metrics.values())).all()


def test_fractions_of_a_period_are_durations_too(threads):
    frame = planted(400).assign(months=lambda f: f["months"] + 0.5)
    model = churn.train(frame, **WORDS, method="life_table")
    assert np.isfinite(list(model.metrics.values())).all()


def test_the_method_follows_from_the_duration(customers):
    frame = customers.drop(columns="total_paid").head(200)
    assert builders.RECIPES["churn/survival"].settings["duration"] == "tenure_months"
    model = churn.train(
        frame, target="churned", key="customer_id", duration="tenure_months", track=False, refit=False, pictures=False
    )
    assert model.name == "churn/survival"


def test_ten_copies_of_each_customer_make_no_figure_surer(trained):
    from cxml.churn.evaluate_survival import judge_survival

    one = trained("churn/survival").held_out
    copies = pd.concat([one] * 10, ignore_index=True).assign(group=np.tile(np.arange(len(one)), 10))
    config = trained("churn/survival").config
    once, grouped, alone = (
        judge_survival({"survival": answers}, config)["survival"].metrics
        for answers in (one, copies, copies.drop(columns="group"))
    )
    for place in range(2):
        wide, same, narrow = (metrics[place].high - metrics[place].low for metrics in (once, grouped, alone))
        assert same == pytest.approx(wide)
        assert narrow < 0.6 * wide
