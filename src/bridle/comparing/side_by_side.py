"""``bridle.compare``: every method on the same folds, from one reading of the data."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np

from .._numerics import thread_count
from ..errors import NotCertifiedWarning, UsageError, number
from ..fitting import fit
from ..fitting.calls import Progress, call_of, teller
from ..fitting.intake import Teller, check_null, engines_for, folds_of, read_in
from ..fitting.modelling import plain_null
from ..fitting.remarks import family_notes, matrix_notes
from ..model import as_table
from ..penalties import Penalty
from ..selection import Folds
from ..selection.choosing import RULES
from .candidates import Candidate, Task, candidates
from .nesting import Nesting
from .networks import network_candidates, taking_part
from .recommending import recommend
from .result import Comparison, Row


def compare(
    data: Any,
    y: Any = None,
    *,
    target: str | None = None,
    weights: Any = None,
    groups: Any = None,
    order: Any = None,
    offset: Any = None,
    ignore: Sequence[str] = (),
    types: Mapping[str, str] | None = None,
    family: Any = None,
    l1_ratios: float | Sequence[float] = (0.1, 0.5, 0.9),
    n_alphas: int = 100,
    standardize: bool = True,
    fit_intercept: bool = True,
    folds: Any = None,
    repeats: int = 1,
    stratify: Any = None,
    rule: str = "min",
    seed: int = 0,
    networks: bool | None = None,
    threads: int | None = None,
    progress: Progress = None,
) -> Comparison:
    """The constant, the fit without a penalty, ridge, lasso, elastic net and networks side by side, and which to take.

    Every method is judged on the same held-out rows, by nested cross-validation: for each fold, its alpha (and l1_ratio)
    is chosen by the other rows alone, so that no error is flattered by the choice. Errors are mean unit deviances, of
    squared error its mean square; of two classes every row also has its AUC and log-loss. Differences are paired by fold and
    tested by the corrected resampled t-test (Nadeau and Bengio 2003). Recommended is, of the methods that cannot be told
    apart from the one with the smallest error, the one that keeps the fewest variables, and a linear one before a network.

    Parameters
    ----------
    data, y, target, weights, groups, order, offset, ignore, types : as in ``bridle.fit``.
    family : as in ``bridle.fit``: unless given, binomial where the target is two classes, squared error for numbers.
    l1_ratios : the elastic net's mixes, between 0 and 1; ridge (0) and lasso (1) are compared anyway.
    n_alphas : strengths of every path, on a log grid from the exact alpha_max.
    standardize, fit_intercept, folds, repeats, stratify, seed, threads, progress : as in ``bridle.fit``.
    rule : how every method chooses: "min" or "1se".
    networks : whether small neural networks take part, regularized in six ways (needs PyTorch; squared error without an
        offset only). None: where it is installed and the table is of moderate size, which a note says where it is not.

    Returns
    -------
    Comparison
        Frozen; ``comparison.recommended``, ``comparison.reason``, ``comparison.model(name)``.

    Raises
    ------
    UsageError, DataError
        As ``bridle.fit``; also where the training rows of a fold cannot be split once more.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((100, 8))
    >>> y = X[:, 0] - 2 * X[:, 2] + 0.1 * rng.standard_normal(100)
    >>> found = compare(X, y, l1_ratios=0.5, networks=False)
    >>> [row.name for row in found.rows]
    ['null', 'least_squares', 'ridge', 'lasso', 'elastic_net']
    >>> found.difference("null").verdict
    'worse'

    Two classes, whose fit without a penalty is there unless the columns tell them apart:

    >>> won = compare(X, y + 2 * rng.standard_normal(100) > 0, networks=False)
    >>> won.family, won.row("unpenalized").possible, won.row("lasso").scores["auc"] > 0.7
    ('binomial', True, True)
    """
    arguments = dict(locals())
    seed = int(number("seed", seed, 0, 2**63, whole=True))
    if rule not in RULES:
        raise UsageError(f"rule must be one of {', '.join(RULES)}, not {rule!r}.")
    tell = teller(progress)
    start = perf_counter()
    table = as_table(data)
    ready = read_in(table, y, target, weights, groups, order, ignore, types, family, offset)
    ready = replace(ready, notes=(*ready.notes, *family_notes(ready, family is not None)))
    methods: tuple[Candidate, ...] = candidates(l1_ratios, ready.rows.family)
    made = folds_of(ready.rows.design.n, folds, repeats, stratify, ready, seed)
    engines = engines_for(ready.rows, made, ready.schema, threads, tell)
    nesting = Nesting.of(ready, made, engines, seed, thread_count(threads))
    with_networks, remarks = taking_part(
        networks, ready, len(nesting.sides), standardize=standardize, fit_intercept=fit_intercept
    )
    if with_networks:
        methods += network_candidates()
    task = _task(nesting, n_alphas, standardize, fit_intercept, rule)
    reading = perf_counter() - start
    rows = tuple(_assessed(candidate, task, tell) for candidate in methods)
    offered = len(np.unique(ready.schema.variable_of_column()))
    taken, reason, differences = recommend(rows, nesting.splits, offered)
    if taken.certified is False and taken.certificate is not None:
        warnings.warn(f"{taken.title}: {taken.certificate.sentence}", NotCertifiedWarning, stacklevel=2)
    return Comparison(
        rows=rows,
        recommended=taken,
        reason=reason,
        differences=differences,
        splits=nesting.splits,
        fold_text=made.text,
        nested_text=nesting.text,
        rule=rule,
        n_rows=ready.rows.design.n,
        target_name=ready.target_name,
        target_sd=task.plain.y_scale,
        schema=ready.schema,
        notes=(*ready.notes, *matrix_notes(ready, task.plain), *remarks),
        call=call_of(compare, arguments),
        reading_seconds=reading,
        origin=_origin(table, arguments, made),
        family=ready.rows.family.text,
        classes=ready.classes,
        has_offset=ready.has_offset,
        fit_intercept=fit_intercept,
    )


def _assessed(candidate: Candidate, task: Task, tell: Teller) -> Row:
    heard = tell(candidate.title)
    if heard is not None:
        heard(0.0)
    return candidate.assess(task, heard)


def _task(nesting: Nesting, n_alphas: int, standardize: bool, fit_intercept: bool, rule: str) -> Task:
    ready, engine = nesting.ready, nesting.engines[0]
    penalty = Penalty.of(ready.rows.design.p)
    null = engine.null(penalty, fit_intercept, standardize)
    check_null(null, ready)
    plain = plain_null(engine, ready.rows.design.p)
    constant = nesting.null_predictors(fit_intercept)
    return Task(nesting, null, plain, constant, n_alphas, standardize, fit_intercept, rule)


def _origin(table: Any, arguments: Mapping[str, Any], made: Folds) -> Callable[[Row], Any]:
    """Fits a row's method to all rows, on the same folds."""
    names = ("y", "target", "weights", "groups", "order", "offset", "ignore", "types", "family", "standardize",
             "fit_intercept", "folds", "repeats", "stratify", "rule", "seed", "threads")  # fmt: skip
    given = {name: arguments[name] for name in names}
    if not (given["folds"] is None or isinstance(given["folds"], (int, float, np.number, np.ndarray))):
        given["folds"] = _pairs(made)  # what gave them may give others when it is asked again

    def model(row: Row) -> Any:
        found: Any
        if row.kind == "network":
            from ..torch.tabular import fit as fit_network

            own = {
                name: value
                for name, value in given.items()
                if name not in ("standardize", "fit_intercept", "family", "offset")
            }
            found = fit_network(table, **{**own, **row.arguments})
        else:
            with np.errstate(invalid="ignore"):  # alpha = 0 times the infinite factors of columns left out
                found = fit(table, **{**given, **row.arguments})
        data = arguments["data"]
        named = {"data": str(data)} if isinstance(data, str) or hasattr(data, "__fspath__") else {}
        return replace(found, call={**named, **found.call})

    return model


def _pairs(made: Folds) -> list[tuple[Any, Any]]:
    out = []
    for round_ in made.rounds:
        split = round_.split()
        out += [
            (split.rows_of(split.train[k]), split.rows_of(split.test[k])) for k in range(1, len(split.train))
        ]
    return out
