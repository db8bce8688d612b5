"""The public churn sets: where they are read from, and how a peer gets them.

They are not part of the project. Their folder is `CXML_DATA`, by default `../shared/data` beside the checkout; where it
is absent, a benchmark says so and ends.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

FOLDER = Path(os.environ.get("CXML_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


@dataclass(frozen=True)
class Source:
    """One set: its file, its target, the label that means left, and the columns that name a customer."""

    name: str
    file: str
    target: str
    positive: object
    identifiers: tuple[str, ...] = ()


SOURCES = (
    Source("telco", "telco_ibm.csv.gz", "Churn", "Yes", ("customerID",)),
    Source("mlc", "mlc_churn.csv.gz", "churn", "yes"),
    Source("bank", "bank_churn_modelling.csv.gz", "Exited", 1, ("RowNumber", "CustomerId", "Surname")),
    Source("iranian", "iranian_telecom_churn.csv.gz", "Churn", 1),
)


def read(source: Source) -> pd.DataFrame:
    """Read a set without its identifiers, or end the benchmark with a clear word."""
    path = FOLDER / "churn" / source.file
    if not path.is_file():
        print(f"skipped: {source.name} is not here ({path}). Set CXML_DATA to the folder that holds churn/.")
        raise SystemExit(0)
    return pd.read_csv(path).drop(columns=list(source.identifiers))


def for_peers(frame: pd.DataFrame, source: Source) -> tuple[pd.DataFrame, pd.Series]:
    """What a careful user would hand to a peer: text that is numbers read as numbers, text as category."""
    features = frame.drop(columns=source.target)
    if source.name == "telco":
        features = features.assign(TotalCharges=pd.to_numeric(features["TotalCharges"], errors="coerce"))
    return features, (frame[source.target] == source.positive).astype(int)


def table(rows: list[dict[str, object]], title: str) -> None:
    """Print rows as an aligned table."""
    print(f"\n{title}")
    print(pd.DataFrame(rows).to_string(index=False, na_rep=""))
