"""How rows of a frame, or one record, ask the history: under which hash, as of which moment, and for which columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from cxml.boosting.pairs import Pairs
from cxml.encoding import Column, read_column
from cxml.errors import FrameError
from cxml.offers.contacts import hash_text, hash_texts
from cxml.offers.history import OF_CUSTOMER, OF_PAIR, History
from cxml.offers.ledger import DAY

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Memory:
    """A history and the columns of it that are read; nothing where there is none.

    Attributes
    ----------
    history : History, optional
    kept : tuple of str
        Of `OF_CUSTOMER` and `OF_PAIR`.
    key, time : str
        The columns of the customer and of the moment.
    """

    history: History | None
    kept: tuple[str, ...]
    key: str
    time: str

    @cached_property
    def of_customer(self) -> tuple[str, ...]:
        """The columns of customers."""
        return tuple(name for name in OF_CUSTOMER if name in self.kept)

    @cached_property
    def of_pair(self) -> tuple[str, ...]:
        """The columns of customers with entries."""
        return tuple(name for name in OF_PAIR if name in self.kept)

    @cached_property
    def usual(self) -> np.ndarray:
        """The columns of a pair that has no past, shape (n_columns of the pair,)."""
        usual = {} if self.history is None else self.history.usual
        return np.array([usual[name] for name in self.of_pair])

    def whom(self, frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        """Hashes of the customers and the moments of rows; now where no moment is said.

        Raises
        ------
        FrameError
            If a key or a moment cannot be read.
        """
        size = len(frame)
        if self.history is None:
            return np.zeros(size, dtype=np.uint64), np.zeros(size, dtype=np.int64)
        customer = hash_texts(frame[self.key]) if self.key in frame else np.full(size, _NOBODY)
        if self.time not in frame:
            return customer, np.full(size, self.history.end)
        days = read_column(frame[self.time], self._moment)
        second = np.where(np.isnan(days), self.history.end, np.round(np.nan_to_num(days) * DAY))
        return customer, second.astype(np.int64)

    def whom_one(self, record: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
        """The same of one record, which must have a history to ask; arrays of shape (1,).

        Raises
        ------
        FrameError
            As for a frame of this row.
        """
        try:
            customer = hash_text(record.get(self.key))
            days = self._moment.read(record.get(self.time))
        except FrameError:
            import pandas as pd

            names = [name for name in (self.key, self.time) if name in record]
            return self.whom(pd.DataFrame({name: pd.Series([record[name]], dtype=object) for name in names}))
        now = 0 if self.history is None else self.history.end
        second = now if days != days else round(days * DAY)
        return np.array([customer], dtype=np.uint64), np.array([second])

    @cached_property
    def _moment(self) -> Column:
        return Column(self.time, "date")

    def customers(self, customer: np.ndarray, second: np.ndarray) -> np.ndarray:
        """What is known of customers, shape (n_asked, n_columns of the customer).

        Parameters
        ----------
        customer, second : arrays, shape (n_asked,)
            See `whom`.
        """
        if self.history is None or not self.of_customer:
            return np.zeros((len(customer), 0))
        return self.history.of_customers(customer, second, self.of_customer)

    def pairs(self, customer: np.ndarray, second: np.ndarray, offer: np.ndarray, channel: np.ndarray) -> np.ndarray:
        """What customers did with offers before, shape (n_asked, n_columns of the pair).

        Parameters
        ----------
        customer, second : arrays, shape (n_asked,)
            See `whom`.
        offer, channel : arrays of uint64, shape (n_asked,)
            Hashes.
        """
        if self.history is None or not self.of_pair:
            return np.zeros((len(customer), 0))
        return self.history.of_pairs(customer, second, offer, channel, self.of_pair)

    def known_pairs(
        self, customer: np.ndarray, second: np.ndarray, offer: np.ndarray, channel: np.ndarray
    ) -> Pairs | None:
        """What is known of all customers with all entries where it is not the usual nothing.

        Parameters
        ----------
        customer, second : arrays, shape (n_customers,)
            See `whom`.
        offer, channel : arrays of uint64, shape (n_entries,)
            Hashes.
        """
        if self.history is None or not self.of_pair:
            return None
        return self.history.known_pairs(customer, second, offer, channel, self.of_pair)


_NOBODY = np.uint64(hash_text(None))
