"""`promote(on=)` in each family: two models that did not hold out the same rows, judged on rows new to both."""

from typing import ClassVar

import pytest

import builders
import cxml
from cxml import anomaly, churn, offers, voc, volume
from cxml.errors import FrameError
from cxml.metrics import wape

pytestmark = [
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated"),
    # A rate needs no column, so there is nothing that an example could show.
    pytest.mark.filterwarnings("ignore:.*An input example was not provided"),
]

CHURN = {"target": builders.TARGET, "key": builders.KEY, "method": "logistic", "pictures": False}
OFFERS = {
    "offer": "offer",
    "response": "accepted",
    "key": builders.KEY,
    "time": "sent_at",
    "method": "popular",
    "pictures": False,
}
VOC = {"text": "text", "sentiment": "sentiment", "method": "majority", "pictures": False}


def others(frame, letter):
    """The same kind of customers under other keys."""
    return frame.assign(**{builders.KEY: letter + frame[builders.KEY].astype(str)})


def judged(train, first, second, on):
    """The comparison of two models on other rows, whichever of them is better."""
    cxml.promote(train(first), name="judged", alias="in_use")
    found = cxml.promote(train(second), name="judged", alias="in_use", on=on, tolerance=1e6)
    return found.against_champion


def test_churn_on_other_customers(store):
    made = [others(builders.customers_of(n, seed), letter) for n, seed, letter in ((400, 1, "a"), (400, 2, "b"))]
    on = others(builders.customers_of(150, 3), "c")
    assert judged(lambda frame: churn.train(frame, **CHURN), *made, on).rows == 150


def test_offers_on_other_customers(store):
    frame = builders.offers_of()
    third = frame[builders.KEY].rank(method="dense") % 3
    first, second, on = (frame[third == number] for number in range(3))
    found = judged(lambda one: offers.train(one, **OFFERS), first, second, on)
    assert 100 <= found.rows <= len(on)


def test_voc_on_other_comments(store):
    made = [builders.comments_of(200, seed) for seed in (1, 2)]
    on = builders.comments_of(200, 3)
    found = judged(lambda frame: voc.train(frame, **VOC), *made, on)
    assert 100 <= found.rows <= 200


class TestVolume:
    WORDS: ClassVar = {"horizon": 7, "pictures": False}

    @pytest.fixture
    def contacts(self):
        frame = builders.contacts_of(130, 6)
        return frame, frame["ds"].drop_duplicates().sort_values().reset_index(drop=True)

    def test_rolls_through_the_rows_after_both_histories(self, store, contacts):
        frame, days = contacts
        older, newer = frame[frame["ds"] < days[80]], frame[frame["ds"] < days[105]]
        champion = volume.train(older, method="weekday_mean", **self.WORDS)
        cxml.promote(champion)
        challenger = volume.train(newer, method="weekday_mean", **self.WORDS)
        found = cxml.promote(challenger, on=frame, tolerance=1e6)
        assert found.against_champion.rows == 6 * 25
        assert champion.model.as_of(frame.head(1))[0] == days[80], "who judges changes no model"

    def test_an_older_model_of_the_same_method_is_not_judged_by_its_age(self, contacts):
        """The mean of the last weeks: told what came since, it forecasts what a fresh one does."""
        from cxml.volume.evaluate import answer

        frame, days = contacts
        older, newer = (
            volume.train(frame[frame["ds"] < days[end]], method="weekday_mean", track=False, **self.WORDS)
            for end in (80, 105)
        )
        found = answer({"newer": newer.model, "older": older.model}, frame, newer.config)
        told, by_older = (found[name]["contacts"] for name in ("newer", "older"))
        assert found["newer"]["ds"].min() == days[105]
        # What is left is the spread around forecasts, which was learned at another time.
        assert wape(told, by_older) < 0.02 < wape(told, found["newer"]["y"])

    def test_later_rows_alone_and_rows_that_are_known_are_refused(self, store, contacts):
        frame, days = contacts
        past = frame[frame["ds"] < days[80]]
        model = volume.train(past, method="weekday_mean", **self.WORDS)
        cxml.promote(model)
        with pytest.raises(FrameError, match=r"like those of a training - .* To judge forecasts, give the table up to"):
            cxml.promote(model, on=frame[frame["ds"] >= days[120]], tolerance=1e6)
        with pytest.raises(FrameError, match=r"after the histories of both - none of 480 rows is\. Give the table up"):
            cxml.promote(model, on=past, tolerance=1e6)


def test_anomaly_on_later_rows(store):
    frame = builders.metrics_of(8, 30)
    hours = frame["ds"].drop_duplicates().sort_values().reset_index(drop=True)
    words = {"metric": "count", "method": "robust_z", "label": "label", "pictures": False}
    made = [frame[frame["ds"] < hours[24 * days]] for days in (14, 16)]
    on = frame[frame["ds"] >= hours[24 * 16]]
    found = judged(lambda one: anomaly.train(one, **words), *made, on)
    assert found.rows >= 100


def test_the_last_baseline_has_none_to_beat_and_may_be_the_first_champion(store, mlflow):
    frame = builders.customers_of(600, 1)
    words = {**CHURN, "method": "base_rate"}
    model = churn.train(frame, **words)
    found = cxml.promote(model)
    assert found.against_baseline is None
    assert str(found).endswith("against its baseline: it is one itself; the champion: there was none")
    assert repr(found) == str(found)
    tags = mlflow.MlflowClient().get_model_version_by_alias("churn", "champion").tags
    assert "cxml.against_baseline" not in tags
    with pytest.raises(cxml.PromotionRefused, match=r"churn/base_rate must beat churn@champion .*\+0\.0000"):
        cxml.promote(model)
