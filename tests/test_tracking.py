"""MLflow for real: an SQLite store, a server on loopback, one that is down, one that refuses, one that breaks."""

import json
import logging
import os
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.request import Request, urlopen

import numpy as np
import pandas as pd
import pytest

import builders
import cxml
from cxml import churn, tracking
from cxml.errors import ConfigError, ModelFolderError, TrackingError

pytestmark = [
    # A base rate needs no column, so there is nothing that an example could show.
    pytest.mark.filterwarnings("ignore:.*An input example was not provided"),
    # mlflow 3.17 configures its SQLAlchemy mappers with a loader that SQLAlchemy 2.1 deprecates.
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated"),
    # Whether a font with Korean letters is installed is no matter of tracking.
    pytest.mark.filterwarnings("ignore:A picture needs a font"),
]

WORDS = {"target": "churned", "key": "customer_id", "method": "base_rate", "pictures": False}


def artifacts(mlflow, run_id):
    return {one.path for one in mlflow.MlflowClient().list_artifacts(run_id)}


def run_of(mlflow, run_id):
    return mlflow.MlflowClient().get_run(run_id)


def statuses(mlflow):
    found = mlflow.search_runs(search_all_experiments=True)
    return dict(zip(found.get("tags.mlflow.runName", []), found.get("status", []), strict=True))


class TestARun:
    def test_holds_settings_rows_and_split(self, tracked_store, mlflow):
        run = run_of(mlflow, tracked_store.strong.run_id)
        assert run.info.status == "FINISHED"
        assert run.data.params.items() >= {"target": "이탈", "seed": "0", "refit": "True", "test_size": "0.25"}.items()
        assert run.data.params["split"].startswith("stratified by the target, 25% held out")
        assert int(run.data.params["rows_train"]) + int(run.data.params["rows_test"]) == 600
        assert run.data.tags["cxml.role"] == "model"
        assert mlflow.get_experiment(run.info.experiment_id).name == "cxml/churn"

    def test_holds_its_figures_and_the_baselines(self, tracked_store, mlflow):
        run = run_of(mlflow, tracked_store.strong.run_id)
        assert run.data.metrics.items() >= tracked_store.strong.metrics.items()
        assert {"holdout_roc_auc", "holdout_roc_auc_low", "baseline_roc_auc"} <= set(run.data.metrics)
        assert all(name.startswith(("holdout_", "baseline_")) for name in run.data.metrics)

    def test_holds_the_data_with_digest_and_span(self, tracked_store, mlflow):
        (used,) = run_of(mlflow, tracked_store.dated.run_id).inputs.dataset_inputs
        data = tracked_store.dated.origin.data
        assert used.dataset.digest == data.digest
        tags = {tag.key: tag.value for tag in used.tags}
        assert tags["as_of_start"] == "2024-06-30"
        assert tags["as_of_end"] == "2024-09-30"
        assert tags["rows"] == str(data.rows)
        assert tags["mlflow.data.context"] == "training"

    def test_holds_pictures_tables_card_and_held_out_predictions_but_no_customer(self, tracked_store, mlflow, tmp_path):
        run_id = tracked_store.strong.run_id
        pictures = {"reliability.png", "gains.png", "lift.png", "profit.png", "drivers.png", "reasons_of_riskiest.png"}
        names = {"verdict.csv", "drivers.csv", "card.md", "held_out.parquet", *pictures}
        assert artifacts(mlflow, run_id) >= names
        folder = Path(
            mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path="", dst_path=str(tmp_path / "d"))
        )
        assert (folder / "gains.png").read_bytes()[:4] == b"\x89PNG"
        held_out = pd.read_parquet(folder / "held_out.parquet")
        assert set(held_out.columns) >= {"row", "loss", "baseline_loss", "churn_probability"}
        for path in folder.rglob("*"):
            if path.is_file():
                assert b"C00012" not in path.read_bytes(), f"a customer's key is in {path.name}"
        assert run_of(mlflow, run_id).data.tags["mlflow.note.content"].startswith("# churn/logistic")

    def test_holds_a_model_with_signature_example_and_pinned_packages(self, tracked_store, mlflow, tmp_path):
        uri = tracked_store.strong.uri
        info = mlflow.models.get_model_info(uri)
        assert info.signature is not None
        assert {"지역", "요금제"} <= {one.name for one in info.signature.inputs}
        assert not any(one.required for one in info.signature.inputs)
        assert [one.name for one in info.signature.outputs] == ["churn_probability"]
        folder = Path(mlflow.artifacts.download_artifacts(uri, dst_path=str(tmp_path / "model")))
        pinned = (folder / "requirements.txt").read_text(encoding="utf-8").split()
        assert f"cxml=={cxml.__version__}" in pinned
        assert all("==" in line for line in pinned)
        example = info.saved_input_example_info
        assert example is not None
        assert not list(folder.rglob("*.pkl"))

    def test_the_example_is_nobodys_record(self, tracked_store, mlflow, korean):
        example = mlflow.pyfunc.load_model(tracked_store.strong.uri).input_example
        assert len(example) == 3
        columns = list(example.columns)
        same = korean[columns].astype(str).merge(example.astype(str), on=columns)
        assert same.empty

    def test_its_metrics_hang_on_the_model(self, tracked_store, mlflow):
        model_id = tracked_store.strong.uri.removeprefix("models:/")
        logged = mlflow.MlflowClient().get_logged_model(model_id)
        assert logged.source_run_id == tracked_store.strong.run_id
        assert {one.key for one in logged.metrics} >= {"holdout_log_loss", "baseline_log_loss"}

    def test_its_baselines_are_runs_beside_it(self, tracked_store, mlflow):
        runs = mlflow.search_runs(search_all_experiments=True)
        beside = runs[runs["tags.cxml.baseline_of"] == tracked_store.strong.run_id]
        assert beside["tags.mlflow.runName"].tolist() == ["churn/base_rate"]
        assert beside["tags.cxml.role"].tolist() == ["baseline"]
        assert beside["metrics.holdout_log_loss"].iloc[0] == tracked_store.strong.metrics["baseline_log_loss"]
        assert (runs["status"] == "FINISHED").all()

    def test_the_rows_of_two_runs_can_be_paired(self, tracked_store):
        strong = tracking.read_held_out(tracked_store.strong.run_id)
        weak = tracking.read_held_out(tracked_store.weak.run_id)
        # Not all of them: with two columns more rows are equal, and equal rows are held out together.
        assert len(set(strong["row"]) & set(weak["row"])) > 0.6 * len(strong)
        assert strong.attrs["headline"] == "log_loss"


class TestLoading:
    @pytest.mark.parametrize("form", ["{uri}", "runs:/{run_id}/model", "runs:/{run_id}", "runs:/{run_id}/"])
    def test_by_uri(self, tracked_store, korean, form):
        strong = tracked_store.strong
        uri = form.format(uri=strong.uri, run_id=strong.run_id)
        found = cxml.load(uri)
        assert (found.run_id, found.uri) == (strong.run_id, strong.uri)
        assert found.metrics == strong.metrics
        expected = churn.predict(strong, korean)
        pd.testing.assert_frame_equal(churn.predict(uri, korean), expected)
        record = korean.iloc[3].to_dict()
        assert found.predict_one(record)["churn_probability"] == pytest.approx(expected["churn_probability"].iloc[3])

    def test_what_is_loaded_already_is_answered_as_it_is(self, trained):
        assert cxml.load(trained("churn/logistic")) is trained("churn/logistic")

    @pytest.mark.parametrize(
        "uri",
        [
            "models:/nobody@champion",
            "models:/nobody/1",
            f"runs:/{'0' * 32}",
            "runs:/abc/model",
            "models:/m-123",
            "models:/",
        ],
    )
    def test_a_uri_that_does_not_exist_is_refused(self, tracked_store, uri):
        with pytest.raises(ModelFolderError, match=f"must name a model in the store - {uri} in sqlite.*cxml.compare"):
            cxml.load(uri)

    def test_a_run_without_a_model_is_refused(self, tracked_store, mlflow):
        runs = mlflow.search_runs(search_all_experiments=True, filter_string="tags.`cxml.role` = 'baseline'")
        with pytest.raises(ModelFolderError, match=r"must name a model in the store"):
            cxml.load(f"runs:/{runs['run_id'].iloc[0]}")

    @pytest.mark.parametrize("wrong", [None, 3, {"uri": "x"}], ids=repr)
    def test_what_is_no_place_is_refused(self, wrong):
        with pytest.raises(ConfigError, match=r"A model is given as itself, a folder or a URI - got"):
            cxml.load(wrong)

    def test_a_model_of_another_library_is_refused(self, store, mlflow):
        place = Path(store).parent / "other"
        place.mkdir()
        (place / "MLmodel").write_text("flavors: {}", encoding="utf-8")
        with pytest.raises(ModelFolderError, match=r"is an MLflow model that cxml did not write"):
            cxml.load(place)


class TestAnOpenRun:
    def test_is_not_written_into_unasked(self, store, mlflow, customers):
        with mlflow.start_run(run_name="mine") as run:
            with pytest.raises(
                TrackingError, match=f"the run 'mine' .{run.info.run_id}. is open. Close it .*nested=True"
            ):
                churn.train(customers, **WORDS)
            assert mlflow.active_run().info.run_id == run.info.run_id
        assert statuses(mlflow) == {"mine": "FINISHED"}

    def test_is_left_alone_without_tracking(self, store, mlflow, customers):
        with mlflow.start_run(run_name="mine"):
            churn.train(customers, **WORDS, track=False)
        assert statuses(mlflow) == {"mine": "FINISHED"}

    def test_holds_the_runs_when_told_to_nest(self, store, mlflow, customers):
        with mlflow.start_run(run_name="mine") as run:
            model = churn.train(customers, **WORDS, nested=True)
            assert mlflow.active_run().info.run_id == run.info.run_id
        mine = run_of(mlflow, model.run_id)
        assert mine.data.tags["mlflow.parentRunId"] == run.info.run_id
        assert mine.info.experiment_id == run.info.experiment_id


def test_bad_data_starts_no_run(store, mlflow, customers):
    for bad in (customers.head(20), customers.assign(churned="no"), customers.drop(columns="churned")):
        with pytest.raises(cxml.FrameError):
            churn.train(bad, **WORDS)
    assert statuses(mlflow) == {}


def kept_folder(caught):
    """The folder that the error names, if the model in it and in the error are whole."""
    folder = Path(str(caught.value).split("The model is kept in ")[1].split(". Load it")[0])
    assert folder.parent == Path.cwd()
    assert caught.value.trained.model.rate == cxml.load(folder).model.rate
    assert caught.value.trained.metrics == cxml.load(folder).metrics
    return folder


class TestFailures:
    @pytest.fixture(autouse=True)
    def _impatient(self, monkeypatch):
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "5")

    def test_a_server_that_is_down(self, in_tmp, mlflow, monkeypatch, free_port, customers):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{free_port()}")
        with pytest.raises(
            TrackingError, match=r"The tracking server must answer - http.*refused.*is kept in"
        ) as caught:
            churn.train(customers, **WORDS)
        kept_folder(caught)

    def test_a_server_that_refuses(self, in_tmp, mlflow, monkeypatch, customers):
        with refusing() as url:
            monkeypatch.setenv("MLFLOW_TRACKING_URI", url)
            with pytest.raises(TrackingError, match=r"MLflow must take what was trained .*500.* is kept in") as caught:
                churn.train(customers, **WORDS)
        kept_folder(caught)

    @pytest.mark.parametrize("step", ["log_params", "log_metrics", "log_artifacts", "set_tag"])
    def test_a_disk_that_is_full_in_the_middle(self, store, mlflow, monkeypatch, customers, step):
        def full(*_, **__):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(mlflow, step, full)
        with pytest.raises(TrackingError, match=r"OSError: .*No space left on device The model is kept in") as caught:
            churn.train(customers, **WORDS)
        kept_folder(caught)
        assert statuses(mlflow) == {"churn/base_rate": "FAILED"}
        assert mlflow.active_run() is None
        assert cxml.compare("churn").empty

    def test_a_picture_that_cannot_be_drawn(self, store, mlflow, monkeypatch, customers):
        from cxml import plots

        def broken(*_, **__):
            raise RuntimeError("no canvas")

        monkeypatch.setattr(plots, "plot_gains", broken)
        with pytest.raises(TrackingError, match=r"RuntimeError: no canvas.* is kept in") as caught:
            churn.train(customers, **{**WORDS, "pictures": True})
        kept_folder(caught)
        assert "FINISHED" not in statuses(mlflow).values()

    def test_a_folder_that_cannot_be_written_either(self, store, mlflow, monkeypatch, customers):
        from cxml import persistence
        from cxml.tracking import models

        def full(*_, **__):
            raise OSError(28, "No space left on device")

        for module in (persistence, models):
            monkeypatch.setattr(module, "save", full)
        with pytest.raises(TrackingError, match=r"A model folder needs a disk with room .*still in memory") as caught:
            churn.train(customers, **WORDS)
        assert caught.value.trained.model.rate > 0


@contextmanager
def refusing():
    """A server that answers everything with 500."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(500)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_GET  # noqa: N815 - the name that http.server calls

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join(timeout=10)


@pytest.fixture(scope="module")
def server(migrated, tmp_path_factory, free_port, running):
    """A real `mlflow server` on loopback, with a store of its own."""
    import shutil

    place = tmp_path_factory.mktemp("server")
    shutil.copy(migrated, place / "mlflow.db")
    url = f"http://127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", url.rpartition(":")[2]]
    command += ["--backend-store-uri", f"sqlite:///{place}/mlflow.db", "--artifacts-destination", f"{place}/artifacts"]
    quick = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "PYTHONWARNINGS": "ignore"}
    with running([*command, "--workers", "1"], f"{url}/health", place, **quick):
        yield url


def test_all_of_it_over_a_real_server(server, in_tmp, mlflow, monkeypatch, korean):
    """Train, compare, promote and load, with Korean column names, and with pickles forbidden."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    monkeypatch.setenv("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
    model = churn.train(korean, target="이탈", key="customer_id", method="logistic", pictures=False)
    assert run_of(mlflow, model.run_id).info.status == "FINISHED"
    assert list(in_tmp.iterdir()) == [], "something was left in the working directory"
    found = cxml.compare("churn", against=model)
    assert found["run"].tolist() == ["churn/logistic", "churn/base_rate"]
    assert found["difference"].notna().all(), "the held-out losses come through the server too"
    promotion = cxml.promote(model)
    assert promotion.uri == "models:/churn@champion"
    expected = churn.predict(model, korean)
    pd.testing.assert_frame_equal(churn.predict(promotion.uri, korean), expected)
    served = mlflow.pyfunc.load_model(promotion.uri)
    np.testing.assert_array_equal(
        served.predict(korean[list(model.model.features())])["churn_probability"], expected["churn_probability"]
    )


def test_mlflow_serves_a_model(tracked, running, free_port, tmp_path, korean):
    """`mlflow models serve`, as a service would run it, answers as predict does."""
    url = f"http://127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "mlflow", "models", "serve", "--model-uri", tracked.strong.uri]
    command += ["--env-manager", "local", "--host", "127.0.0.1", "--port", url.rpartition(":")[2], "--workers", "1"]
    known = {
        "MLFLOW_TRACKING_URI": f"sqlite:///{tracked.db}",
        "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
        "PYTHONWARNINGS": "ignore",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",  # MLflow calls uvicorn by its name
    }
    rows = korean.head(5)[["customer_id", *tracked.strong.model.features()]]
    sent = {"dataframe_split": json.loads(rows.to_json(orient="split", date_format="iso", force_ascii=False))}
    with running(command, f"{url}/ping", tmp_path, **known):
        request = Request(
            f"{url}/invocations", json.dumps(sent).encode(), {"Content-Type": "application/json"}, method="POST"
        )
        with urlopen(request, timeout=60) as answer:
            found = json.load(answer)["predictions"]
    expected = churn.predict(tracked.strong, korean.head(5)).to_dict("records")
    assert found == [pytest.approx(one, abs=1e-9) for one in expected]


def test_a_deleted_experiment_comes_back(store, mlflow, customers):
    builders.train("churn/base_rate", customers, track=True, pictures=False)
    mlflow.delete_experiment(mlflow.get_experiment_by_name("cxml/churn").experiment_id)
    model = builders.train("churn/base_rate", customers, track=True, pictures=False)
    assert run_of(mlflow, model.run_id).info.status == "FINISHED"


def test_mlflow_is_left_as_it_was(store, mlflow, customers, caplog, capsys):
    caplog.set_level(logging.DEBUG, "mlflow")
    caplog.set_level(logging.ERROR, "alembic")
    before = dict(os.environ)
    builders.train("churn/base_rate", customers, track=True, pictures=False)
    assert dict(os.environ) == before
    assert (logging.getLogger("mlflow").level, logging.getLogger("alembic").level) == (logging.DEBUG, logging.ERROR)
    assert mlflow.active_run() is None
    assert capsys.readouterr().out == ""
