"""The invented comments with personal data: their places are right, their halves share nothing, their digits check."""

import re

import pandas as pd
import pytest

from cxml.datasets import _personal_en, _personal_ko
from cxml.datasets.personal_data import PersonalTexts, make_personal_data
from cxml.errors import ConfigError

HALVES = [(_personal_ko.DEV, _personal_ko.TEST), (_personal_en.DEV, _personal_en.TEST)]


@pytest.fixture(scope="module", params=["dev", "test"])
def made(request):
    return make_personal_data(1_500, language="both", part=request.param, seed=3)


def values(made, kind):
    rows = made.spans[made.spans["kind"] == kind]
    return [
        made.frame["text"].iloc[row][start:end] for row, start, end in zip(rows.row, rows.start, rows.end, strict=True)
    ]


def test_the_same_seed_gives_the_same_comments_and_more_keep_the_first():
    first, again, more = (make_personal_data(size, language="both", seed=5) for size in (40, 40, 60))
    pd.testing.assert_frame_equal(first.frame, again.frame)
    pd.testing.assert_frame_equal(first.spans, again.spans)
    pd.testing.assert_frame_equal(first.frame, more.frame.iloc[:40])
    assert not first.frame.equals(make_personal_data(40, language="both", seed=6).frame)


def test_every_kind_occurs_and_spans_neither_overlap_nor_leave_the_text(made):
    kinds = {"PHONE", "RRN", "FRN", "SSN", "ACCOUNT", "CARD", "PASSPORT", "DRIVER_LICENCE", "BUSINESS_NUMBER"}
    assert set(made.spans["kind"]) == kinds | {"EMAIL", "ADDRESS", "PLATE", "NAME"}
    lengths = made.frame["text"].str.len().to_numpy()[made.spans["row"]]
    assert (made.spans["end"] <= lengths).all()
    before = made.spans.groupby("row")["end"].shift()
    assert (made.spans["start"] >= before.fillna(0)).all()


def test_about_half_the_comments_hold_nothing_personal(made):
    assert 0.3 < 1 - made.spans["row"].nunique() / len(made.frame) < 0.6


def test_no_slot_is_left_unfilled(made):
    assert not made.frame["text"].str.contains(r"[{}#]\w*[{}]").any()
    assert all(value.strip() == value and value for kind in set(made.spans["kind"]) for value in values(made, kind))


def test_resident_numbers_carry_a_date_and_a_digit_of_the_century(made):
    for value in values(made, "RRN") + values(made, "FRN"):
        digits = "".join(str(int(one)) for one in value if one.isdigit())
        assert len(digits) == 13
        assert digits[6] in "12345678"
        pd.Timestamp(
            year=(2000 if digits[6] in "3478" else 1900) + int(digits[:2]), month=int(digits[2:4]), day=int(digits[4:6])
        )


def test_cards_satisfy_luhn_and_business_numbers_their_check_digit(made):
    for value in values(made, "CARD"):
        digits = [int(one) for one in value if one.isdigit()]
        doubled = [sum(map(int, str(2 * one))) for one in digits[-2::-2]]
        assert (sum(doubled) + sum(digits[-1::-2])) % 10 == 0
    for value in values(made, "BUSINESS_NUMBER"):
        digits = [int(one) for one in value if one.isdigit()]
        products = [one * weight for one, weight in zip(digits, [1, 3, 7, 1, 3, 7, 1, 3, 5], strict=False)]
        assert (10 - (sum(products) + products[8] // 10) % 10) % 10 == digits[9]


@pytest.mark.parametrize(("dev", "test"), HALVES)
def test_the_halves_share_no_sentence_no_name_and_few_forms(dev, test):
    for part in ("surnames", "given"):
        assert not set(dev[part].split()) & set(test[part].split())
    assert not set(dev["lookalikes"]) & set(test["lookalikes"])
    assert dev["sentences"].keys() == test["sentences"].keys()
    for kind, sentences in dev["sentences"].items():
        assert not set(sentences) & set(test["sentences"][kind])
    forms = {(kind, form) for kind, listed in test["forms"].items() for form in listed}
    shared = forms & {(kind, form) for kind, listed in dev["forms"].items() for form in listed}
    assert len(shared) < len(forms) / 2


@pytest.mark.parametrize(("dev", "test"), HALVES)
def test_every_slot_of_a_sentence_can_be_filled(dev, test):
    for words in (dev, test):
        sentences = [*words["lookalikes"], *(one for listed in words["sentences"].values() for one in listed)]
        for slot in re.findall(r"\{(\w+)\}", " ".join(sentences)):
            known = words["forms"] if slot.isupper() else words["words"]
            assert slot in known or slot in ("TITLE", "FULL", "GIVEN"), slot


def test_the_description_says_what_was_made():
    few = make_personal_data(20, language="en", part="dev")
    assert isinstance(few, PersonalTexts)
    assert "20 invented English comments, part 'dev'" in few.description


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"n_texts": 0}, r"`n_texts` must be a whole number, 1 or more - got 0\."),
        ({"n_texts": 2.5}, r"`n_texts` must be a whole number, 1 or more - got 2\.5\."),
        ({"seed": -1}, r"`seed` must be a whole number, 0 or more - got -1\."),
        ({"language": "kr"}, r"`language` must be one of 'ko', 'en', 'both' - got 'kr'\."),
        ({"part": "tests"}, r"`part` must be one of 'dev', 'test' - got 'tests'\. Did you mean 'test'\?"),
    ],
)
def test_what_cannot_be_made_is_refused(bad, message):
    with pytest.raises(ConfigError, match=message):
        make_personal_data(**bad)
