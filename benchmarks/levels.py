"""Tables of categories: how they are drawn, and what a tool makes of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

COMMON = 0.3  # correlation of what lies behind any two categories


@dataclass(frozen=True)
class Levels:
    """``codes`` (n, C) int32, the level of each row in each category; ``counts`` (C,) how many levels each has."""

    codes: NDArray[np.int32]
    counts: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """Of the table with a column for each level."""
        return len(self.codes), sum(self.counts)

    @property
    def first(self) -> NDArray[np.int32]:
        """(C,) the column of each category's first level."""
        return np.concatenate([[0], np.cumsum(self.counts)[:-1]]).astype(np.int32)

    @property
    def names(self) -> list[tuple[str, str]]:
        """Category and level of each column; their order is that of the alphabet too."""
        return [(f"c{j:02d}", f"l{k:03d}") for j, count in enumerate(self.counts) for k in range(count)]

    def frame(self) -> Any:
        """As a person has it: a pandas table of categorical columns."""
        import pandas as pd

        named = {f"c{j:02d}": [f"l{k:03d}" for k in range(count)] for j, count in enumerate(self.counts)}
        return pd.DataFrame(
            {
                name: pd.Categorical.from_codes(self.codes[:, j], levels)
                for j, (name, levels) in enumerate(named.items())
            }
        )

    def one_hot(self) -> Any:
        """For tools that take numbers alone: a sparse column (CSC) for each level."""
        n, width = self.codes.shape
        columns = (self.codes + self.first).ravel()
        starts = np.arange(0, n * width + 1, width, dtype=np.int32)
        return scipy.sparse.csr_matrix((np.ones(n * width), columns, starts), shape=self.shape).tocsc()

    def deviation(self) -> Any:
        """(p,) standard deviations of those columns."""
        share = np.concatenate(
            [np.bincount(self.codes[:, j], minlength=count) for j, count in enumerate(self.counts)]
        ) / len(self.codes)
        return np.sqrt(share * (1 - share))


def drawn(rng: np.random.Generator, n: int, counts: tuple[int, ...]) -> Levels:
    """The k-th most frequent level has about 1/k of the first one's rows; all categories hang together a little."""
    from scipy.special import ndtr

    common = np.sqrt(COMMON) * rng.standard_normal(n)
    codes = np.empty((n, len(counts)), dtype=np.int32)
    for j, count in enumerate(counts):
        share = 1 / np.arange(1, count + 1)
        limits = np.cumsum(share / share.sum())[:-1]
        own = np.searchsorted(limits, ndtr(common + np.sqrt(1 - COMMON) * rng.standard_normal(n)))
        codes[:, j] = rng.permutation(count)[own]  # frequent levels anywhere
    return Levels(codes, counts)
