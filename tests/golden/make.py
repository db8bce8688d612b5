"""Make the golden model folders of the present contract: ``python tests/golden/make.py [churn/boosted ...]``.

Run it once for a contract number, before its first release, and for a model that is new. Afterwards the folders stay
as they are: they stand for what users have on their disks.
"""

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

import builders  # noqa: E402
from cxml import registry  # noqa: E402
from cxml.boosting import from_text  # noqa: E402
from cxml.churn.scored import ScoredChurn  # noqa: E402
from cxml.contract import CONTRACT  # noqa: E402
from cxml.offers.scored import ScoredOffers  # noqa: E402
from cxml.persistence import save  # noqa: E402

EVENTS = [{"name": "promotion", "start": "2024-02-20", "end": "2024-02-22"}]
COLUMNS = ["customer_id", "tenure_months", "contract", "late_payments", "satisfaction", "지역", "device_bought_on"]


def tiny(n, seed):
    """Few customers and few columns, a Korean one among them, so that the folders stay small."""
    frame = builders.customers_of(n, seed=seed).rename(columns={"region": "지역"})
    return frame[[*COLUMNS, "churned"]]


def cut_trees(model):
    """Keep the first trees only: a folder of all would be large and show nothing more."""
    if isinstance(model, ScoredChurn | ScoredOffers):
        encoder, score = model.fitted
        if score.booster is not None:
            few = from_text(score.booster.model_to_string(num_iteration=8))
            more = [model._drift] if isinstance(model, ScoredOffers) else []
            model._take(encoder, replace(score, booster=few), *more)


def few_trees(model):
    """The same of a model with several boosters."""
    parts = {
        part: from_text(one.model_to_string(num_iteration=8)) if hasattr(one, "model_to_string") else one
        for part, one in model.parts().items()
    }
    return type(model).from_parts(model.config, parts)


def make_churn(name):
    """A small model, and rows for it with what is missing and what is new."""
    recipe = builders.RECIPES[name]
    trained = builders.train(name, tiny(200, 5).assign(**dict.fromkeys(recipe.without, 1)))
    cut_trees(trained.model)
    rows = tiny(20, 6).astype({"device_bought_on": str}).drop(columns="churned")
    rows.loc[0, ["contract", "satisfaction", "지역"]] = [None, None, "never seen"]
    return trained, rows


def make_volume(name):
    """A few weeks of one queue, with totals left out: the folder of a hundred queues shows nothing more."""
    days = builders.contacts_of(112, 1, seed=5).drop(columns="unique_id").rename(columns={"y": "문의"})
    trained = builders.train(name, days, horizon=7, target="문의", events=EVENTS)
    for component in trained.model.learned.components.values():
        booster = getattr(component, "booster", None)
        if booster is not None:
            object.__setattr__(component, "booster", from_text(booster.model_to_string(num_iteration=8)))
    return trained, trained.future().assign(campaign=[0, 1, 2, 3, 0, 1, 2]).astype({"ds": str})


def make_voc(name):
    """A few comments, and rows for it with what is empty, masked and never seen."""
    small = {"linear": {"ngrams": 1_000}, "words": {}, "compact": {"net": {"epochs": 1, "dim": 4, "pieces": 500}}}
    trained = builders.train(name, builders.comments_of(60), **small.get(name.partition("/")[2], {}))
    rows = builders.comments_of(10, seed=6)[["comment_id", "text"]]
    rows.loc[:3, "text"] = [None, " ", "010-1234-5678 로 전화 주세요", "zzz 😀😀"]
    return trained, rows


def make_offers(name):
    """A log of few columns, and customers to serve: one with what is missing and what is new, one who is known."""
    if name in builders.OF_BASKETS:
        baskets = builders.baskets_of(60, seed=5)
        keys = baskets[["customer_id"]].drop_duplicates().head(12).reset_index(drop=True)
        keys.loc[0, "customer_id"] = "n1"
        return builders.train(name, baskets), keys
    columns = ["age", "plan", "지역", "tenure_months"]
    named = ["customer_id", "offer", "channel", "sent_at", "position", "accepted", "category", "discount"]
    log = builders.offers_of(150, seed=5).rename(columns={"region": "지역"})[[*named, *columns]]
    trained = builders.train(name, log)
    if name == "offers/uplift":
        trained.model = few_trees(trained.model)
    cut_trees(trained.model)
    rows = log[["customer_id", *columns]].drop_duplicates("customer_id").head(12).reset_index(drop=True)
    rows.loc[0, ["plan", "지역"]] = [None, "never seen"]
    return trained, rows.assign(customer_id=["n1", *rows["customer_id"][1:]])


def make_anomaly(name):
    """Three weeks of two queues, one with a Korean name, and the hours that follow, one of them far off."""
    frame = builders.metrics_of(2, seed=5).replace({"unique_id": {"queue 01": "채팅 상담"}})
    few = {"trees": 4} if name == "anomaly/forest" else {}
    trained = builders.train(name, frame.rename(columns={"y": "문의"}), target="문의", **few)
    rows = builders.next_metrics(frame, 6).rename(columns={"y": "문의"}).drop(columns="label")
    rows.loc[4, "문의"] *= 9
    return trained, rows.astype({"ds": str})


def make(name):
    kind = registry.model_class(name)
    trained, rows = MAKERS[kind.family](name)
    place = HERE / f"contract-{CONTRACT}" / name
    shutil.rmtree(place, ignore_errors=True)
    save(trained, place / "model")
    records = json.loads(rows.to_json(orient="records", force_ascii=False))
    told = trained.model.predict(rows)
    answers = told.loc[:, told.notna().all()].to_dict("list")
    text = json.dumps({"rows": records, "answers": answers}, ensure_ascii=False, indent=1)
    (place / "answers.json").write_text(text + "\n", encoding="utf-8")
    size = sum(path.stat().st_size for path in place.rglob("*") if path.is_file())
    sys.stdout.write(f"{place.relative_to(HERE.parent)} {kind.__name__} {size / 1000:.0f} kB\n")
    if size >= builders.RECIPES[name].largest:
        raise SystemExit("too large")


MAKERS = {
    "churn": make_churn,
    "volume": make_volume,
    "voc": make_voc,
    "offers": make_offers,
    "anomaly": make_anomaly,
}

for wanted in sys.argv[1:] or registry.MODELS:
    make(wanted)
