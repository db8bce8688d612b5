"""Personal data found in invented comments by cxml, ko-pii, korean-pii and Presidio: recall, precision, comments/s.

The comments are those of `cxml.datasets.make_personal_data(part="test")`: sentences, names and most written forms
differ from the ones that the rules were written with. A true span counts as found where a finding of its kind overlaps
it, and a finding as right likewise; characters are counted whatever the kind. Kinds that a peer does not look for are
left out of its own figures (`kinds` says how many it has) and stand in `recall of all`. Seconds are those of the
processor, on one core.

Where the public comments are at hand, it also counts what cxml finds in 20,000 of them: none was written to be found.

    python benchmarks/voc_privacy.py                     2,000 comments
    python benchmarks/voc_privacy.py --texts 500 --skip presidio
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec

import pandas as pd

from _data import FOLDER, table
from cxml.datasets.personal_data import PersonalTexts, make_personal_data
from cxml.voc.privacy import KINDS, find_personal_data, mask_and_count

Finding = tuple[str, int, int]
Finder = Callable[[str], list[Finding]]
#: What a peer calls a kind. A kind not named here is not looked for by it.
KO_PII = {
    **{kind: kind for kind in ("PHONE", "RRN", "FRN", "ACCOUNT", "CARD", "PASSPORT", "EMAIL", "ADDRESS")},
    "DRIVER_LICENSE": "DRIVER_LICENCE",
    "BUSINESS_REG": "BUSINESS_NUMBER",
    "VEHICLE": "PLATE",
    "PERSON": "NAME",
}
KOREAN_PII = {
    **{kind.lower(): kind for kind in ("PHONE", "RRN", "ACCOUNT", "CARD", "PASSPORT", "EMAIL")},
    "driver_license": "DRIVER_LICENCE",
}
PRESIDIO = {
    "PHONE_NUMBER": "PHONE",
    "EMAIL_ADDRESS": "EMAIL",
    "CREDIT_CARD": "CARD",
    "IBAN_CODE": "ACCOUNT",
    "US_BANK_NUMBER": "ACCOUNT",
    "US_SSN": "SSN",
    "US_PASSPORT": "PASSPORT",
    "US_DRIVER_LICENSE": "DRIVER_LICENCE",
    "KR_RRN": "RRN",
    "KR_FRN": "FRN",
    "KR_BRN": "BUSINESS_NUMBER",
    "KR_DRIVER_LICENSE": "DRIVER_LICENCE",
    "KR_PASSPORT": "PASSPORT",
}
#: Public comments that are counted through: file, column.
PUBLIC = {
    "nsmc": "document",
    "petitions_ko": "content",
    "ynat_dacon_train": "title",
    "kote_val": "text",
    "banking77": "text",
    "airline_tweets": "text",
    "cfpb_1000": "narrative",
}


def cxml_way() -> tuple[Finder, set[str]]:
    return lambda text: [(one.kind, one.start, one.end) for one in find_personal_data(text)], set(KINDS)


def ko_pii() -> tuple[Finder, set[str]]:
    detect = import_module("ko_pii").detect_all
    return lambda text: [(KO_PII.get(one.label, ""), one.start, one.end) for one in detect(text)], set(KO_PII.values())


def korean_pii() -> tuple[Finder, set[str]]:
    detect = import_module("korean_pii").detect
    return lambda text: [(KOREAN_PII.get(one.type, ""), one.start, one.end) for one in detect(text)], set(
        KOREAN_PII.values()
    )


def presidio() -> tuple[Finder, set[str]]:
    """Presidio's pattern recognisers, the Korean ones among them, without a language model."""
    known = import_module("presidio_analyzer.predefined_recognizers")
    names = (
        *(
            "CreditCardRecognizer",
            "EmailRecognizer",
            "IbanRecognizer",
            "PhoneRecognizer",
            "UsSsnRecognizer",
            "UsBankRecognizer",
        ),
        *("UsLicenseRecognizer", "UsPassportRecognizer", "KrRrnRecognizer", "KrFrnRecognizer", "KrBrnRecognizer"),
        *("KrDriverLicenseRecognizer", "KrPassportRecognizer"),
    )
    made = [getattr(known, name) for name in names if hasattr(known, name)]
    recognizers = [
        one(supported_regions=("KR", "US", "GB", "JP", "DE")) if one.__name__ == "PhoneRecognizer" else one()
        for one in made
    ]
    wanted = {entity for one in recognizers for entity in one.supported_entities}

    def find(text: str) -> list[Finding]:
        found = [
            each
            for one in recognizers
            for each in one.analyze(text, one.supported_entities, None) or []
            if each.score >= PRESIDIO_LEAST
        ]
        kept: list[Finding] = []
        for each in sorted(found, key=lambda one: -one.score):
            if all(each.start >= end or each.end <= start for _, start, end in kept):
                kept.append((PRESIDIO.get(each.entity_type, ""), each.start, each.end))
        return kept

    return find, {PRESIDIO[entity] for entity in wanted if entity in PRESIDIO}


#: Without context words Presidio gives its weakest patterns 0.01 to 0.05, which its users cut off.
PRESIDIO_LEAST = 0.3
WAYS = {"cxml": (cxml_way, None), "ko-pii": (ko_pii, "ko_pii"), "korean-pii": (korean_pii, "korean_pii")} | {
    "presidio (patterns)": (presidio, "presidio_analyzer")
}


def overlaps(one: Finding, others: list[Finding]) -> bool:
    return any(one[0] == other[0] and one[1] < other[2] and other[1] < one[2] for other in others)


def judge(made: PersonalTexts, find: Finder, kinds: set[str]) -> dict[str, object]:
    """Measure one way on one set."""
    true: dict[int, list[Finding]] = {row: [] for row in range(len(made.frame))}
    for row, kind, start, end in made.spans.itertuples(index=False):
        true[row].append((kind, start, end))
    begin = time.process_time()
    said = [find(text) for text in made.frame["text"]]
    seconds = time.process_time() - begin
    hits, right, sizes = Counter(), Counter(), Counter()
    for row, found in enumerate(said):
        looked_for = [one for one in true[row] if one[0] in kinds]
        hits.update(overlaps(one, found) for one in looked_for)
        counted = [one for one in found if one[0]]
        # what it finds of a kind that is not measured here is left out, but for look-alikes taken for a measured one
        right.update(overlaps(one, true[row]) for one in counted)
        want = {place for _, start, end in looked_for for place in range(start, end)}
        got = {place for _, start, end in counted for place in range(start, end)}
        personal = {place for _, start, end in true[row] for place in range(start, end)}
        sizes.update(want=len(want), met=len(want & got), got=len(got), good=len(got & personal))
    return {
        "kinds": len(kinds & set(made.spans["kind"])),
        "recall": f"{hits[True] / max(hits.total(), 1):.3f}",
        "precision": f"{right[True] / max(right.total(), 1):.3f}",
        "char recall": f"{sizes['met'] / max(sizes['want'], 1):.3f}",
        "char precision": f"{sizes['good'] / max(sizes['got'], 1):.3f}",
        "recall of all": f"{hits[True] / len(made.spans):.3f}",
        "comments/s": f"{len(made.frame) / seconds:,.0f}",
    }


def by_kind(made: PersonalTexts) -> list[dict[str, object]]:
    """Measure cxml kind by kind."""
    find, _ = cxml_way()
    rows = []
    said = [find(text) for text in made.frame["text"]]
    true = [list(part[["kind", "start", "end"]].itertuples(index=False, name=None)) for _, part in _per_row(made)]
    for kind in KINDS:
        wanted = [overlaps(one, found) for own, found in zip(true, said, strict=True) for one in own if one[0] == kind]
        right = [overlaps(one, own) for own, found in zip(true, said, strict=True) for one in found if one[0] == kind]
        rows.append(
            {
                "kind": kind,
                "places": len(wanted),
                "recall": f"{sum(wanted) / len(wanted):.3f}",
                "precision": f"{sum(right) / len(right):.3f}",
            }
        )
    return rows


def _per_row(made: PersonalTexts) -> list[tuple[int, pd.DataFrame]]:
    return [(row, made.spans[made.spans["row"] == row]) for row in range(len(made.frame))]


def public_counts(most: int) -> list[dict[str, object]]:
    """Count what cxml finds in public comments, per 1,000 of them: counts only, never values."""
    rows = []
    for name, column in PUBLIC.items():
        path = FOLDER / "voc" / f"{name}.csv.gz"
        if not path.is_file():
            print(f"skipped: {name} is not here ({path}). Set CXML_DATA to the folder that holds voc/.")
            continue
        texts = pd.read_csv(path, usecols=[column])[column].fillna("").astype(str)
        texts = texts.sample(min(most, len(texts)), random_state=0)
        begin = time.process_time()
        _, counts = mask_and_count(texts.tolist())
        seconds = time.process_time() - begin
        per = {
            kind: f"{1_000 * counts.get(kind, 0) / len(texts):.2f}" for kind in ("NAME", "PHONE", "EMAIL", "ADDRESS")
        }
        rest = sum(count for kind, count in counts.items() if kind not in per)
        rows.append(
            {"per 1,000 of": name, "comments": len(texts), "mean length": f"{texts.str.len().mean():.0f}"}
            | per
            | {"others": f"{1_000 * rest / len(texts):.2f}", "comments/s": f"{len(texts) / seconds:,.0f}"}
        )
    return rows


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=int, default=2_000)
    parser.add_argument("--public", type=int, default=20_000, help="public comments of each set")
    parser.add_argument("--skip", default=None, help="leave out ways whose name holds this")
    asked = parser.parse_args()
    for language in ("ko", "en"):
        made = make_personal_data(asked.texts, language=language, part="test")
        rows = []
        for name, (way, module) in WAYS.items():
            if asked.skip and asked.skip in name:
                continue
            if module and find_spec(module) is None:
                print(f"skipped: {name} is not installed.")
                continue
            find, kinds = way()
            find(made.frame["text"].iloc[0])
            rows.append({"way": name} | judge(made, find, kinds))
        rows.append({"way": "to reach", "recall": "0.980", "precision": "0.980", "comments/s": "5,000"})
        table(rows, f"{asked.texts:,} invented comments ({language}, test part), {len(made.spans):,} places")
    both = make_personal_data(asked.texts, language="both", part="test", seed=1)
    table(by_kind(both), f"cxml by kind, {asked.texts:,} comments in both languages (test part, another seed)")
    counted = public_counts(asked.public)
    if counted:
        table(counted, "Found in public comments, per 1,000")


if __name__ == "__main__":
    main()
