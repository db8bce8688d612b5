"""What every model keeps to, asked of each one that is registered."""

import json
from dataclasses import FrozenInstanceError, asdict, fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import builders
import cxml
from cxml import registry
from cxml.contract import CONTRACT, Explains, Model, PredictsOne, build_config
from cxml.datasets import make_offers
from cxml.errors import ConfigError, FrameError, ModelFolderError, NotFittedError
from cxml.metrics import log_loss
from cxml.persistence import _PICKLES, load_folder, save

GOLDEN = Path(__file__).parent / "golden"
PICKLES = _PICKLES | {".pck", ".model", ".bin"}

pytestmark = [
    # mlflow 3.17 configures its SQLAlchemy mappers with a loader that SQLAlchemy 2.1 deprecates.
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated"),
    # Ids of topics are whole numbers; MLflow would have them be floats in case that one is missing some day.
    pytest.mark.filterwarnings("ignore:Hint. Inferred schema contains integer column"),
    # A base rate needs no column, so there is nothing that an example could show.
    pytest.mark.filterwarnings("ignore:.*An input example was not provided"),
]


@pytest.fixture(params=list(registry.MODELS))
def name(request):
    return request.param


@pytest.fixture
def excused(name):
    """Leave a check out where the table gives a reason."""

    def ask(check):
        reason = builders.RECIPES[name].excused.get(check)
        if reason:
            pytest.skip(f"{name}: {reason}")

    return ask


@pytest.fixture
def kind(name):
    return registry.model_class(name)


@pytest.fixture
def model(trained, name):
    return trained(name).model


@pytest.fixture
def words(name):
    return builders.words_of(name)


@pytest.fixture
def near(name):
    """How near to one another the answers to a batch and to its rows must be."""
    return builders.RECIPES[name].near


@pytest.fixture(scope="session")
def fresh_comments():
    return builders.comments_of(60, seed=99)


@pytest.fixture(scope="session")
def fresh_offers():
    """Customers that no model has seen, and a response that nobody knows yet."""
    made = make_offers(60, seed=99).customers
    return made.assign(customer_id="n" + made["customer_id"], accepted=None)


@pytest.fixture
def rows(fresh, fresh_comments, fresh_offers, name, trained):
    """Rows that the model has not seen, under an index of their own."""
    if name.startswith("voc/"):
        found = fresh_comments
    elif name in builders.OF_BASKETS:
        found = builders.frame_of(name)[["customer_id"]].drop_duplicates().head(60).assign(accepted=None)
    elif name.startswith("offers/"):
        found = fresh_offers
    elif name.startswith("volume/"):
        found = trained(name).future().assign(campaign=lambda rows: np.arange(len(rows)) % 4, y=np.nan)
    elif name.startswith("anomaly/"):
        found = builders.next_metrics(builders.frame_of(name))
    else:
        found = fresh.frame.head(60).drop(columns=list(builders.RECIPES[name].without))
    return found.set_axis(np.arange(1000, 1000 + len(found))[::-1], axis=0)


@pytest.fixture
def seen(name):
    """The frame that the model was trained on."""
    return builders.frame_of(name).drop(columns=list(builders.RECIPES[name].without))


@pytest.fixture
def fewer(name, seen):
    """A part of it."""
    if name.startswith("anomaly/"):
        return seen[seen["ds"] >= "2024-01-10"]
    return seen[seen["ds"] >= "2024-02-26"] if name.startswith("volume/") else seen.head(len(seen) // 2)


def test_each_model_is_in_the_table_of_tests():
    assert set(builders.RECIPES) == set(registry.MODELS)
    for recipe in builders.RECIPES.values():
        assert all(recipe.excused.values()), "an exception needs its reason"


def test_it_is_a_model_under_its_registered_name(model, name, kind):
    assert isinstance(model, Model)
    assert f"{model.family}/{model.method}" == name
    assert type(model) is kind
    assert registry.family(model.family).name == model.family


def test_fitting_answers_with_the_model_itself_and_leaves_the_frame_alone(model, kind, seen):
    before = seen.copy(deep=True)
    unfitted = kind(model.config)
    assert unfitted.fit(seen) is unfitted
    pd.testing.assert_frame_equal(seen, before)


def test_predicting_leaves_the_frame_alone_and_keeps_keys_order_index_and_columns(model, rows, words):
    before = rows.copy(deep=True)
    answer = model.predict(rows)
    pd.testing.assert_frame_equal(rows, before)
    assert answer.index.equals(rows.index)
    given = list(words.given)
    numbers = answer.drop(columns=[*given, *words.labels, *words.besides])
    # Labels are answered before the numbers that speak of them.
    assert [*given, *words.labels[:1]] == list(answer.columns)[: len(given) + len(words.labels[:1])]
    assert (words.answer, *words.labels) == (numbers.columns[0], *[one for one in answer if one in words.labels])
    pd.testing.assert_frame_equal(answer[given], rows[given])
    assert answer[list(words.labels)].notna().all().all()
    assert (numbers.dtypes == "float64").all()
    assert np.isfinite(numbers.to_numpy()).all()
    assert (numbers.drop(columns=list(words.signed)) >= 0).all().all()
    assert (numbers[list(words.signed)].abs() <= 1).all().all()
    if "probability" in words.answer:
        # A survival model also says when: in months, which may be many.
        assert (numbers.drop(columns="expected_month", errors="ignore") <= 1).all().all()
    pd.testing.assert_frame_equal(model.predict(rows), answer)


def test_explaining_leaves_the_frame_alone(model, rows):
    if not isinstance(model, Explains):
        return
    before = rows.copy(deep=True)
    assert model.explain(rows).values.index.equals(rows.index)
    pd.testing.assert_frame_equal(rows, before)


def test_the_same_seed_gives_the_same_answer_and_fitting_changes_the_parameters(model, kind, seen, fewer, rows):
    one, other, lesser = (kind(model.config).fit(part) for part in (seen, seen, fewer))
    pd.testing.assert_frame_equal(one.predict(rows), other.predict(rows), check_exact=True)
    assert told(one) == told(other)
    assert told(one) != told(lesser)
    assert not one.predict(rows).equals(lesser.predict(rows))
    refitted = other.fit(fewer)
    assert told(refitted) == told(lesser)


def told(model):
    """Everything learned, as text."""
    parts = model.parts().items()
    split = {part: value if isinstance(value, dict) else {"": value} for part, value in parts}
    return {f"{part} {name}": repr(_plain(one)) for part, value in split.items() for name, one in value.items()}


def _plain(value):
    return value.model_to_string() if hasattr(value, "model_to_string") else np.asarray(value, dtype=object).tolist()


def test_the_order_of_columns_and_rows_does_not_matter(model, rows, name):
    answer = model.predict(rows)
    turned = rows[list(reversed(rows.columns))].iloc[::-1]
    # A network multiplies a whole batch, and the sums of other rows may be rounded otherwise.
    close = {"rtol": 0, "atol": 1e-6} if builders.RECIPES[name].package else {"check_exact": True}
    pd.testing.assert_frame_equal(model.predict(turned), answer.iloc[::-1], **close)


def test_a_batch_is_its_rows_one_at_a_time(model, rows, near):
    single = pd.concat([model.predict(rows.iloc[[place]]) for place in range(20)])
    pd.testing.assert_frame_equal(single, model.predict(rows).head(20), rtol=0, atol=near)


def test_a_batch_is_its_records_one_by_one(model, rows, near, excused):
    excused("predicts one")
    assert isinstance(model, PredictsOne)
    batch = model.predict(rows)
    for record, expected in zip(rows.to_dict("records"), batch.to_dict("records"), strict=True):
        assert model.predict_one(record) == pytest.approx(expected, abs=near)


def test_further_columns_are_ignored(model, rows):
    answer = model.predict(rows)
    pd.testing.assert_frame_equal(model.predict(rows.assign(shoe_size=[[1]] * len(rows))), answer)


def test_the_key_is_not_needed(model, rows, words, excused):
    excused("needs no key")
    bare = rows[list(model.features())] if model.features() else rows[[]]
    pd.testing.assert_frame_equal(model.predict(bare), model.predict(rows).drop(columns=words.key))


def test_the_target_is_not_needed(model, rows, words):
    pd.testing.assert_frame_equal(model.predict(rows.drop(columns=words.target)), model.predict(rows))


def test_a_missing_column_is_named_with_the_nearest(model, rows, excused):
    excused("names the nearest column")
    for name in model.features():
        with pytest.raises(FrameError, match=f"needs the column '{name}' - .*Did you mean '{name}s'"):
            model.predict(rows.rename(columns={name: f"{name}s"}))


def test_repeated_columns_and_empty_frames_are_refused(trained, name, rows, words):
    predict = getattr(cxml, name.partition("/")[0]).predict
    with pytest.raises(FrameError, match=rf"must name each column once - got '{words.named}' more than once"):
        predict(trained(name), pd.concat([rows, rows[[words.named]]], axis=1))
    with pytest.raises(FrameError, match=r"must hold at least one row - got none"):
        predict(trained(name), rows.head(0))


def test_an_unfitted_model_refuses(kind, model, rows, words):
    unfitted = kind(model.config)
    asked = {
        "predict": lambda: unfitted.predict(rows),
        "parts": unfitted.parts,
        "predict_one": lambda: unfitted.predict_one(rows.iloc[0].to_dict()),
        "explain": lambda: unfitted.explain(rows),
        "survival": lambda: unfitted.survival(rows, [1]),
        "future": unfitted.future if hasattr(kind, "future") else None,
        "paths": lambda: unfitted.paths(rows),
        "update": lambda: unfitted.update(rows),
    }
    for method, ask in asked.items():
        if hasattr(kind, method):
            with pytest.raises(NotFittedError, match=words.unfitted.replace("{family}", kind.family)):
                ask()


def test_the_config_is_frozen_plain_and_refuses_typos(model):
    config = model.config
    with pytest.raises(FrozenInstanceError):
        config.seed = 1
    plain = json.loads(json.dumps(asdict(config), allow_nan=False))
    again = build_config(type(config), {key: tuple(v) if isinstance(v, list) else v for key, v in plain.items()})
    assert again == config
    for field in fields(config):
        with pytest.raises(ConfigError, match=f"got '{field.name}x'. Did you mean '{field.name}'"):
            build_config(type(config), {**plain, f"{field.name}x": 1})


def test_saved_and_loaded_it_answers_the_same(trained, name, rows, tmp_path):
    before = trained(name)
    after = load_folder(save(before, tmp_path / "model"))
    pd.testing.assert_frame_equal(after.model.predict(rows), before.model.predict(rows), check_exact=True)
    assert after.config == before.config
    assert after.model.features() == before.model.features()
    assert after.metrics == before.metrics
    if isinstance(before.model, PredictsOne):
        record = rows.iloc[0].to_dict()
        assert after.predict_one(record) == before.predict_one(record)
    if isinstance(before.model, Explains):
        np.testing.assert_array_equal(after.model.explain(rows).effects, before.model.explain(rows).effects)
    again = save(after, tmp_path / "again")
    for path in (tmp_path / "model").iterdir():
        assert path.read_bytes() == (again / path.name).read_bytes(), f"{path.name} differs when saved again"


def test_its_folder_holds_no_pickle_and_any_change_is_refused(trained, name, tmp_path):
    folder = save(trained(name), tmp_path / "model")
    for path in folder.rglob("*"):
        assert path.suffix not in PICKLES
        assert path.read_bytes()[:1] != b"\x80", f"{path.name} begins as a pickle does"
    for path in sorted(folder.iterdir()):
        whole = path.read_bytes()
        for damaged in (whole[: len(whole) // 2], whole + b" x", whole.replace(b"e", b"f", 1), b""):
            if damaged != whole:
                path.write_bytes(damaged)
                with pytest.raises(ModelFolderError):
                    load_folder(folder)
        path.write_bytes(whole)
    load_folder(folder)


def test_its_verdict_is_finite_and_uniquely_named(trained, name, excused):
    excused("has a verdict")
    verdict = trained(name).verdict
    assert next(iter(verdict.metrics)) == name.partition("/")[2]
    for metrics in verdict.metrics.values():
        names = [metric.name for metric in metrics]
        assert len(set(names)) == len(names)
        assert verdict.headline in names
        for metric in metrics:
            assert np.isfinite(metric.value), metric
            if metric.low is not None:
                assert metric.low <= metric.high
    flat = trained(name).metrics
    assert f"holdout_{verdict.headline}" in flat
    assert all(np.isfinite(value) for value in flat.values())


def test_its_answers_are_what_its_verdict_and_a_promotion_rest_on(trained, name, excused):
    excused("has a verdict")
    verdict, answers = trained(name).verdict, trained(name).held_out
    assert len(answers) == verdict.rows["test"]
    assert answers["row"].is_unique
    headline = {metric.name: metric.value for metric in next(iter(verdict.metrics.values()))}[verdict.headline]
    assert answers["loss"].mean() == pytest.approx(headline)
    if len(verdict.metrics) > 1:
        assert answers["baseline_loss"].mean() == pytest.approx(trained(name).metrics[f"baseline_{verdict.headline}"])


def test_scores_are_not_constant(model, rows, words, excused):
    excused("not constant")
    answer = model.predict(rows)[words.answer]
    assert answer.nunique() > 20
    assert answer.std() > 0.05


def test_it_beats_its_baseline_by_a_margin_on_rows_it_never_saw(trained, name, fresh, excused):
    excused("beats its baseline")
    recipe = builders.RECIPES[name]
    if not name.startswith("churn/") or recipe.headline != "log_loss":
        flat = trained(name).metrics
        assert flat[f"holdout_{recipe.headline}"] < flat[f"baseline_{recipe.headline}"] - recipe.margin
        return
    left = (fresh.frame["churned"] == "yes").to_numpy(dtype=int)
    loss = {
        which: log_loss(left, trained(which).model.predict(fresh.frame)["churn_probability"].to_numpy())
        for which in (name, "churn/base_rate")
    }
    assert loss[name] < loss["churn/base_rate"] - recipe.margin
    # ... and it cannot beat the truth by more than chance.
    assert loss[name] > log_loss(left, fresh.probability) - 0.02


def test_logged_to_mlflow_it_answers_the_same_even_where_pickles_are_forbidden(
    trained, name, rows, seen, words, store, monkeypatch
):
    import mlflow
    from mlflow.pyfunc.scoring_server import infer_and_parse_data

    from cxml import tracking

    monkeypatch.setenv("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
    before = trained(name)
    example = registry.family(before.family).example(before.model, seen)
    _, uri = tracking.log_runs(before.family, [tracking.RunLog(name, [], model=before, example=example)])
    known = rows[list(dict.fromkeys([words.key, *before.model.features()]))]
    expected = before.model.predict(known)
    served = mlflow.pyfunc.load_model(uri)
    pd.testing.assert_frame_equal(served.predict(known), expected, check_exact=True)
    # of a frame without columns MLflow keeps no rows
    if not {"needs columns", "needs no key"} & set(builders.RECIPES[name].excused):
        pd.testing.assert_frame_equal(served.predict(known.drop(columns=words.key)), expected.iloc[:, 1:])
    if len(example.columns):
        assert len(served.predict(served.input_example)) == len(example) == 3
    assert served.metadata.signature is not None
    assert [one.name for one in served.metadata.signature.inputs] == list(known.columns)
    outputs = [one.name for one in served.metadata.signature.outputs]
    assert outputs == [one for one in expected.columns if one in outputs or one != words.key]
    pd.testing.assert_frame_equal(cxml.load(uri).model.predict(known), expected, check_exact=True)
    # a service sends JSON, its dates as text
    dates = [name for name, kind in before.model.features().items() if kind == "date"]
    for told in (known, known.astype(dict.fromkeys(dates, str))):
        sent = json.dumps({"dataframe_split": json.loads(told.to_json(orient="split", date_format="iso"))})
        read = infer_and_parse_data(json.loads(sent), served.metadata.signature.inputs)
        answer = served.predict(read).reset_index(drop=True)
        others = [column for column in expected.columns if column not in dates]
        pd.testing.assert_frame_equal(answer[others], expected[others].reset_index(drop=True), rtol=0, atol=1e-9)
        assert list(answer.columns) == list(expected.columns)


def test_there_is_a_golden_folder_of_each_model_and_contract():
    found = {path.parent.relative_to(GOLDEN).as_posix() for path in GOLDEN.glob("contract-*/*/*/answers.json")}
    assert found >= {f"contract-{CONTRACT}/{name}" for name in registry.MODELS}, (
        "make what is missing: python tests/golden/make.py"
    )


@pytest.mark.parametrize("case", sorted(GOLDEN.glob("contract-*/*/*/answers.json")), ids=lambda path: path.parent.name)
def test_golden_folders_load_and_answer_as_when_they_were_made(case):
    """Never make these anew to please a change: a folder that somebody saved must go on answering the same."""
    told = json.loads(case.read_text(encoding="utf-8"))
    model = load_folder(case.parent / "model")
    recipe = builders.RECIPES[model.name]
    frame = pd.DataFrame(told["rows"])
    answer = model.model.predict(frame)
    for column, expected in told["answers"].items():
        found = answer[column].tolist()
        numbers = any(isinstance(one, float) for one in expected)
        assert found == (pytest.approx(expected, abs=recipe.near, nan_ok=True) if numbers else expected)
    if isinstance(model.model, PredictsOne):
        column = builders.words_of(model.name).answer
        ones = [model.predict_one(record)[column] for record in told["rows"]]
        # A record's answer is plain JSON: what a table leaves empty is None.
        plain = [None if one != one else one for one in told["answers"][column]]
        assert ones == pytest.approx(plain, abs=recipe.near)
    assert sum(path.stat().st_size for path in case.parent.rglob("*") if path.is_file()) < recipe.largest


def test_a_folder_of_an_older_contract_is_read_and_of_a_newer_one_refused(trained, name, tmp_path, rows, monkeypatch):
    folder = save(trained(name), tmp_path / "model")
    monkeypatch.setattr("cxml.persistence.CONTRACT", CONTRACT + 1)
    assert load_folder(folder).name == name
    monkeypatch.setattr("cxml.persistence.CONTRACT", CONTRACT - 1)
    with pytest.raises(ModelFolderError, match=r"contract 1"):
        load_folder(folder)


def test_a_config_can_be_changed_only_by_making_another(model):
    other = replace(model.config, seed=7)
    assert (other.seed, model.config.seed) == (7, 0)
    with pytest.raises(ConfigError, match=r"seed must be a whole number from 0 up - got -1"):
        replace(model.config, seed=-1)


def test_the_recipe_table_builds_each_model(trained):
    for name in builders.RECIPES:
        assert trained(name).name == name
