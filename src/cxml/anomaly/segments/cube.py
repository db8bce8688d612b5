"""All segments that leaves can be added up to: every combination of values of every subset of dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from cxml.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd

#: Numbers of segments kept at most, cuboids x leaves: about 100 MB.
_MOST_NUMBERS = 4_000_000


@dataclass(frozen=True)
class Cube:
    """Leaves, and the segments of all cuboids up to a depth.

    A cuboid is a subset of the dimensions, a segment a combination of values of one. Segments are numbered through all
    cuboids; number 0 is the whole, the segment of the cuboid without a dimension.

    Attributes
    ----------
    dimensions : tuple of str
    labels : tuple of list
        The values of each dimension.
    codes : array of int, shape (n_leaves, n_dimensions)
        Places in `labels`.
    cuboids : tuple of tuple of int
        Places in `dimensions`.
    segments : array of int64, shape (n_cuboids, n_leaves)
        The segment of each cuboid that a leaf belongs to.
    cuboid : array of int, shape (n_segments,)
        The cuboid of each segment.
    example : array of int, shape (n_segments,)
        A leaf of each segment.
    cost : array of float, shape (n_segments,)
        What it costs to name the segment, in nats: ``log N + depth + log(n) / 2``. N counts the segments with no more
        dimensions: naming one among them takes ``log N`` (a two-part code, Rissanen 1978), and its factor half the
        logarithm of the sample size (BIC), which is n, the leaves of the segment: the others tell nothing of it. The
        nat per dimension settles ties: where two names mean the same leaves, the shorter one is meant.
    """

    dimensions: tuple[str, ...]
    labels: tuple[list[Any], ...]
    codes: np.ndarray
    cuboids: tuple[tuple[int, ...], ...]
    segments: np.ndarray
    cuboid: np.ndarray
    example: np.ndarray
    cost: np.ndarray

    @classmethod
    def make(cls, leaves: pd.DataFrame, dimensions: Sequence[str], depth: int | None) -> Self:
        """Number the segments of leaves.

        Parameters
        ----------
        leaves : DataFrame
            A row a leaf; the dimensions without missing values.
        dimensions : sequence of str
        depth : int or None
            Dimensions of a segment at most. None: all of them, or as many as memory allows.

        Raises
        ------
        ConfigError
            If that many dimensions of that many leaves take too much memory.

        Examples
        --------
        >>> import pandas as pd
        >>> leaves = pd.DataFrame({"channel": ["phone", "phone", "chat"], "topic": ["bill", "app", "app"]})
        >>> cube = Cube.make(leaves, ["channel", "topic"], None)
        >>> [cube.name(number) for number in range(5)]
        ['everything', 'channel=phone', 'channel=chat', 'topic=bill', 'topic=app']
        """
        coded = [_coded(leaves[name]) for name in dimensions]
        codes = np.stack([places for places, _ in coded], axis=1)
        labels = tuple(values for _, values in coded)
        cuboids = _cuboids(len(dimensions), len(leaves), depth)
        segments = np.zeros((len(cuboids), len(leaves)), dtype=np.int64)
        cuboid, example = [np.zeros(1, dtype=np.int64)], [np.zeros(1, dtype=np.int64)]
        place = {one: number for number, one in enumerate(cuboids)}
        first = 1
        for number, one in enumerate(cuboids[1:], start=1):
            above = segments[place[one[:-1]]]
            groups, count, leaf = _numbered(above * len(labels[one[-1]]) + codes[:, one[-1]])
            segments[number] = groups + first
            cuboid.append(np.full(count, number))
            example.append(leaf)
            first += count
        in_cuboid = np.concatenate(cuboid)
        depths = np.array([len(one) for one in cuboids])[in_cuboid]
        named = np.cumsum(np.bincount(depths))[depths]
        cost = np.log(named) + depths + 0.5 * np.log(np.bincount(segments.ravel(), minlength=first))
        return cls(tuple(dimensions), labels, codes, cuboids, segments, in_cuboid, np.concatenate(example), cost)

    def __len__(self) -> int:
        return len(self.cuboid)

    def sums(self, values: np.ndarray, leaves: np.ndarray | None = None) -> np.ndarray:
        """Sums over every segment of values of all leaves, or of some; shape (n_segments,)."""
        of = self.segments if leaves is None else self.segments[:, leaves]
        repeated = np.broadcast_to(values, of.shape).ravel()
        return np.bincount(of.ravel(), weights=repeated, minlength=len(self))

    def leaves(self, segment: int) -> np.ndarray:
        """Which leaves belong to a segment; array of bool, shape (n_leaves,)."""
        found: np.ndarray = self.segments[self.cuboid[segment]] == segment
        return found

    def where(self, segment: int) -> dict[str, Any]:
        """The values that make a segment, by dimension."""
        row = self.codes[self.example[segment]]
        return {self.dimensions[one]: self.labels[one][row[one]] for one in self.cuboids[self.cuboid[segment]]}

    def name(self, segment: int) -> str:
        """A segment in words."""
        return ", ".join(f"{name}={value}" for name, value in self.where(segment).items()) or "everything"


def _coded(values: pd.Series) -> tuple[np.ndarray, list[Any]]:
    import pandas as pd

    codes, uniques = pd.factorize(values)
    return codes.astype(np.int64), [one.item() if isinstance(one, np.generic) else one for one in uniques]


def _numbered(keys: np.ndarray) -> tuple[np.ndarray, int, np.ndarray]:
    """Number keys in order of appearance: the numbers, how many there are, the first place of each."""
    import pandas as pd

    groups, uniques = pd.factorize(keys)
    example = np.zeros(len(uniques), dtype=np.int64)
    example[groups[::-1]] = np.arange(len(groups))[::-1]
    return groups, len(uniques), example


def _cuboids(n_dimensions: int, n_leaves: int, depth: int | None) -> tuple[tuple[int, ...], ...]:
    found: list[tuple[int, ...]] = []
    for size in range((n_dimensions if depth is None else min(depth, n_dimensions)) + 1):
        more = list(combinations(range(n_dimensions), size))
        if (len(found) + len(more)) * n_leaves > _MOST_NUMBERS and size > 1:
            if depth is None:
                break
            raise ConfigError(
                f"`depth` must leave at most {_MOST_NUMBERS:,} numbers of segments in memory - got {depth} of "
                f"{n_dimensions} dimensions for {n_leaves:,} leaves. Use depth={size - 1}."
            )
        found += more
    return tuple(found)
