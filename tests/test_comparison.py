"""Runs side by side, against one of them, drawn; and the way back from a promotion."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import cxml
from cxml import plots, tracking
from cxml.cli import main
from cxml.errors import ConfigError, FrameError
from cxml.promotion.settings import what_differs

pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated")

AGAINST = ["difference", "difference_low", "difference_high", "common_rows"]


def on_strong(tracked_store, found):
    """The lines of the runs on the strong model's data."""
    return found[found["data"] == tracked_store.strong.origin.data.digest].set_index("run_id")


class TestAgainst:
    def test_each_run_is_paired_on_the_rows_that_both_held_out(self, tracked_store):
        strong, weak = tracked_store.strong, tracked_store.weak
        found = on_strong(tracked_store, cxml.compare("churn", against=strong))
        own, theirs = (tracking.read_held_out(one.run_id).set_index("row") for one in (weak, strong))
        common = own.index.intersection(theirs.index)
        gap = (own["loss"].loc[common] - theirs["loss"].loc[common]).to_numpy()
        error = 1.96 * gap.std(ddof=1) / np.sqrt(len(gap))
        wanted = [gap.mean(), gap.mean() - error, gap.mean() + error, len(gap)]
        np.testing.assert_allclose(found.loc[weak.run_id, AGAINST].astype(float), wanted)
        assert found.loc[strong.run_id, AGAINST].tolist() == [0, 0, 0, len(theirs)]

    def test_the_strongest_baseline_is_compared_by_the_losses_beside_the_models(self, tracked_store):
        found = on_strong(tracked_store, cxml.compare("churn", against=tracked_store.strong))
        held_out = tracking.read_held_out(tracked_store.strong.run_id)
        wanted = (held_out["baseline_loss"] - held_out["loss"]).mean()
        baselines = found[found["role"] == "baseline"]
        assert len(baselines) == 2
        assert np.isclose(baselines["difference"], wanted).any()
        assert baselines["difference"].notna().all()

    def test_too_few_common_rows_leave_the_difference_empty(self, tracked_store):
        found = cxml.compare("churn", against=tracked_store.strong)
        other = found[found["data"] == tracked_store.dated.origin.data.digest]
        assert len(other) == 1
        assert other["common_rows"].tolist() == [0]
        assert other[AGAINST[:3]].isna().all(axis=None)

    @pytest.mark.parametrize("form", ["champion", "churn@champion", "models:/churn@champion", "runs:/{run_id}"])
    def test_the_rival_is_named_by_alias_or_uri(self, tracked_store, form):
        cxml.promote(tracked_store.strong)
        found = cxml.compare("churn", against=form.format(run_id=tracked_store.strong.run_id)).set_index("run_id")
        assert found.loc[tracked_store.strong.run_id, "difference"] == 0
        assert found.loc[tracked_store.weak.run_id, "difference"] > 0

    def test_a_run_whose_artifacts_are_gone_hides_no_other(self, tracked_store, mlflow, tmp_path, request):
        kept = Path(mlflow.get_run(tracked_store.weak.run_id).info.artifact_uri) / tracking.HELD_OUT
        away = kept.rename(tmp_path / "away")
        request.addfinalizer(lambda: away.rename(kept))
        found = cxml.compare("churn", against=tracked_store.strong).set_index("run_id")
        assert np.isnan(found.loc[tracked_store.weak.run_id, "difference"])
        assert found.loc[tracked_store.strong.run_id, "difference"] == 0

    def test_the_losses_are_read_without_asking_the_store_for_each_run(self, tracked_store, monkeypatch):
        from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

        monkeypatch.setattr(SqlAlchemyStore, "get_run", lambda *_: pytest.fail("asked for a run"))
        assert cxml.compare("churn", against=tracked_store.strong)["difference"].notna().sum() == 4

    def test_refuses_what_is_no_rival(self, tracked_store, trained):
        with pytest.raises(ConfigError, match=r"no version of 'churn' holds 'champion'\. Promote one first"):
            cxml.compare("churn", against="champion")
        with pytest.raises(ConfigError, match=r"MLflow holds - churn/logistic has none\. Train it with track"):
            cxml.compare("churn", against=trained("churn/logistic"))
        with pytest.raises(ConfigError, match=r"Runs of voc are compared with one of them - got churn/logistic"):
            cxml.compare("voc", against=tracked_store.strong)
        cxml.promote(tracked_store.strong)
        with pytest.raises(ConfigError, match=r"Runs of voc are .* got 'churn@champion', whose run \w{32} is none"):
            cxml.compare("voc", against="churn@champion")


def test_aliases_stand_beside_the_runs_that_hold_them(tracked_store):
    assert (cxml.compare("churn")["aliases"] == "").all()
    cxml.promote(tracked_store.strong)
    cxml.promote(tracked_store.strong, alias="shadow", name="other")
    found = cxml.compare("churn").set_index("run_id")["aliases"]
    assert found[tracked_store.strong.run_id] == "champion, other@shadow"
    assert (found.drop(tracked_store.strong.run_id) == "").all()


class TestSettings:
    def differing(self, *runs):
        """What `what_differs` says of runs, given as name and settings, or as name and training of a baseline."""
        lines = []
        for place, (name, told) in enumerate(runs):
            line = {
                "tags.mlflow.runName": name,
                "run_id": f"r{place}",
                "tags.cxml.headline": "l",
                "tags.cxml.data": "d",
            }
            known = {"split": f"rule {place}", "rows_train": str(place)}
            if isinstance(told, str):
                line |= {"tags.cxml.role": "baseline", "tags.cxml.baseline_of": told}
            else:
                line["tags.cxml.role"] = "model"
                known |= {key: str(value) for key, value in told.items()}
            lines.append(line | {f"params.{key}": value for key, value in known.items()})
        return what_differs(pd.DataFrame(lines)).tolist()

    def test_name_what_differs_and_of_baselines_what_they_stand_beside(self, tracked_store):
        found = on_strong(tracked_store, cxml.compare("churn"))
        strong, weak = (found.loc[one.run_id, "settings"] for one in (tracked_store.strong, tracked_store.weak))
        assert strong == ""
        assert weak.startswith("drop=")
        assert weak.endswith(" more")
        assert sorted(found.loc[found["role"] == "baseline", "settings"]) == ["", weak]
        other = cxml.compare("churn").set_index("run_id").loc[tracked_store.dated.run_id, "settings"]
        assert other == "", "alone in its group"

    def test_one_run_or_equal_runs_differ_in_nothing(self):
        assert self.differing(("a", {"seed": 0, "drop": ("x",)})) == [""]
        assert self.differing(("a", {"seed": 0}), ("b", {"seed": 0}), ("b", "r1")) == ["", "", ""]

    def test_a_value_that_others_lack_differs_within_a_method_only(self):
        found = self.differing(("a", {"country": "KR"}), ("a", {}), ("b", {"ngrams": 9}), ("b", {"ngrams": 9}))
        assert found == ["country=KR", "", "", ""]
        assert self.differing(("a", {"seed": 0}), ("b", {"seed": 1, "n": 2}), ("c", "r1")) == [
            "seed=0",
            "seed=1",
            "seed=1",
        ]

    def test_are_short(self):
        many = dict.fromkeys("abcde", 1)
        other = dict.fromkeys("abcde", 2)
        assert self.differing(("a", many), ("a", other))[1] == "a=2, b=2, c=2, 2 more"
        columns = {"drop": ("만족도", "plan", "x", "y"), "text": "z" * 99}
        assert self.differing(("a", columns), ("a", {"drop": ()}))[0] == f"drop=만족도+plan+2 more, text={'z' * 23}…"
        assert self.differing(("a", {"drop": "('cut off by MLfl"}), ("a", {}))[0] == "drop=('cut off by MLfl"


class TestRollback:
    def version(self, mlflow):
        return str(mlflow.MlflowClient().get_model_version_by_alias("churn", "champion").version)

    def test_goes_back_step_by_step_whatever_was_registered_since(self, tracked_store, mlflow):
        cxml.promote(tracked_store.weak)
        cxml.promote(tracked_store.strong)
        cxml.promote(tracked_store.weak, alias="shadow")  # version 3
        cxml.promote(tracked_store.weak, tolerance=9.0)  # version 4
        loaded = cxml.load("models:/churn@champion")
        done = cxml.rollback("churn")
        assert (done.uri, done.from_version, done.to_version) == ("models:/churn@champion", "4", "2")
        assert str(done) == repr(done) == "models:/churn@champion went from version 4 to version 2"
        assert loaded.run_id == tracked_store.weak.run_id, "what is loaded stays"
        assert cxml.load("models:/churn@champion").run_id == tracked_store.strong.run_id
        assert cxml.rollback("churn").to_version == "1"
        with pytest.raises(ConfigError, match=r"held churn@champion before version 1 - none did.* '1', '2', '3', '4'"):
            cxml.rollback("churn")
        assert self.version(mlflow) == "1"
        cxml.promote(tracked_store.strong, tolerance=9.0)  # version 5, taken from the first
        assert cxml.rollback("churn").to_version == "1"

    def test_goes_to_a_version_and_back(self, tracked_store, mlflow):
        cxml.promote(tracked_store.weak)
        cxml.promote(tracked_store.strong, alias="shadow")
        assert cxml.rollback("churn", version=2).to_version == "2"
        assert cxml.rollback("churn").to_version == "1"
        assert cxml.rollback("churn", version="2").from_version == "1"
        with pytest.raises(ConfigError, match=r"another version than the one that holds it - got '2'"):
            cxml.rollback("churn", version=2)
        with pytest.raises(ConfigError, match=r"a version that exists - got '9', and there is '1', '2'"):
            cxml.rollback("churn", version=9)
        assert self.version(mlflow) == "2"

    def test_a_promotion_after_a_rollback_remembers_where_it_came_from(self, tracked_store):
        cxml.promote(tracked_store.weak)
        cxml.promote(tracked_store.strong)
        cxml.rollback("churn")
        cxml.promote(tracked_store.strong)
        assert cxml.rollback("churn").to_version == "1"

    def test_a_version_that_was_deleted_is_named(self, tracked_store, mlflow):
        cxml.promote(tracked_store.weak)
        cxml.promote(tracked_store.strong)
        mlflow.MlflowClient().delete_model_version("churn", "1")
        with pytest.raises(ConfigError, match=r"a version that exists - got '1', and there is '2'\. Give one of these"):
            cxml.rollback("churn")

    def test_there_must_be_something_to_go_back_from(self, store):
        with pytest.raises(ConfigError, match=r"no version of 'churn' holds 'champion'\. Promote a model first"):
            cxml.rollback("churn")


class TestRegistered:
    def test_model_and_version_have_descriptions_and_no_empty_tag(self, tracked_store, mlflow):
        cxml.promote(tracked_store.strong)
        client = mlflow.MlflowClient()
        told = client.get_registered_model("churn").description
        assert 'cxml.load("models:/churn@champion")' in told
        assert "The figures speak of customers like those it was trained on" in told
        version = client.get_model_version_by_alias("churn", "champion")
        assert version.description.startswith("# churn/logistic")
        assert version.tags["cxml.model"] == "churn/logistic"
        assert version.tags["cxml.headline"] == "log_loss"
        assert all(version.tags.values())

    def test_the_logged_model_names_its_versions(self, tracked_store, mlflow):
        cxml.promote(tracked_store.strong)
        cxml.promote(tracked_store.strong, alias="shadow", name="other")
        tags = mlflow.MlflowClient().get_logged_model(tracked_store.strong.uri.removeprefix("models:/")).tags
        wanted = [{"name": "churn", "version": "1"}, {"name": "other", "version": "1"}]
        assert json.loads(tags["mlflow.modelVersions"]) == wanted

    def test_a_long_card_is_cut_between_lines_and_says_where_the_rest_is(self):
        from cxml.tracking.registered import shortened

        card = "\n".join(f"line {number}" for number in range(2_000))
        cut = shortened(card, 4_800)
        assert 4_700 < len(cut) <= 4_800
        kept, _, rest = cut.partition("\n\n... ")
        assert rest == "the rest is in the artifact card.md"
        assert card.startswith(kept + "\n")
        assert shortened(card, len(card)) == card


class TestPicture:
    def test_each_group_has_a_panel_with_its_runs_from_the_best_down(self, tracked_store):
        cxml.promote(tracked_store.strong)
        runs = cxml.compare("churn")
        figure = plots.plot_comparison(runs)
        assert isinstance(figure, Figure)
        labels = [[text.get_text() for text in ax.get_yticklabels()] for ax in figure.axes]
        (most,) = [one for one in labels if len(one) > 1]
        assert most[0].startswith("churn/logistic")
        assert most[0].endswith("(champion)")
        assert sum("base_rate" in name for one in labels for name in one) >= 2
        assert len(figure.axes) == runs.groupby(["headline", "data"]).ngroups == 2
        legend = {text.get_text() for ax in figure.axes for text in ax.get_legend().get_texts()}
        assert legend == {"promoted", "model", "baseline"}

    def test_of_a_hundred_runs_the_best_are_drawn_and_all_that_were_promoted(self):
        many = pd.DataFrame(
            {
                "run": ["churn/boosted"] * 98 + ["churn/base_rate"] * 2,
                "role": ["model"] * 98 + ["baseline"] * 2,
                "aliases": [""] * 97 + ["champion", "", ""],
                "settings": "",
                "headline": "log_loss",
                "value": [*np.linspace(0.4, 0.5, 98), 0.6, 0.6],
                "data": "d1",
                "run_id": [f"{number:032d}"[::-1] for number in range(100)],
            }
        )
        figure = plots.plot_comparison(many.assign(low=many["value"] - 0.02, high=many["value"] + 0.02))
        names = [text.get_text() for text in figure.axes[0].get_yticklabels()]
        assert len(names) == 17
        assert "(champion)" in names[15]
        assert names[16] == "churn/base_rate"

    def test_runs_of_one_name_are_told_apart_by_settings_and_else_by_their_ids(self):
        long = "drop=" + "x" * 40
        runs = pd.DataFrame(
            [
                ("churn/boosted", "model", "", ""),
                ("churn/boosted", "model", "champion", "drop=요금제"),
                ("churn/logistic", "model", "", long + "1"),
                ("churn/logistic", "model", "", long + "2"),
                ("churn/logistic", "baseline", "", "drop=요금제"),
                ("churn/base_rate", "baseline", "", "drop=요금제"),
            ],
            columns=["run", "role", "aliases", "settings"],
        )
        runs = runs.assign(headline="log_loss", data="d1", value=[0.40, 0.41, 0.42, 0.43, 0.44, 0.5])
        runs = runs.assign(low=0.3, high=0.6, run_id=[f"{place}bcdefgh" for place in range(len(runs))])
        names = [text.get_text() for text in plots.plot_comparison(runs).axes[0].get_yticklabels()]
        assert names == [
            "churn/boosted",
            "churn/boosted (champion) drop=요…",
            "churn/logistic 2bcdef",
            "churn/logistic 3bcdef",
            "churn/logistic",
            "churn/base_rate",
        ]

    def test_refuses_nothing_and_too_much(self, tracked_store):
        runs = cxml.compare("churn")
        with pytest.raises(FrameError, match=r"needs one with a figure - got none\. Train a model"):
            plots.plot_comparison(runs.head(0))
        with pytest.raises(FrameError, match=r"one headline and data - got 2 groups"):
            plots.plot_comparison(runs, ax=Figure().add_subplot())


def test_the_command_line_compares_draws_promotes_and_goes_back(tracked_store, capsys):
    def run(*words):
        code = main([str(word) for word in words])
        told = capsys.readouterr()
        return code, told.out + told.err

    for one in (tracked_store.weak, tracked_store.strong):
        assert run("promote", f"runs:/{one.run_id}/model")[0] == 0
    code, told = run("compare", "churn", "--against", "champion", "--picture", "runs.png")
    assert code == 0
    assert "difference: to champion" in told
    assert Path("runs.png").read_bytes()[:4] == b"\x89PNG"
    line = next(one for one in told.splitlines() if tracked_store.strong.run_id in one)
    assert " champion " in line
    assert " 0.0000 0.0000 0.0000 " in line
    code, told = run("rollback", "churn")
    assert code == 0
    assert "models:/churn@champion went from version 2 to version 1" in told
    assert run("rollback", "churn")[0] == 2
    assert run("rollback", "churn", "--version", "2")[0] == 0
    code, told = run("compare", "churn", "--picture", "runs.doc")
    assert code == 2
    assert "--picture must be a file in a folder that exists, and end in .png" in told


def test_a_thousand_runs_cost_no_thousand_questions(tracked_store, mlflow, monkeypatch):
    """What a comparison asks of the store does not grow with the runs, but for the losses that are asked for."""
    asked = []
    search = mlflow.search_runs
    monkeypatch.setattr(mlflow, "search_runs", lambda **words: asked.append(1) or search(**words))
    monkeypatch.setattr(tracking, "read_held_out", lambda run_id: asked.append(run_id))
    cxml.compare("churn")
    assert asked == [1]


def test_paired_rows_are_enough_from_a_hundred_and_half_of_them_on():
    from cxml.promotion.paired import are_enough

    own = pd.DataFrame({"row": range(300)})
    assert [are_enough(own.head(n), own) for n in (99, 149, 150)] == [False, False, True]
    assert not are_enough(own.head(99), own.head(99))
