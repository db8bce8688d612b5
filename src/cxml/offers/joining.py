"""What is known of customers and of offers, joined to the log: one frame, as for every family."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from cxml.errors import FrameError, nearest, shorten
from cxml.frames import as_pandas, check_columns, check_unique
from cxml.offers.catalogue import offer_texts, places_among
from cxml.offers.checks import names_control
from cxml.offers.config import LogConfig

if TYPE_CHECKING:
    import pandas as pd

ConfigT = TypeVar("ConfigT", bound=LogConfig)


def join(log: Any, customers: Any, offers: Any, config: ConfigT) -> tuple[pd.DataFrame, ConfigT]:
    """Join what is known of customers and of offers to the log.

    Parameters
    ----------
    log : DataFrame
    customers, offers : DataFrame, optional
        One row a customer (an offer), under the key's (the offer's) name.
    config : LogConfig

    Returns
    -------
    (one frame, one row a row of the log, in its order; config with the offers' columns named)

    Raises
    ------
    FrameError
        If a table lacks its key, repeats it, names a column that the log has too, or does not know a customer or an
        offer of the log.
    """
    frame = as_pandas(log, what="The log")
    if customers is not None:
        frame = _joined(frame, as_pandas(customers, what="customers="), config.key, "key", "customer")
    if offers is not None:
        offers = as_pandas(offers, what="offers=")
        control = getattr(config, "control", None)
        frame = _joined(frame, offers, config.offer, "offer", "offer", absent=control)
        columns = tuple(name for name in offers.columns if name != config.offer and name not in config.drop)
        config = replace(config, offer_columns=config.offer_columns or columns)
    return frame, config


def _joined(
    log: pd.DataFrame, table: pd.DataFrame, name: str | None, setting: str, what: str, absent: object = None
) -> pd.DataFrame:
    if name is None:
        raise FrameError(
            f"{what}s= is joined by the column that names the {what} - got no {setting}=. Pass {setting}=..."
        )
    check_columns(log.columns, [name], what="The log", advice="Name columns as the log does.")
    check_columns(table.columns, [name], what=f"{what}s=", advice=f"It is joined to the log by its {what}s.")
    check_unique(table, [name], advice=f"Keep one row for each {what}.")
    both = [one for one in table.columns if one in log.columns and one != name]
    if both:
        raise FrameError(
            f"A column must be of the log or of {what}s= - got {shorten(both)} in both. Drop it in one of them."
        )
    _, names = offer_texts(table[name])
    places = places_among(table[name], names)
    row_of = np.empty(len(names), dtype=np.intp)
    row_of[places] = np.arange(len(table))
    at = places_among(log[name], names)
    known_by_none = (at < 0) & log[name].notna().to_numpy()
    if absent is not None:
        known_by_none &= ~names_control(log[name], absent)
    if known_by_none.any():
        unknown = log.loc[known_by_none, name].unique()
        raise FrameError(
            f"Each {what} of the log must be in {what}s= - {int(known_by_none.sum()):,} of {len(log):,} rows name "
            f"others: {shorten(unknown.tolist())}.{nearest(str(unknown[0]), names)} Add them, or drop these rows."
        )
    rest = table.drop(columns=name)
    import pandas as pd

    rows = np.where(at < 0, -1, row_of[at])
    taken = rest.set_axis(pd.RangeIndex(len(rest)), axis=0).reindex(rows).set_axis(log.index, axis=0)

    return pd.concat([log, taken], axis=1)
