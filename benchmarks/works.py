"""The works: what is computed, on what data, who takes part, and what is asked of bridle."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import Any

TIGHT = 1e-6  # the certified gap of the second table
LIMIT = float(
    os.environ.get("BENCH_LIMIT", 300)
)  # seconds: a call that takes longer is ended and shown as "> 300 s"
FEWEST_ROWS = 100
ROWS_A_LEVEL = 250  # of a reduced table of categories


@dataclass(frozen=True)
class Own:
    """bridle in a work; ``goal``: how many times faster than the fastest peer it should be (None: nothing asked)."""

    tool: str = "bridle"
    goal: float | None = None


@dataclass(frozen=True)
class Reference:
    """A bare matrix product of the same data, shown for scale: bridle should take at most ``most`` times as long."""

    tool: str
    most: float


@dataclass(frozen=True)
class Estimator:
    """One call of an estimator under scikit-learn's name for it: bridle and its peers differ by the import alone.

    Attributes
    ----------
    name, settings : of the constructor; besides them ``alphas`` where there is a grid, ``cv`` where there are folds.
    grid, folds : whether it is given the work's alphas and folds (else one alpha, in ``settings``; else leave-one-out).
    ridge : alpha multiplies a sum over rows, not a mean.
    """

    name: str
    settings: dict[str, Any] = field(default_factory=dict)
    grid: bool = False
    folds: bool = False

    @property
    def ridge(self) -> bool:
        return self.name.startswith("Ridge")


@dataclass(frozen=True)
class Work:
    """One shape of data; a row of the tables for each of its kinds and each tool.

    Attributes
    ----------
    name : what ``make bench ONLY=...`` calls it.
    kinds : keys of ``data.KINDS``: how the columns hang together.
    span : the smallest alpha of the grid, as a share of the largest.
    peers : keys of ``tools.TOOLS``.
    l1_ratios : 1 is the lasso; with several, all are searched on one grid of alphas.
    nonzeros : of a sparse table; None: dense.
    targets : number of target columns.
    family : "squared", "binomial" or "poisson": the loss is half its unit deviance.
    levels : of a table of categories, how many levels each has; p is their sum. Its rows have an exposure.
    estimator : None: cross-validation with standardized columns, the work of ``bridle.fit``.
    """

    name: str
    n: int
    p: int
    kinds: tuple[str, ...]
    ours: tuple[Own, ...]
    peers: tuple[str, ...]
    folds: int = 5
    n_alphas: int = 100
    span: float = 1e-3
    l1_ratios: tuple[float, ...] = (1.0,)
    nonzeros: int | None = None
    targets: int = 1
    family: str = "squared"
    levels: tuple[int, ...] = ()
    estimator: Estimator | None = None
    reference: Reference | None = None

    @property
    def text(self) -> str:
        """The work in words."""
        size = f"{self.n:,} x {self.p:,}"
        if self.levels:
            size = f"{self.n:,} x {len(self.levels)} categories with {self.p:,} levels and an exposure"
        if self.nonzeros is not None:
            size += f", {self.nonzeros:,} non-zeros"
        if self.targets > 1:
            size += f", {self.targets:,} targets"
        if self.family != "squared":
            size += f", {self.family} {'ridge' if self.ridge else 'lasso'}"
        if self.estimator is not None and not self.estimator.grid:
            return f"{size}, {self.estimator.name}, one alpha"
        if self.estimator is not None and not self.estimator.folds:
            return f"{size}, leave-one-out x {self.n_alphas} alphas"
        ratios = f" x {len(self.l1_ratios)} l1_ratios" if len(self.l1_ratios) > 1 else ""
        return f"{size}, {self.folds} folds x {self.n_alphas} alphas{ratios}"

    @property
    def exact(self) -> bool:
        """Whether everybody solves it in closed form: there is no tolerance to tighten."""
        return self.estimator is not None and self.estimator.ridge

    @property
    def ridge(self) -> bool:
        """Whether the penalty has no l1 part at all."""
        return max(self.l1_ratios) == 0

    @property
    def tools(self) -> tuple[str, ...]:
        """Everybody: bridle first, the reference last."""
        last = () if self.reference is None else (self.reference.tool,)
        return (*(own.tool for own in self.ours), *self.peers, *last)

    def reduced(self, share: float) -> Work:
        """The same with fewer rows, columns, targets and non-zeros, for trying the benchmark out."""
        if share == 1 or self.kinds == ("diabetes",):
            return self
        root = share**0.5
        if self.levels:
            n = max(int(self.n * share), FEWEST_ROWS)
            levels = tuple(min(count, max(2, n // ROWS_A_LEVEL)) for count in self.levels)
            return replace(self, n=n, p=sum(levels), levels=levels)
        n, p = max(int(self.n * root), FEWEST_ROWS), max(int(self.p * root), 5)
        nonzeros = None if self.nonzeros is None else max(int(self.nonzeros * share), 2 * p)
        targets = max(1, int(self.targets * root))
        return replace(self, n=n, p=p, nonzeros=nonzeros, targets=targets)


DENSE = ("scikit-learn", "celer", "skglm", "adelie", "glmstar", "glmnet")
KINDS = ("independent", "neighbours", "blocks")
MIXES = (0.5, 0.7, 0.9, 0.95, 1.0)
EARLY = Own("bridle, stop=auto")
LEVELS = (2, 2, 3, 4, 6, 8, 10, 12, 20, 30, 50, 100)
LEAVE_ONE_OUT = Estimator("RidgeCV", grid=True)

WORKS = (
    Work(
        "tall", 20_000, 500, KINDS, (Own(goal=10), Own("bridle, float32")),
        (*DENSE, "scikit-learn-intelex", "glum"),
    ),
    Work("million", 1_000_000, 100, ("independent", "blocks"), (Own(),), DENSE, folds=10,
         reference=Reference("dsyrk", 2.5)),
    Work("wide", 500, 20_000, KINDS, (Own(goal=10), Own("bridle, float32"), EARLY), DENSE, span=1e-2),
    Work("wide200k", 500, 200_000, ("independent",), (Own(goal=15), EARLY), DENSE, span=1e-2),
    Work("square", 2_000, 20_000, ("independent",), (Own(goal=8), EARLY), DENSE, span=1e-2),
    Work("correlated", 4_000, 4_000, ("neighbours",), (Own(goal=8),), DENSE),
    Work("sparse", 20_000, 100_000, ("zipf",), (Own(goal=5), EARLY), DENSE, n_alphas=50, span=1e-2,
         nonzeros=1_000_000),
    Work("sparsewide", 5_000, 1_000_000, ("zipf",), (Own(goal=5), EARLY), DENSE, n_alphas=50, span=1e-2,
         nonzeros=2_000_000),
    Work("enet", 20_000, 500, ("independent",), (Own(goal=15),), DENSE, l1_ratios=MIXES),
    Work("enetwide", 500, 20_000, ("independent",), (Own(goal=10),), DENSE, l1_ratios=MIXES, span=1e-2),
    Work("loo", 20_000, 1_000, ("independent",), (Own("bridle.RidgeCV", 50),), ("scikit-learn",),
         estimator=LEAVE_ONE_OUT, span=1e-6),
    Work("loowide", 1_000, 20_000, ("independent",), (Own("bridle.RidgeCV", 2),), ("scikit-learn",),
         estimator=LEAVE_ONE_OUT, span=1e-6),
    Work("targets", 2_000, 500, ("independent",), (Own("bridle.RidgeCV", 2),), ("himalaya", "scikit-learn"),
         estimator=Estimator("RidgeCV", {"alpha_per_target": True}, grid=True), span=1e-6, targets=1_000),
    Work("lassocv", 442, 10, ("diabetes",), (Own("bridle.LassoCV", 40), Own("bridle")),
         ("scikit-learn", "scikit-learn-intelex", "celer", "glmnet"),
         estimator=Estimator("LassoCV", grid=True, folds=True)),
    Work("lasso", 442, 10, ("diabetes",), (Own("bridle.Lasso", 1.5), Own("bridle.path", 3)),
         ("scikit-learn", "scikit-learn-intelex", "celer", "skglm"),
         estimator=Estimator("Lasso", {"alpha": 0.1})),
    Work("logistic", 50_000, 200, ("independent",), (Own(goal=6),),
         ("scikit-learn", "skglm", "adelie", "glmstar", "glmnet"), n_alphas=50, family="binomial"),
    Work("logisticwide", 500, 20_000, ("independent",), (Own(goal=5),), ("adelie", "glmstar", "glmnet"),
         n_alphas=50, span=1e-2, family="binomial"),
    Work("poisson", 100_000, 100, ("independent",), (Own(goal=5),), ("glmstar", "glum", "glmnet"), n_alphas=50,
         family="poisson"),
    Work("logisticsparse", 20_000, 100_000, ("zipf",), (Own(goal=4),), ("glmstar", "glmnet"), n_alphas=50, span=1e-2,
         nonzeros=1_000_000, family="binomial"),
    Work("claims", 500_000, sum(LEVELS), ("levels",), (Own(goal=1.5),), ("glum", "glmstar", "glmnet"), n_alphas=50,
         family="poisson", levels=LEVELS),
    Work("claimsridge", 500_000, sum(LEVELS), ("levels",), (Own(goal=1.5),),
         ("glum", "scikit-learn", "glmstar", "glmnet"), n_alphas=50, span=1e-5, l1_ratios=(0.0,), family="poisson",
         levels=LEVELS),
)  # fmt: skip
