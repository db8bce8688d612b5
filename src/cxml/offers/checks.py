"""What offers refuse to learn from, and what they say about the rest."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

from cxml.contract import Findings
from cxml.encoding import Column, Encoder, describe_left_out, learn_columns, learn_levels, read_column
from cxml.errors import FrameError, nearest, shorten
from cxml.frames import binary_target, check_columns, hash_rows, holds_label
from cxml.leakage import find_leaks, settle_leaks
from cxml.offers.catalogue import entries_of, find_offer_columns, offer_texts, places_among
from cxml.offers.config import LogConfig, OffersConfig
from cxml.splits import check_moments, groups_of
from cxml.values import read_category

if TYPE_CHECKING:
    import pandas as pd

    from cxml.encoding import Kind

ConfigT = TypeVar("ConfigT", bound=LogConfig)

_LEAST_ROWS, _LEAST_OF_A_KIND = 50, 10


def check(frame: pd.DataFrame, config: OffersConfig) -> tuple[pd.DataFrame, OffersConfig, Findings]:
    """Refuse a log that responses cannot be learned from; settle the label and what the columns are.

    Parameters
    ----------
    frame : DataFrame
    config : OffersConfig

    Returns
    -------
    (the frame without rows of the control, settled config, what was found)

    Raises
    ------
    FrameError
        If a named column is missing, rows lack a key, an offer or a moment, rows repeat, a propensity is no chance, a
        response lies before its offer's start, there are fewer than 50 answers or 10 of either kind, or nothing is left
        to learn from.
    """
    check_log(frame, config)
    check_propensities(frame, config)
    frame, notes = without_control(frame, config)
    answered = frame[config.response].notna().to_numpy()
    if not answered.any():
        raise FrameError(
            f"Training offers needs answers in {config.response!r} - all {len(frame):,} rows have none. "
            "Where rows are items taken and nobody was asked, leave response= out."
        )
    asked = frame[answered]
    target, positive, negative = binary_target(asked[config.response], positive=config.positive)
    check_counts(target)
    check_starts(frame, config)
    _check_channels(frame, config)
    columns = settle_offer_columns(frame, config)
    config = replace(config, positive=positive, negative=negative, offer_columns=columns)
    notes += describe_log(frame, answered, target, config)
    customer, offer, more = learn_encoders(asked, config)
    customer.encode(asked)  # reads every value once: what cannot be read is refused before work starts
    leaks = find_leaks(asked, customer, target, seed=config.seed)
    notes += (*more, *settle_leaks(leaks, config.on_leakage))
    kept = [one for one in customer.columns if not (config.on_leakage == "drop" and one.name in leaks)]
    if config.on_leakage == "drop":
        config, leaks = replace(config, drop=(*config.drop, *leaks)), {}
    if not kept and not offer.columns and len(offer_texts_of(asked, config)[1]) < 2:
        raise FrameError(
            f"Training offers needs something to learn from - the log has one offer and no column that describes "
            f"whom it was made. Join what is known of them: customers=... ({len(frame.columns)} columns were given)."
        )
    config = replace(config, schema=_schema(kept), offer_schema=_schema(offer.columns))
    return frame, config, Findings(notes, leaks)


def _schema(columns: Any) -> tuple[tuple[str, str, bool], ...]:
    return tuple((one.name, one.kind, one.dirty) for one in columns)


def check_log(frame: pd.DataFrame, config: LogConfig) -> None:
    """Refuse a log that lacks named columns, keys, offers or moments, or that repeats rows.

    Raises
    ------
    FrameError
        As said.
    """
    dates = [one for one in (getattr(config, "starts", None), getattr(config, "ends", None)) if one]
    named = [*config.named, *config.drop, *config.offer_columns, *dates]
    check_columns(frame.columns, named, what="Training offers", advice="Name columns as the log does.")
    for name in (config.key, config.offer):
        if name is not None and frame[name].isna().any():
            empty = int(frame[name].isna().sum())
            raise FrameError(
                f"Each row must have its {name!r} - {empty:,} of {len(frame):,} rows have none. "
                "Fill it or drop these rows."
            )
    if config.time is not None:
        check_moments(frame[config.time])
    _check_repeats(frame, config)


def _check_repeats(frame: pd.DataFrame, config: LogConfig) -> None:
    """Rows that say the same twice would be learned from twice, and one of them may judge the other."""
    if config.key is None:
        return
    names = [name for name in (config.key, config.offer, config.time, config.channel) if name is not None]
    columns = names if config.time is not None else list(frame.columns)
    hashes = hash_rows(frame[columns])
    _, inverse, counts = np.unique(hashes, return_inverse=True, return_counts=True)
    repeated = counts[inverse] > 1
    response = getattr(config, "response", None)
    if response is None:
        return  # an item may be taken many times, also in one moment
    repeated &= frame[response].notna().to_numpy()
    if repeated.any():
        keys = frame.loc[repeated, config.key].unique()
        what = " and ".join(map(repr, names)) if config.time is not None else "all columns"
        raise FrameError(
            f"Each offer must be in the log once - {int(repeated.sum()):,} of {len(frame):,} rows repeat another in "
            f"{what}, such as those of {shorten(keys.tolist())}. Drop the copies, or name what tells them apart: "
            f"{'channel=' if config.channel is None and config.time is not None else 'time='}..."
        )


def without_control(frame: pd.DataFrame, config: OffersConfig) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Leave out the rows of customers whom nobody contacted.

    Raises
    ------
    FrameError
        If no row is of the control that was named, or all are.
    """
    if config.control is None:
        return frame, ()
    if config.offer is None:
        raise FrameError(f"control={config.control!r} must be one of the offers - got no offer=. Pass offer=...")
    is_control = names_control(frame[config.offer], config.control)
    if not is_control.any() or is_control.all():
        _, names = offer_texts(frame[config.offer])
        which = "all" if is_control.all() else "none"
        raise FrameError(
            f"control= must be one of several offers in {config.offer!r} - got {config.control!r}, which {which} of "
            f"{len(frame):,} rows are.{nearest(str(config.control), names)} Offers: {shorten(names)}."
        )
    note = (
        f"{int(is_control.sum()):,} rows of {config.control!r} are of customers whom nobody contacted: left out. "
        "uplift=True compares with them."
    )
    return _among_contacted(frame[~is_control], frame[is_control], config), (note,)


def names_control(values: pd.Series, control: object) -> np.ndarray:
    """Which rows name the control: read as offers are, so that 6 is also 6.0."""
    found: np.ndarray = places_among(values, [read_category(control) or ""]) == 0
    return found


def contacted(frame: pd.DataFrame, config: OffersConfig) -> pd.DataFrame:
    """The rows in which an offer was made: without those of the control, where it is named."""
    if config.control is None or config.offer is None:
        return frame
    is_control = names_control(frame[config.offer], config.control)
    return frame[~is_control] if is_control.any() else frame


def _among_contacted(frame: pd.DataFrame, control: pd.DataFrame, config: OffersConfig) -> pd.DataFrame:
    """Propensities among those who were contacted, where it is plain with which chance nobody was."""
    if config.propensity is None:
        return frame
    nobody = read_column(control[config.propensity], Column(config.propensity, "number"))
    if np.isnan(nobody).any() or not 0 < nobody.min() == nobody.max() < 1:
        return frame
    chance = read_column(frame[config.propensity], Column(config.propensity, "number"))
    return frame.assign(**{config.propensity: np.minimum(chance / (1.0 - nobody[0]), 1.0)})


def settle_offer_columns(frame: pd.DataFrame, config: LogConfig) -> tuple[str, ...]:
    """The offers' columns: those named, or else those found; the start among them.

    Raises
    ------
    FrameError
        If one has several values for an offer.
    """
    columns = config.offer_columns or find_offer_columns(frame, config)
    # Needed to know what was on offer, so they belong to the catalogue.
    dates = (getattr(config, "starts", None), getattr(config, "ends", None))
    columns = (*columns, *(one for one in dates if one is not None and one not in columns and config.offer))
    columns = tuple(name for name in columns if name not in (*config.named, *config.drop))
    entries_of(frame, replace(config, offer_columns=columns))
    return columns


def learn_encoders(asked: pd.DataFrame, config: OffersConfig) -> tuple[Encoder, Encoder, tuple[str, ...]]:
    """Learn what the columns of the customer and of the offer are.

    Parameters
    ----------
    asked : DataFrame
        Rows with an answer.
    config : OffersConfig

    Returns
    -------
    (encoder of the customer, encoder of the offer, notes)
    """
    if config.schema or config.offer_schema:
        customer = [learn_levels(asked[name], cast("Kind", kind), dirty=dirty) for name, kind, dirty in config.schema]
        offer = [
            learn_levels(asked[name], cast("Kind", kind), dirty=dirty) for name, kind, dirty in config.offer_schema
        ]
        return Encoder(customer, time=config.time), Encoder(offer), ()
    skipped = {*config.named, *config.drop, *config.offer_columns}
    skipped |= {one for one in (config.starts, config.ends) if one is not None}
    customer, left_out = learn_columns(asked[[name for name in asked.columns if name not in skipped]])
    offer, of_offer = learn_columns(asked[list(config.offer_columns)])
    n_offers = len(offer_texts_of(asked, config)[1])
    names_it = {one.name: "names the offer" for one in offer if len(one.levels) >= max(n_offers, 2)}
    dates = {one.name: "dates of the offer" for one in offer if one.kind == "date"}
    offer = [one for one in offer if one.name not in {**names_it, **dates}]
    dirty = [one.name for one in (*customer, *offer) if one.dirty]
    odd = (f"Text that is no number or date was read as missing in: {shorten(dirty, 20)}",) if dirty else ()
    kept = (f"These columns describe the offer: {shorten(config.offer_columns, 20)}",) if config.offer_columns else ()
    notes = (*describe_left_out({**left_out, **of_offer, **names_it, **dates}), *odd, *kept)
    return Encoder(customer, time=config.time), Encoder(offer), notes


def offer_texts_of(frame: pd.DataFrame, config: LogConfig) -> tuple[np.ndarray, list[str]]:
    """Place of each row's offer, and the offers' names; one offer where none is named."""
    if config.offer is None:
        return np.zeros(len(frame), dtype=np.intp), ["offer"]
    return offer_texts(frame[config.offer])


def target_of(frame: pd.DataFrame, config: OffersConfig) -> np.ndarray:
    """Who accepted, as 0 and 1, once `check` has settled the labels; -1 where nothing was asked.

    Raises
    ------
    FrameError
        If a response is neither label: read as a refusal, it would be learned silently.
    """
    values = frame[config.response]
    accepted, empty = holds_label(values, config.positive), values.isna().to_numpy()
    if config.negative is not None:
        odd = ~(accepted | empty | holds_label(values, config.negative))
        if odd.any():
            raise FrameError(
                f"A response must be {config.positive!r} or {config.negative!r}, as in the log learned from - "
                f"{int(odd.sum()):,} of {len(values):,} rows of {config.response!r} hold others: "
                f"{shorten(values[odd].unique().tolist())}. Write them as the log did, or leave them empty."
            )
    found: np.ndarray = np.where(empty, -1, accepted.astype(int))
    return found


def groups_of_rows(frame: pd.DataFrame, config: LogConfig) -> np.ndarray:
    """Number the rows so that rows of one customer share a number; without a key, copies of a row do."""
    if config.key is not None:
        return hash_rows(frame[[config.key]], as_text=True)
    return groups_of(frame, key=None)


def check_counts(target: np.ndarray) -> None:
    """Refuse too few answers.

    Raises
    ------
    FrameError
        Below 50 answers, or 10 of either kind.
    """
    accepted = int(target.sum())
    if len(target) < _LEAST_ROWS or min(accepted, len(target) - accepted) < _LEAST_OF_A_KIND:
        raise FrameError(
            f"Training offers needs at least {_LEAST_ROWS} answers, {_LEAST_OF_A_KIND} of them accepted and "
            f"{_LEAST_OF_A_KIND} not - got {len(target):,} answers, {accepted:,} accepted. Gather a longer period."
        )


def check_propensities(frame: pd.DataFrame, config: OffersConfig) -> None:
    """Refuse propensities that are no chances.

    Raises
    ------
    FrameError
        If one is 0 or below, or above 1.
    """
    if config.propensity is None:
        return
    chance = read_column(frame[config.propensity], Column(config.propensity, "number"))
    bad = (chance <= 0) | (chance > 1)
    if bad.any():
        raise FrameError(
            f"A propensity must be the chance, above 0 and up to 1, with which the offer of its row was chosen - "
            f"{int(bad.sum()):,} of {len(frame):,} rows of {config.propensity!r} hold another number, such as "
            f"{chance[bad][0]:g}. Correct them, or leave them empty where they are not known."
        )


def check_starts(frame: pd.DataFrame, config: OffersConfig) -> None:
    """Refuse rows that lie before their offer's start.

    Raises
    ------
    FrameError
        If there are any, or there is no time to compare with.
    """
    if config.starts is None:
        return
    if config.time is None:
        raise FrameError(f"starts={config.starts!r} is compared with the moment of each row - got no time=. Name it.")
    start = read_column(frame[config.starts], Column(config.starts, "date"))
    early = check_moments(frame[config.time]) < start
    if early.any():
        offers = frame.loc[early, config.offer].unique().tolist() if config.offer else ["offer"]
        raise FrameError(
            f"A response must not lie before its offer's start - {int(early.sum()):,} of {len(frame):,} rows do, of "
            f"{shorten(offers)}. Correct {config.starts!r} or {config.time!r}, or drop these rows."
        )


def _check_channels(frame: pd.DataFrame, config: OffersConfig) -> None:
    if config.channel is None:
        return
    empty = frame[config.channel].isna()
    if empty.any():
        offers = frame.loc[empty, config.offer].unique().tolist() if config.offer else ["offer"]
        raise FrameError(
            f"Each row must have its {config.channel!r} - {int(empty.sum()):,} of {len(frame):,} rows have none, of "
            f"{shorten(offers)}. Fill it or drop these rows; name the offer that is none: control=..."
        )


def describe_log(
    frame: pd.DataFrame, answered: np.ndarray, target: np.ndarray, config: OffersConfig
) -> tuple[str, ...]:
    """Say what a reader of the verdict should know of the log."""
    notes = []
    interactions = int((~answered).sum())
    if interactions:
        notes.append(f"{interactions:,} rows without a response are interactions: history, and no labels.")
    codes, names = offer_texts_of(frame[answered], config)
    made = np.bincount(codes, minlength=len(names))
    accepted = np.bincount(codes, weights=target, minlength=len(names))
    never = [names[place] for place in np.flatnonzero((made > 0) & (accepted == 0))]
    if never:
        notes.append(
            f"Never accepted: {shorten(never)}. Their chances are drawn to what their columns and all offers promise."
        )
    if config.key is not None and config.time is None:
        notes.append("No history was learned from: without time= nobody knows what came before what.")
    elif config.key is not None and not config.remember:
        notes.append("No history was learned from: remember=False keeps nothing of any customer.")
    return tuple(notes)


def unknown_offers(values: pd.Series, names: list[str]) -> None:
    """Refuse offers that a model does not know.

    Raises
    ------
    FrameError
        If there are any.
    """
    places = places_among(values, names)
    unknown = (places < 0) & values.notna().to_numpy()
    if unknown.any():
        got = values[unknown].unique()
        near = nearest(read_category(got[0]) or "", names)
        raise FrameError(
            f"The offer of a row must be one that the model knows, {shorten(names)} - {int(unknown.sum()):,} of "
            f"{len(values):,} rows hold others, such as {got[0]!r}.{near} Leave {values.name!r} empty to ask for the "
            "best offer, or give the catalogue with the new ones: offers=..."
        )
