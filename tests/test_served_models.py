"""A model called by others: over HTTP behind MLflow's server, and from many threads of one process."""

import json
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pandas as pd
import pytest

import cxml
from cxml import registry, tracking
from cxml.persistence import load_folder

GOLDEN = Path(__file__).parent / "golden" / "contract-1"
#: One model of each kind that answers differently: by record, by curve, by rows to come, by value.
NAMES = [
    "anomaly/residual",
    "churn/boosted",
    "churn/survival",
    "offers/affinity",
    "offers/propensity",
    "offers/uplift",
    "voc/linear",
    "volume/profile",
]

pytestmark = [
    # mlflow 3.17 configures its SQLAlchemy mappers with a loader that SQLAlchemy 2.1 deprecates.
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated"),
    # The server tells of columns that a model does not know, and of an example that is not there.
    pytest.mark.filterwarnings("ignore:.*An input example was not provided"),
]


def golden(name):
    """A saved model, the rows that it was asked about, and what it answered."""
    told = json.loads((GOLDEN / name / "answers.json").read_text(encoding="utf-8"))
    return load_folder(GOLDEN / name / "model"), told["rows"], told["answers"]


def log(name):
    """Log a saved model to the store of the test; answers with its URI."""
    trained, rows, _ = golden(name)
    example = pd.DataFrame(rows[-3:])
    return tracking.log_runs(trained.family, [tracking.RunLog(name, [], model=trained, example=example)])[1]


def strictly(text):
    """Read JSON as other languages do: NaN is none."""

    def refuse(word):
        raise ValueError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)


def post(url, body, kind="application/json"):
    """Ask a server; status and answer."""
    content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    try:
        with urlopen(Request(f"{url}/invocations", content, {"Content-Type": kind}), timeout=60) as answer:
            return answer.status, strictly(answer.read().decode())
    except HTTPError as error:
        with error:
            return error.code, strictly(error.read().decode())


@contextmanager
def server_of(model):
    """MLflow's own server around a loaded model, in a thread of this process."""
    import uvicorn
    from mlflow.pyfunc import scoring_server

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("_MLFLOW_IS_IN_SERVING_ENVIRONMENT", "true")  # what `init` sets for good
        server = uvicorn.Server(uvicorn.Config(scoring_server.init(model), port=0, log_level="error"))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        end = time.monotonic() + 30
        while not server.started and time.monotonic() < end:
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=30)


@pytest.fixture
def serve(store, mlflow, monkeypatch):
    """A function: log a saved model and put MLflow's server around it, with pickles forbidden."""
    monkeypatch.setenv("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")

    @contextmanager
    def start(name):
        with server_of(mlflow.pyfunc.load_model(log(name))) as url:
            yield url

    return start


def same(found, expected):
    """Whether answers of a server are those of a frame."""
    assert list(found[0]) == list(expected.columns)
    for name, column in expected.items():
        told = [one[name] for one in found]
        missing = column.isna().tolist()
        assert [one is None for one in told] == missing, name
        known = [one for one, gone in zip(told, missing, strict=True) if not gone]
        wanted = column[column.notna()]
        if pd.api.types.is_datetime64_any_dtype(column):
            assert pd.to_datetime(known).tolist() == wanted.tolist()
        elif pd.api.types.is_float_dtype(column):
            assert known == pytest.approx(wanted.tolist(), abs=1e-12)
        else:
            assert known == wanted.tolist(), name


@pytest.mark.parametrize("name", NAMES)
def test_a_server_answers_as_predict_does_in_plain_json(serve, name):
    trained, rows, answers = golden(name)
    one, all_of_them = rows[:1], pd.DataFrame(rows)
    split = json.loads(all_of_them.to_json(orient="split", index=False))
    with serve(name) as url:
        status, found = post(url, {"dataframe_records": one})
        assert status == 200, found
        same(found["predictions"], trained.model.predict(pd.DataFrame(one)))
        status, found = post(url, {"dataframe_split": split})
        assert status == 200, found
    same(found["predictions"], trained.model.predict(all_of_them))
    column = next(iter(set(answers) & {"churn_probability", "acceptance_probability", "contacts", "score", "topic"}))
    told = [line[column] for line in found["predictions"]]
    numbers = isinstance(told[0], float)
    assert told == (pytest.approx(answers[column], abs=1e-6) if numbers else answers[column])


def test_what_is_not_known_of_a_comment_is_null(serve):
    with serve("voc/linear") as url:
        status, found = post(url, {"dataframe_records": [{"text": None}, {"text": "배송이 너무 늦어요ㅠㅠ"}]})
    empty, told = found["predictions"]
    assert status == 200
    assert empty["sentiment"] is None
    assert empty["sentiment_probability"] is None
    assert 0 < told["sentiment_probability"] <= 1


def test_a_bad_request_is_refused_with_our_words_and_nothing_else(serve):
    _, rows, _ = golden("churn/boosted")
    secret = "C-비밀-0451"
    record = rows[3] | {"customer_id": secret}
    without = {name: value for name, value in record.items() if name != "지역"}
    with serve("churn/boosted") as url:
        bad = {
            "column": post(url, {"dataframe_records": [without]}),
            "number": post(url, {"dataframe_records": [record | {"late_payments": "두 번"}]}),
            "list": post(url, {"dataframe_records": [record | {"contract": ["a"]}]}),
            "date": post(url, {"dataframe_records": [record | {"device_bought_on": "어제"}]}),
            "json": post(url, b"{bad json"),
            "no rows": post(url, {"rows": []}),
        }
        known = post(url, {"dataframe_records": [record]})
        strange = post(url, {"dataframe_records": [record | {"contract": "처음 보는 계약", "지역": None}]})
        more = post(url, {"dataframe_records": [record | {"여분": 1}]})
    assert {name: status for name, (status, _) in bad.items()} == dict.fromkeys(bad, 400)
    assert bad["column"][1]["message"].startswith("This model needs the column '지역' - the data has 6 columns")
    assert "must be a number - got '두 번'" in bad["number"][1]["message"]
    assert "must hold one value a row - got list" in bad["list"][1]["message"]
    assert "must be a date - got '어제'" in bad["date"][1]["message"]
    for _, told in bad.values():
        assert {"error_code", "message"} <= {*told}
        assert "stack_trace" not in told
        assert secret not in json.dumps(told, ensure_ascii=False)
    assert known[0] == strange[0] == more[0] == 200
    assert known[1] == more[1] != strange[1]


def test_in_this_process_a_refusal_is_still_ours(store, mlflow):
    model = mlflow.pyfunc.load_model(log("churn/boosted"))
    with pytest.raises(cxml.FrameError, match="This model needs"):
        model.predict(pd.DataFrame({"customer_id": ["a"]}))


def test_going_back_is_seen_by_who_loads_again_and_by_a_server_that_starts(
    store, mlflow, running, free_port, monkeypatch, tmp_path
):
    """One whole `mlflow models serve`, from the alias of a registered model to an answer."""
    _, rows, told = golden("churn/boosted")
    first, second = log("churn/boosted"), log("churn/base_rate")
    for uri in (first, second):
        tracking.register(cxml.load(uri), uri, "churn", "champion", {})
    record = rows[5]
    held = cxml.load("models:/churn@champion")
    assert held.name == "churn/base_rate"
    cxml.rollback("churn", version="1")
    assert held.name == "churn/base_rate", "what is loaded stays"
    again = cxml.load("models:/churn@champion")
    assert again.predict_one(record)["churn_probability"] == pytest.approx(told["churn_probability"][5], abs=1e-9)
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "models", "serve", "--model-uri", "models:/churn@champion"]
    options = ["--env-manager", "local", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    # mlflow starts uvicorn by its name.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    url = f"http://127.0.0.1:{port}"
    with running(
        [*command, *options], f"{url}/health", tmp_path, PATH=path, MLFLOW_ALLOW_PICKLE_DESERIALIZATION="false"
    ):
        status, found = post(url, {"dataframe_records": [record]})
        refused, why = post(url, {"dataframe_records": [{"customer_id": "a"}]})
    assert status == 200, found
    (answer,) = found["predictions"]
    assert answer["churn_probability"] == pytest.approx(told["churn_probability"][5], abs=1e-9)
    assert refused == 400
    assert why["message"].startswith("This model needs 6 columns")


@pytest.mark.parametrize("name", NAMES)
def test_a_list_for_a_value_is_refused_by_name_in_a_table_and_in_a_record(name):
    trained, rows, _ = golden(name)
    needed = {*trained.model.features()}
    for column in needed:
        for odd in ([1, 2], {"a": 1}):
            wrong = [rows[0] | {column: odd}, *rows[1:]]
            with pytest.raises(cxml.FrameError, match=column):
                trained.model.predict(pd.DataFrame(wrong))
            for ask in filter(None, (getattr(trained.model, "predict_one", None), updating(trained))):
                with pytest.raises(cxml.FrameError, match=column):
                    ask(wrong[0])
    assert needed


def updating(trained):
    """The way of a family that takes records by `update`."""
    return trained.model.copy().update if trained.family == "anomaly" else None


@pytest.mark.parametrize("name", NAMES)
def test_the_answer_to_a_record_is_plain_json(name):
    trained, rows, _ = golden(name)
    if name in ("churn/survival", "volume/profile"):
        assert not hasattr(trained, "predict_one")
        return
    key = trained.config.key
    for record in (rows[0], rows[0] | {key: "처음 보는 이름"}, rows[0] | {"text": " "}):
        answer = (updating(trained) or trained.predict_one)(record)
        assert json.loads(json.dumps(answer, allow_nan=False)) == answer
        assert answer[key] == record[key]


@pytest.mark.parametrize(
    "name", ["churn/boosted", "offers/affinity", "offers/propensity", "offers/uplift", "voc/linear"]
)
def test_eight_threads_share_one_model(name):
    trained, rows, _ = golden(name)
    alone = [trained.predict_one(one) for one in rows]
    start = threading.Barrier(8)

    def ask(shift):
        start.wait(timeout=30)
        order = [(place + shift) % len(rows) for place in range(len(rows) * 5)]
        return [(place, trained.predict_one(rows[place])) for place in order]

    with ThreadPoolExecutor(8) as pool:
        answers = [one for found in pool.map(ask, range(8)) for one in found]
    assert len(answers) == 8 * 5 * len(rows)
    assert all(repr(answer) == repr(alone[place]) for place, answer in answers)


@pytest.mark.parametrize("name", NAMES)
def test_eight_threads_share_one_model_of_frames(name):
    trained, rows, _ = golden(name)
    frame = pd.DataFrame(rows)
    alone = trained.model.predict(frame)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: trained.model.predict(frame), range(8)))
    for answer in found:
        pd.testing.assert_frame_equal(answer, alone, check_exact=True)


def test_each_family_is_served():
    assert {name.partition("/")[0] for name in NAMES} == {*registry.FAMILIES}
