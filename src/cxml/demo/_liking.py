"""The demo of offers, first part: which films people will like, from those they liked before."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING, Final

from cxml.demo._chapter import Chapter, Measure, Shown, Source
from cxml.demo._telling import tool

if TYPE_CHECKING:
    import pandas as pd

    from cxml.datasets import Dataset
    from cxml.trained import Trained

_SHOWN: Final[Shown] = {
    "ndcg_at_10": Measure("nDCG at 10", "{:.3f}", higher=True),
    "recall_at_10": Measure("recall at 10", "{:.3f}", higher=True),
    "hit_rate_at_10": Measure("somebody of ten hits", "{:.3f}", higher=True),
    "catalogue_coverage_at_10": Measure("share of the films ever shown", "{:.3f}", higher=True),
}
#: Stars from which on a film counts as liked.
_LIKED: Final = 4.0
_FILMS, _KNOWN = 5, 3


def show(told: Chapter) -> None:
    """Learn who likes what, and suggest films to somebody."""
    from cxml import datasets, offers

    data = datasets.load_movielens()
    told.use(Source("MovieLens", data.description, data.source, data.licence))
    liked = liked_films(data)
    told.head(f"Which film next? {len(liked):,} films liked by {liked['person'].nunique():,} people")
    told.tell(
        f"A rating of {_LIKED:g} stars and more counts as liked. The last fifth of each person's likes is held out; "
        "ten films shown to that person are to hold some of it."
    )
    trained = told.train(
        data.name,
        _SHOWN,
        lambda: offers.train(liked, key="person", offer="film", time="rated_at"),
        f"{len(liked):,} films that people liked",
    )
    uri = told.promote(trained, data.name)
    _suggest(told, trained, liked)
    typed = told.write("people to suggest films to", "people.csv", liked[["person"]].drop_duplicates())
    out = quote(str(told.folder / "answers_films.csv"))
    told.commands["suggest films"] = (
        f"{tool('cxml')} predict {quote(uri)} --k 10 \\\n    --data {quote(str(typed))} --out {out}"
    )


def liked_films(data: Dataset) -> pd.DataFrame:
    """The liked ones among the ratings: who, which film, when; films of the same title and year keep their number."""
    rows = data.frame[data.frame[data.target] >= _LIKED]
    films = data.frame.drop_duplicates("movieId").set_index("movieId")
    years = films["year"].map(lambda year: f"({year:.0f})" if year == year else "")
    names = (films["title"].fillna("untitled") + " " + years).str.strip()
    names = names.where(~names.duplicated(keep=False), names + " #" + films.index.astype(str))
    import pandas as pd

    return pd.DataFrame(
        {
            "person": "person " + rows[str(data.key)].astype(str),
            "film": rows["movieId"].map(names),
            "rated_at": rows[str(data.time)],
        }
    ).reset_index(drop=True)


def _suggest(told: Chapter, trained: Trained, liked: pd.DataFrame) -> None:
    """Suggest films to the person of middling habits, so that neither a stranger nor an addict is shown."""
    from cxml import offers

    counts = liked["person"].value_counts()
    person = counts.index[len(counts) // 2]
    known = liked[liked["person"] == person].sort_values("rated_at")["film"].tail(_KNOWN)
    answer = offers.predict(trained, liked.loc[liked["person"] == person, ["person"]].head(1), k=_FILMS)
    told.tell(
        f"{person.capitalize()} lately liked {'; '.join(known)}. To be shown next: {'; '.join(answer['offer'])}.",
        lead=True,
    )
    told.note(
        "MovieLens: whether somebody would like a film that they did not rate is unknown and counts as no, so lists "
        "are judged too low rather than too high."
    )
