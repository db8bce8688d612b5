"""What the README shows works as it stands, is short, and says the same in both languages."""

import ast
import re

import pytest

import pages

ENGLISH, KOREAN = pages.READMES
#: Fewer rows than the reader's: the verdict stays, the test is quick.
QUICKER = {
    "make_customers(4000)": "make_customers(1500)",
    "make_offers(1000, 120)": "make_offers(500, 100)",
    "make_contacts(240, 1)": "make_contacts(160, 1)",
}


def leaves_who_was_said_to(names, shown):
    answer = names["answer"]
    assert "roc_auc" in shown
    assert "likely to leave" in answer["reasons_text"].iloc[0]
    assert answer["churn_probability"].between(0, 1).all()
    assert answer["expected_profit"].notna().all()


def offers_keep_to_the_policy(names, shown):
    chosen = names["chosen"].merge(names["made"].customers, on="customer_id")
    assert (chosen["age"] >= 19).all()
    assert chosen.loc[chosen["channel"] == "sms", "sms_ok"].all()
    assert 0 < (chosen["channel"] == "call").sum() <= 40
    assert chosen["rank"].isin([1, 2]).all()
    assert (chosen["expected_value"] > 0).all()
    assert "none" not in set(chosen["offer"])


def agents_are_enough(names, shown):
    agents = names["agents"]
    assert (agents["meets_target"] >= 0.9).all()
    assert (agents["scheduled"] >= agents["agents"]).all()
    assert names["forecast"]["contacts-lo-90"].le(names["forecast"]["contacts-hi-90"]).all()


def comments_reach_their_queues_and_what_is_new_is_found(names, shown):
    assert {"urgent desk", "logistics"} <= {*names["answers"]["queue"]}
    assert names["answers"]["topic_words"].map(len).max() == 2
    assert "로그인" in shown


def alarms_are_raised_within_reason_and_a_stream_goes_on(names, shown):
    from cxml import anomaly

    alerts = anomaly.alerts(names["scored"])
    assert 0 < len(alerts) <= 20  # the budget is 5 a week, for two weeks at most, with trouble planted in them
    assert alerts["severity"].between(0, 100).all()
    assert len(names["scored"]) == names["late"].sum()
    assert {"score", "is_anomaly", "alert", "severity"} <= {*names["told"]}


def the_champion_answers_a_record(names, shown):
    assert {"boosted", "logistic", "base_rate"} <= set(names["runs"]["run"].str.rpartition("/")[2])
    assert names["promoted"].against_baseline.mean < 0
    assert 0 < names["champion"].predict_one(names["customers"].iloc[0].to_dict())["churn_probability"] < 1


@pytest.fixture(scope="module")
def ran(tmp_path_factory, migrated, mlflow):
    """What the README's code leaves behind, and what it shows: run once, from top to bottom."""
    import contextlib
    import io
    import shutil

    from stores import working_in

    place = tmp_path_factory.mktemp("readme")
    shutil.copy(migrated, place / "mlflow.db")
    shown = io.StringIO()
    with working_in(place, f"sqlite:///{place / 'mlflow.db'}"), contextlib.redirect_stdout(shown):
        names = pages.run_code(ENGLISH, quicker=QUICKER)
    return names, shown.getvalue()


@pytest.mark.parametrize(
    "holds",
    [
        leaves_who_was_said_to,
        offers_keep_to_the_policy,
        agents_are_enough,
        comments_reach_their_queues_and_what_is_new_is_found,
        alarms_are_raised_within_reason_and_a_stream_goes_on,
        the_champion_answers_a_record,
    ],
    ids=lambda holds: holds.__name__,
)
def test_each_example_does_what_is_said(holds, ran):
    holds(*ran)


@pytest.mark.parametrize("page", pages.READMES, ids=lambda page: page.name)
def test_it_is_short(page):
    text = pages.text_of(page)
    assert len(text.splitlines()) <= 230
    assert all(len([*filter(str.strip, block.splitlines())]) < 10 for block in pages.blocks(text, "python"))


def both(reads):
    """What is read of one and of the other."""
    return tuple(reads(pages.text_of(page)) for page in pages.READMES)


def test_both_hold_the_same_code_but_for_comments():
    english, korean = both(lambda text: [ast.dump(ast.parse(block)) for block in pages.blocks(text, "python")])
    assert english == korean
    english, korean = both(lambda text: list(pages.commands(text)))
    assert english == korean


def rows(text):
    """The rows of its tables, each as the numbers in it."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [sorted(re.findall(r"\d+(?:,\d{3})*(?:\.\d+)?|\.\d+", re.sub(r"\([^)]*\)", "", line))) for line in lines]


def test_both_hold_the_same_figures():
    english, korean = both(rows)
    assert english == korean
    english, korean = both(lambda text: set(re.findall(r"\d+\.\d+|(?<!\d)\.\d+|\d{3,}", pages.prose(text))))
    assert english == korean


def test_both_have_the_same_parts_and_lead_to_the_same_places():
    english, korean = both(lambda text: [len(marks) for marks in re.findall(r"^(#+) ", pages.prose(text), flags=re.M)])
    assert english == korean
    assert len(english) > 10
    english, korean = both(pages.links)
    assert set(english) ^ set(korean) == {"README.md", "README.ko.md"}


def test_the_korean_one_is_korean():
    letters = re.findall(r"[A-Za-z가-힣]", re.sub(r"`[^`]*`|\([^)]*\)", "", pages.prose(pages.text_of(KOREAN))))
    assert sum(letter >= "가" for letter in letters) > 0.6 * len(letters)
