"""The works: what is fitted, who takes part, and what is asked of bridle."""

from __future__ import annotations

from dataclasses import dataclass

TIGHT = 1e-6  # the certified gap of the second table


@dataclass(frozen=True)
class Peer:
    """A tool that takes part in a work.

    Attributes
    ----------
    tool : a key of ``contest.TOOLS``.
    goal : how many times faster bridle should be; None: shown, nothing asked.
    repetitions : at most this many timed ones, where the tool is slow.
    tightened : whether it also runs with its tolerance lowered until its path is certified to ``TIGHT``.
    """

    tool: str
    goal: float | None = None
    repetitions: int | None = None
    tightened: bool = True


@dataclass(frozen=True)
class Work:
    """One shape of data; a row of the tables for each of its kinds and each tool.

    Attributes
    ----------
    name : what ``make bench ONLY=...`` calls it.
    kinds : keys of ``data.KINDS``: how the columns hang together.
    span : the smallest alpha of the grid, as a share of the largest.
    """

    name: str
    n: int
    p: int
    folds: int
    kinds: tuple[str, ...]
    span: float
    peers: tuple[Peer, ...]
    n_alphas: int = 100

    @property
    def text(self) -> str:
        """The work in words."""
        return f"{self.n:,} x {self.p:,}, {self.folds} folds x {self.n_alphas} alphas"

    def reduced(self, share: float) -> Work:
        """The same with fewer rows and columns, for trying the benchmark out."""
        if self.kinds == ("diabetes",):
            return self
        root = share**0.5
        n, p = max(int(self.n * root), 10 * self.folds), max(int(self.p * root), 5)
        return Work(self.name, n, p, self.folds, self.kinds, self.span, self.peers, self.n_alphas)


WORKS = (
    Work(
        "tall", 20_000, 500, 5, ("independent", "neighbours", "blocks"), 1e-3,
        (Peer("scikit-learn", goal=10), Peer("glmnet", repetitions=1, tightened=False)),
    ),
    Work("million", 1_000_000, 100, 10, ("independent", "blocks"), 1e-3, (Peer("scikit-learn", goal=20),)),
    Work("diabetes", 442, 10, 5, ("diabetes",), 1e-3, (Peer("scikit-learn", goal=20), Peer("glmnet"))),
    Work(
        "wide", 500, 20_000, 5, ("independent", "neighbours", "blocks"), 1e-2,
        (
            Peer("glmnet", goal=4),
            Peer("glmnet, 2 processes"),
            Peer("scikit-learn", repetitions=1, tightened=False),
        ),
    ),
)  # fmt: skip
