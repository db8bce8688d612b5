"""What a VOC model answers, on data whose truth is planted: chances, kinds of labels, splits, weights."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import cxml
from cxml import voc
from cxml.datasets import make_comments
from cxml.metrics import expected_calibration_error
from cxml.voc import normalise as spelling
from cxml.voc import semantic
from cxml.voc.family import FAMILY, split

COMMENTS = {"sentiment": "sentiment", "topic": "topic", "key": "comment_id"}


def train(frame, **more):
    return voc.train(frame, **{"track": False, "refit": False, "method": "words", **more})


def drawn(rows, shares=(0.5, 0.5), sure=0.8, seed=0):
    """Comments of which a word tells the label with the chance `sure`, so that no model can be surer."""
    rng = np.random.default_rng(seed)
    target = rng.choice(len(shares), rows, p=shares)
    said = np.where(rng.random(rows) < sure, target, rng.integers(0, len(shares), rows))
    texts = [f"소리{'가나다라'[word]} {rng.choice(list('abcdefgh'))} {rng.integers(10**12):x}" for word in said]
    return pd.DataFrame({"id": range(rows), "text": texts, "label": np.array(list("wxyz"))[target]})


@pytest.fixture(scope="module")
def linear(threads):
    frame = make_comments(400, seed=2).frame
    frame = frame[frame["topic"].isin(["배송", "결제", "품질"])].reset_index(drop=True)
    return voc.train(frame, **COMMENTS, track=False)


@pytest.fixture(scope="module")
def unseen():
    return make_comments(150, seed=77).frame.set_index(np.arange(500, 650))


def test_chances_sum_to_one_and_the_best_is_answered(linear, unseen):
    answer = voc.predict(linear, unseen)
    assert list(answer.columns) == [
        *("comment_id", "sentiment", "sentiment_probability", "sentiment_score"),
        *("topic", "topic_probability", "urgency"),
    ]
    assert answer.index.equals(unseen.index)
    for head in linear.model.heads:
        chance = linear.model.chances(unseen["text"].tolist())[head.name]
        np.testing.assert_allclose(chance.sum(axis=1), 1, atol=1e-6)
        np.testing.assert_allclose(chance.max(axis=1), answer[f"{head.name}_probability"])
        assert answer[head.name].tolist() == [head.labels[place] for place in chance.argmax(axis=1)]
    spread = linear.model.chances(unseen["text"].tolist())["sentiment"] @ [-1, 0, 1]
    np.testing.assert_allclose(answer["sentiment_score"], spread, atol=1e-6)


@pytest.mark.parametrize("method", ["linear", "words"])
def test_chances_are_calibrated(method):
    frame = drawn(900, shares=(0.5, 0.3, 0.2), sure=0.7)
    model = train(frame, topic="label", method=method)
    fresh = drawn(2_000, shares=(0.5, 0.3, 0.2), sure=0.7, seed=1)
    answer = voc.predict(model, fresh)
    right = (answer["topic"] == fresh["label"]).to_numpy(dtype=float)
    assert expected_calibration_error(right, answer["topic_probability"].to_numpy()) < 0.05
    assert model.metrics["holdout_topic_log_loss"] < model.metrics["baseline_topic_log_loss"] + 0.02


def test_a_batch_is_its_records(linear, unseen):
    answer = linear.model.predict(unseen)
    for record, wanted in zip(unseen.to_dict("records"), answer.to_dict("records"), strict=True):
        assert linear.predict_one(record) == pytest.approx(wanted, abs=1e-6)


def test_saved_and_loaded_it_answers_the_same(linear, unseen, tmp_path):
    place = cxml.save(linear, tmp_path / "model")
    wanted = voc.predict(linear, unseen, words=1)
    pd.testing.assert_frame_equal(voc.predict(place, unseen, words=1), wanted, check_exact=True)
    assert sum(one.stat().st_size for one in place.iterdir()) < 25_000_000
    assert cxml.load(place).config == linear.config


def test_the_order_of_rows_changes_nothing_that_is_asked(linear, unseen):
    shuffled = unseen.sample(frac=1, random_state=0)
    wanted = voc.predict(linear, unseen).loc[shuffled.index]
    pd.testing.assert_frame_equal(voc.predict(linear, shuffled), wanted, check_exact=True)


def test_the_order_of_rows_learned_from_hardly_matters():
    frame = drawn(300)
    one, other = (train(part, topic="label") for part in (frame, frame.sample(frac=1, random_state=0)))
    fresh = drawn(200, seed=3)
    answers = [voc.predict(model, fresh) for model in (one, other)]
    assert (answers[0]["topic"] == answers[1]["topic"]).mean() > 0.95
    gap = (answers[0]["topic_probability"] - answers[1]["topic_probability"]).abs()
    assert gap.mean() < 0.05


def test_a_head_learns_from_the_rows_that_it_has_labels_for():
    frame = drawn(400, sure=1.0).rename(columns={"label": "topic"})
    frame["urgency"] = np.where(frame["topic"] == "w", "low", "high")
    frame["topic"] = frame["topic"].where(frame.index < 300)
    frame["urgency"] = frame["urgency"].where(frame.index >= 200)
    model = train(frame, topic="topic", urgency="urgency")
    fresh = drawn(100, sure=1.0, seed=4)
    answer = voc.predict(model, fresh)
    assert (answer["topic"] == fresh["label"]).all()
    assert (answer["urgency"] == np.where(fresh["label"] == "w", "low", "high")).all()
    known = model.held_out
    assert known["topic"].eq(-1).any()
    assert known["urgency"].eq(-1).any()
    assert known["topic_loss"].isna().equals(known["topic"].eq(-1))
    assert known["loss"].notna().all()
    both = known[known["topic"].ge(0) & known["urgency"].ge(0)]
    np.testing.assert_allclose(both["loss"], (both["topic_loss"] + both["urgency_loss"]) / 2)


@pytest.mark.parametrize("method", ["linear", "words", "majority"])
def test_many_labels_a_comment(method, tmp_path):
    rng = np.random.default_rng(0)
    sayings = {
        "배송": ("택배가 늦어요", "도착을 안해요"),
        "앱": ("로그인이 안돼요", "화면이 꺼져요"),
        "요금": ("비싸요", "더 냈어요"),
    }

    def several(rows):
        told = [[topic for topic in sayings if rng.random() < 0.4] for _ in range(rows)]
        texts = [
            " ".join([*(rng.choice(sayings[topic]) for topic in row), f"문의 {place} {rng.integers(10**6)}"])
            for place, row in enumerate(told)
        ]
        return pd.DataFrame({"text": texts, "topic": told})

    model = train(several(240), topic="topic", method=method)
    fresh = several(80)
    answer = voc.predict(model, fresh)
    assert answer["topic"].map(type).eq(list).all()
    assert (answer["topic"].map(len) == answer["topic_probability"].map(len)).all()
    assert all(0.5 <= chance <= 1 for row in answer["topic_probability"] for chance in row)
    one = model.predict_one(fresh.iloc[0].to_dict())
    assert one["topic"] == answer["topic"].iloc[0]
    assert one["topic_probability"] == pytest.approx(answer["topic_probability"].iloc[0], abs=1e-6)
    loaded = cxml.load(cxml.save(model, tmp_path / "model"))
    pd.testing.assert_frame_equal(voc.predict(loaded, fresh), answer)
    right = np.mean([set(said) == set(holds) for said, holds in zip(answer["topic"], fresh["topic"], strict=True)])
    assert (right > 0.9) == (method != "majority")
    routed = voc.predict(model, fresh, rules=[{"queue": "앱팀", "topic": "앱"}])
    assert routed["queue"].eq("앱팀").tolist() == ["앱" in row for row in answer["topic"]]


@pytest.fixture(scope="module")
def stars(threads):
    rng = np.random.default_rng(1)
    given = rng.integers(1, 6, 500)
    near = np.clip(given + rng.choice([-1, 0, 0, 0, 1], 500), 1, 5)
    words = ["", "최악", "별로", "보통", "괜찮음", "최고"]
    texts = [f"{words[star]} 주문 {rng.integers(10**6)}" for star in near]
    frame = pd.DataFrame({"text": texts, "stars": given})
    return train(frame.astype({"stars": float}), sentiment="stars"), words


def test_stars_come_back_as_whole_numbers_with_a_score_in_order(stars):
    model, words = stars
    answer = voc.predict(model, pd.DataFrame({"text": words[1:]}))
    assert [(type(one), one) for one in answer["sentiment"]] == [(int, one) for one in range(1, 6)]
    score = answer["sentiment_score"].to_numpy()
    assert (np.diff(score) > 0).all()
    assert -1 <= score.min() < -0.5 < 0.5 < score.max() <= 1
    assert type(model.predict_one({"text": "최고"})["sentiment"]) is int
    assert model.metrics["holdout_sentiment_kappa"] > 0.7
    assert (answer["urgency"] == "low").all()


def test_rules_may_name_stars(stars):
    model, words = stars
    rules = [{"queue": "구제", "sentiment": ["1", "2"]}, {"queue": "칭찬", "sentiment": "5"}]
    answer = voc.predict(model, pd.DataFrame({"text": words[1:]}), rules=rules)
    assert answer["queue"].tolist() == ["구제", "구제", "general", "general", "칭찬"]


@pytest.mark.parametrize("method", ["linear", "words"])
def test_with_balanced_weights_the_chances_of_a_rare_label_stay_honest(method):
    """Each comment has a word of its own; what only the asked rows of a fold hold must not count there."""
    shares = (0.92, 0.08)
    frame, fresh = drawn(900, shares, sure=0.9), drawn(3_000, shares, sure=0.9, seed=1)
    for weight in (None, "balanced"):
        model = train(frame, topic="label", class_weight=weight, method=method)
        chance = model.model.chances(fresh["text"].tolist())["topic"][:, 1]
        assert chance.mean() == pytest.approx((fresh["label"] == "x").mean(), abs=0.03)
        right = (chance.round() == (fresh["label"] == "x")).to_numpy(dtype=float)
        assert expected_calibration_error(right, np.maximum(chance, 1 - chance)) < 0.05


def test_the_fit_itself_leans_to_the_rare_label_when_balanced():
    from cxml.voc.linear import PLAIN, LinearEngine

    frame, fresh = drawn(900, (0.9, 0.1), sure=0.6), drawn(1_000, (0.9, 0.1), sure=0.6, seed=1)
    head = train(frame, topic="label", method="majority").model.heads[0]
    recall = {}
    for weight in (None, "balanced"):
        engine = LinearEngine(unit="words", class_weight=weight, recipe=PLAIN)
        engine.fit(frame["text"].tolist(), {"topic": head.read(frame)}, [head])
        said = engine.scores(fresh["text"].tolist())["topic"].argmax(axis=1)
        recall[weight] = said[fresh["label"] == "x"].mean()
    assert recall["balanced"] > recall[None] + 0.1


def test_ten_examples_a_label_are_useful():
    frame = make_comments(1_500, seed=4).frame
    frame = frame[frame["topic"].isin(["배송", "결제", "품질", "상담"])]
    few = frame.groupby("topic").head(10)
    rest = frame.drop(few.index)
    model = voc.train(few, topic="topic", track=False)
    accuracy = (voc.predict(model, rest)["topic"] == rest["topic"]).mean()
    most = rest["topic"].value_counts(normalize=True).iloc[0]
    assert len(few) == 10 * few["topic"].nunique()
    assert accuracy > most + 0.1


def test_with_times_the_last_comments_judge():
    frame = make_comments(200, seed=6).frame
    config = replace(train(frame, **COMMENTS, time="time", method="majority").config, test_size=0.25)
    found = split(frame, config)
    days = frame["time"].dt.floor("D")
    assert days.iloc[found.train].max() < days.iloc[found.test].min()
    assert 0.15 < len(found.test) / len(frame) < 0.35
    assert "before" in found.rule or "from" in found.rule


@pytest.mark.parametrize("timed", [False, True])
def test_near_equal_comments_stay_on_one_side(timed):
    frame = make_comments(80, seed=6).frame
    spelled = [frame["text"], frame["text"] + "!!!", frame["text"].str.replace(" ", "")]
    whole = pd.concat([frame.assign(text=text) for text in spelled], ignore_index=True)
    whole["time"] = np.random.default_rng(0).permutation(whole["time"].to_numpy())
    config = train(whole, sentiment="sentiment", method="majority").config
    found = split(whole, replace(config, time="time") if timed else config)
    plain = np.array(["".join(filter(str.isalnum, spelling.normalise(text))) for text in whole["text"]])
    assert not set(plain[found.train]) & set(plain[found.test])
    assert len(found.test) > 10


def test_the_held_out_table_holds_numbers_and_no_text(linear):
    table = linear.held_out
    assert {kind.kind for kind in table.dtypes} <= set("iuf")
    assert {"row", "loss", "sentiment", "sentiment_said", "topic_chance", "topic_loss"} <= set(table.columns)


def test_suggest_picks_unsure_comments(linear, unseen):
    chosen = voc.suggest(linear, unseen.drop(columns=["topic", "sentiment"]), 10)
    assert len(chosen) == 10
    assert set(chosen["comment_id"]) <= set(unseen["comment_id"])
    sure = voc.predict(linear, unseen).set_index("comment_id")["topic_probability"]
    assert sure[chosen["comment_id"]].mean() < sure.mean()


def test_rules_send_comments_to_queues_and_say_which_rule(linear, unseen):
    rules = [
        voc.Rule("긴급팀", urgency="high", name="urgent first"),
        {"queue": "배송팀", "topic": "배송", "sentiment": ["negative", "neutral"]},
    ]
    answer = voc.predict(linear, unseen, rules=rules)
    is_urgent = answer["urgency"] == "high"
    is_delivery = ~is_urgent & (answer["topic"] == "배송") & (answer["sentiment"] != "positive")
    wanted = np.select([is_urgent, is_delivery], ["긴급팀", "배송팀"], "general")
    assert answer["queue"].tolist() == wanted.tolist()
    assert set(answer["queue_rule"]) == {"urgent first", "topic=배송, sentiment=negative|neutral", "default"}
    # a table of rules says the same
    table = pd.DataFrame(
        {
            "queue": ["긴급팀", "배송팀"],
            "topic": [None, "배송"],
            "sentiment": ["", "negative| neutral"],
            "urgency": ["high", np.nan],
            "name": ["urgent first", None],
        }
    )
    pd.testing.assert_frame_equal(voc.predict(linear, unseen, rules=table), answer)
    # rules may name what these few rows do not hold
    one = unseen[answer["topic"] == "결제"].head(1)
    assert voc.predict(linear, one, rules=[{"queue": "배송팀", "topic": "배송"}])["queue"].tolist() == ["general"]


@pytest.fixture
def letters(monkeypatch):
    """An encoder that counts letters: no download, and it can see what n-grams of words cannot."""

    def counts(texts):
        return np.array([[1 + text.count(one) for one in "가나다라0123"] for text in texts], dtype=float)

    def open_toy(name="toy", **settings):
        return semantic.Encoder(name, counts, dimension=8, **settings)

    monkeypatch.setattr(semantic, "open_encoder", open_toy)
    return open_toy


def test_an_encoder_joins_is_saved_and_opened_again(letters, tmp_path, monkeypatch):
    # No word comes twice; only which letter they are full of tells the label.
    rng = np.random.default_rng(0)

    def words(rows):
        label = rng.integers(0, 2, rows)
        texts = ["".join(rng.permutation(list("가" * (6 - 4 * one) + "나" * (2 + 4 * one)))) for one in label]
        return pd.DataFrame({"text": [f"{text}{place:04d}" for place, text in enumerate(texts)], "topic": label})

    frame, fresh = words(240), words(120)
    joined = train(frame, topic="topic", method="linear", encoder="toy")
    answer = voc.predict(joined, fresh)
    assert (answer["topic"] == fresh["topic"]).mean() > 0.95
    assert joined.config.encoder == "toy"
    for place in range(10):
        one = joined.predict_one({"text": fresh["text"].iloc[place]})
        assert one["topic_probability"] == pytest.approx(answer["topic_probability"].iloc[place], abs=1e-6)
    folder = cxml.save(joined, tmp_path / "model")
    pd.testing.assert_frame_equal(voc.predict(folder, fresh), answer)
    # another encoder under this name is refused
    monkeypatch.setattr(
        semantic,
        "open_encoder",
        lambda name, **more: semantic.Encoder(name, lambda texts: np.eye(8)[[len(t) % 8 for t in texts]], dimension=8),
    )
    with pytest.raises(cxml.CxmlError, match=r"encoder that it learned with, 'toy'.*train again"):
        voc.predict(folder, fresh)


def test_the_returned_fit_knows_all_labels_and_was_judged_with_them():
    frame = drawn(300, shares=(0.5, 0.48, 0.02), sure=1.0)
    model = voc.train(frame, topic="label", method="words", track=False)
    assert model.model.heads[0].labels == ("w", "x", "y")
    assert FAMILY.name == "voc"
    assert set(model.verdict.metrics) == {"words", "majority"}
