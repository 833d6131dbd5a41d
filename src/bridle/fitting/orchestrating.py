"""The orchestrating functions behind ``bridle.fit``, ``bridle.path``, ``bridle.verify``, the command line and the lab."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._numerics import single_threaded_blas, thread_count
from ..certificate import GAP_TOLERANCE, Candidate, Certificate, Responses, certify, certify_separable
from ..errors import NotCertifiedWarning, number
from ..families import SQUARED, family_named
from ..model import Model, room_of
from ..model.targets import class_name, weighted_by_class
from ..paths import Origin, Path, solve_paths
from ..solvers import Plan, Rows, Split, prepare
from .calls import Progress, call_of, teller
from .certifying import certificates_of, named
from .choosing import Choosing, chosen
from .intake import check_read, check_scale, checked_weights, folds_of, penalty_of, read_in
from .intake_classes import class_weighted
from .planning import grid_of
from .procedures import Procedures, whole_penalty
from .relaxing import verified_refits
from .remarks import family_notes

Floats = NDArray[np.float64]
L1_RATIOS = (0.0, 0.5, 0.9, 1.0)

# A relative gap that rounding may hide before somebody is told. The bound is wide: what is lost is about a thousandth of it.
MOST_ROUNDING = 1e-3


def fit(
    data: Any,
    y: Any = None,
    *,
    target: str | None = None,
    weights: Any = None,
    class_weight: Any = None,
    groups: Any = None,
    order: Any = None,
    offset: Any = None,
    ignore: Sequence[str] = (),
    types: Mapping[str, str] | None = None,
    family: Any = None,
    l1_ratios: float | Sequence[float] = L1_RATIOS,
    alphas: Sequence[float] | None = None,
    n_alphas: int = 100,
    scale: str = "bridle",
    standardize: bool = True,
    fit_intercept: bool = True,
    penalty_factors: Any = None,
    lower: Any = None,
    upper: Any = None,
    folds: Any = None,
    repeats: int = 1,
    stratify: Any = None,
    score: str = "deviance",
    rule: str = "min",
    nested: bool = True,
    max_variables: int | None = None,
    stop: str | None = None,
    adaptive: bool | float = False,
    relax: bool | Sequence[float] = False,
    seed: int = 0,
    out_of_fold: bool = False,
    threads: int | None = None,
    progress: Progress = None,
) -> Model:
    """From a table to a model: alpha and l1_ratio chosen by cross-validation, certified, explained.

    Parameters
    ----------
    data : a path (CSV, Parquet, Arrow/Feather, JSON lines), a pandas, polars or pyarrow table, a dict of columns, a NumPy
        array (n, p) or a SciPy sparse matrix.
    y : (n,) target, where it is no column of ``data``.
    target : the target's column.
    weights, groups, order : names of columns, or arrays (n,): sample weights (at least 0); groups whose rows stay on one
        side of every split; keys, such as times, in whose order folds are made.
    class_weight : of two classes, "balanced" or a mapping of a class to its weight (1 unless named): rows are weighted by
        their class besides their own weight, in training and in every error. Balanced weights give both classes the same
        sum, of all rows. Predictions are then those of the weighted population (docs/families.md).
    offset : a column's name or an array (n,): joins the linear predictor with a coefficient of one; of counts with the
        exposure e it is log e. Predictions demand it again.
    family : "squared", "binomial", "poisson", "negative_binomial(2)", "gamma", "inverse_gaussian", "tweedie(1.5)" or
        "huber(1.35)"; "binomial(probit)" and "binomial(cloglog)" have other links. Unless given it is binomial where the
        target is two classes (text, true and false), and squared error for numbers. Errors are mean unit deviances: of
        squared error its mean square.
    ignore, types : columns to leave out; types that override the inferred ones, e.g. ``{"zip": "categorical"}``.
    l1_ratios : the mixes to compare; 0 is ridge, 1 is lasso.
    alphas, n_alphas : the user's own strengths, or how many on a log grid from the exact alpha_max.
    scale : the convention that ``alphas`` are written in: "bridle", "lesson", "glmnet", ... (docs/conventions.md).
    standardize : the penalty acts on columns of unit weighted standard deviation, and with squared error the target is
        scaled alike.
    fit_intercept : an intercept, never penalized; or none.
    penalty_factors, lower, upper : by variable name (a dict) or by design column (p,); factor 0: never penalized,
        infinite: left out; bounds in original units contain 0.
    folds : a whole number (5 unless given), a share to hold out, an array naming each row's fold, an object with
        ``.split``, or pairs (train, test).
    repeats, stratify : draw the folds anew this often; give every fold its share of these classes or of the target's
        deciles (True).
    score : what chooses alpha, l1_ratio and mix: its mean over the held-out rows of the folds, weights respected.
        "deviance"; of numbers also "mae", the mean absolute error; of two classes "auc" (the area under the ROC curve, ties
        and weights exact), "log_loss", "brier" (the mean squared error of the probability), "accuracy" (of a threshold of
        one half) or "calibration" (by how much the Brier score falls once isotonic regression has put the probabilities
        right: the MCB of Dimitriadis, Gneiting and Jordan 2021); of counts and amounts "mae" or "gini" (of the ordered
        Lorenz curve; Frees, Meyers and Cummings 2011). Of "auc", "accuracy" and "gini" the largest is best, of the others
        the smallest. A model that predicts hardly anything is well calibrated: look at another score beside that one.
    rule : "min" (the best mean error or score) or "1se" (largest alpha within one standard error of it at its l1_ratio).
    nested : also estimate the honest error, choice included, by nested cross-validation; inner choices are by ``score`` too.
    max_variables : paths end where more columns than this would be kept.
    stop : "auto": on wide tables a path ends early, once the error on other rows has clearly turned in every fold (for five
        alphas in a row above its least by a twentieth of what the path had gained). The curves are then shorter. On other
        tables it changes nothing: there paths cost less than reading the table.
    adaptive : True, or a power above 0 (True is 1): the adaptive lasso. Every penalty factor is multiplied by
        (largest pilot / own pilot)^power, the pilot a ridge fit in the units of the penalty, made of all rows for the model
        and of its training rows alone in every fold. The column with the largest pilot pays alpha as without weights, the
        others more; a pilot of zero leaves its column out. ``stop`` then changes nothing.
    relax : True, or a list of mixes between 0 and 1 (True is 0, 0.25, 0.5, 0.75 and 1): the relaxed lasso. Cross-validation
        also chooses how to mix the penalized fit (1) with the unpenalized one on the columns it keeps (0).
    seed : of the folds.
    out_of_fold : keep predictions of every row by fits that did not see it.
    threads : how many; the result does not depend on it.
    progress : called with a stage's name and its share done.

    Returns
    -------
    Model
        Frozen; ``model.certificate`` says what is proven.

    Raises
    ------
    UsageError
        For arguments that make no sense together.
    DataError
        For data that cannot be used; the message names the column or the row.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((100, 4))
    >>> model = fit(X, X[:, 0] - 2 * X[:, 2] + 0.1 * rng.standard_normal(100), l1_ratios=1.0)
    >>> bool(model.coef[2] < -1.9), model.certificate.certified
    (True, True)
    """
    call = call_of(fit, locals())
    seed = int(number("seed", seed, 0, 2**63, whole=True))
    ready = read_in(data, y, target, weights, groups, order, ignore, types, family, offset)
    if class_weight is not None:
        ready = class_weighted(ready, class_weight)
        if isinstance(class_weight, Mapping):
            call["class_weight"] = {class_name(key): float(value) for key, value in class_weight.items()}
    ready = replace(ready, notes=(*ready.notes, *family_notes(ready, family is not None)))
    tell = teller(progress)
    made = folds_of(ready.rows.design.n, folds, repeats, stratify, ready, seed)
    settings = Choosing(
        l1_ratios, alphas, n_alphas, scale, standardize, fit_intercept, penalty_factors, lower, upper, rule, nested,
        max_variables, stop, out_of_fold, threads, adaptive, relax, score,
    )  # fmt: skip
    model = chosen(ready, made, settings, call, tell)
    refit = model.refit_certificates.get(model.selection.rule, model.certificate)
    for certificate in dict.fromkeys((model.certificate, refit)):
        if not certificate.certified:
            warnings.warn(certificate.sentence, NotCertifiedWarning, stacklevel=2)
    return model


def path(
    X: Any,
    y: Any,
    *,
    alphas: Sequence[float] | None = None,
    n_alphas: int = 100,
    l1_ratio: float = 1.0,
    weights: Any = None,
    family: Any = "squared",
    offset: Any = None,
    standardize: bool = True,
    fit_intercept: bool = True,
    penalty_factors: Any = None,
    lower: Any = None,
    upper: Any = None,
    max_nonzero: int | None = None,
    adaptive: bool | float = False,
    tolerance: float = 1e-10,
    threads: int | None = None,
) -> Path:
    """The regularization path of arrays: coefficients on a grid of alphas, solved until the support is settled.

    Parameters
    ----------
    X : (n, p) NumPy array (float64 or float32 are not copied) or SciPy sparse matrix.
    y : (n,) target.
    alphas : the strengths; unless given, ``n_alphas`` on a log grid from the exact alpha_max.  0 is least squares.
    l1_ratio : 0 is ridge, 1 is lasso.
    weights : (n,) sample weights, at least 0.
    family : "squared", "binomial", "poisson", "negative_binomial(2)", "gamma", "inverse_gaussian", "tweedie(1.5)", "huber",
        also "binomial(probit)" and "binomial(cloglog)"; the loss is half its unit deviance. Of a binomial target y are two
        classes of any type, or shares between 0 and 1 with the trials as weights.
    offset : (n,) joins the linear predictor; of a count with the exposure e it is log e.
    standardize : columns (and the target of squared error) are scaled to unit weighted standard deviation first, so that
        alpha has no unit; coefficients come back in original units. False: the objective as it stands in objective.py.
    penalty_factors, lower, upper : (p,) or one number; see ``fit``.
    max_nonzero : the path ends behind the first alpha that keeps more columns.
    adaptive : the adaptive lasso, its pilot made of these rows; see ``fit``. Certificates are of the weighted problem.
    tolerance : relative duality gap.

    Returns
    -------
    Path

    Raises
    ------
    UsageError, DataError
        As ``fit``.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    >>> p = path(X, np.array([3.0, 1.0, -3.0, -1.0]), alphas=[0.5], standardize=False)
    >>> p.coefs
    array([[2., 0.]])
    """
    ready = read_in(X, y, None, weights, None, None, (), None, family=family, offset=offset)
    rows, schema = ready.rows, ready.schema
    split = Split.whole(rows.design.n)
    with single_threaded_blas():  # once: taking hold and letting go costs as much as a small fit
        engine = prepare(rows, split, thread_count(threads))
        check_read(engine, rows, schema)
        given = penalty_of(schema, rows.design, penalty_factors, lower, upper)
        weighing = Procedures.of(adaptive, False).weighted([engine], rows)[0]
        penalty, _ = whole_penalty(weighing, split, given, fit_intercept, standardize)
        null = engine.null(penalty, fit_intercept, standardize)
        limit = 2**62 if max_nonzero is None else int(number("max_nonzero", max_nonzero, 0, 1e15, whole=True))
        l1_ratio = number("l1_ratio", l1_ratio, 0, 1)
        tolerance = number("tolerance", tolerance, 0, 1)
        if rows.family == SQUARED:
            check_scale(null, rows, schema, "y")
        base = Plan(
            np.array([float(l1_ratio)]),
            np.zeros((1, 0)),
            penalty,
            fit_intercept,
            standardize,
            tolerance,
            True,
            limit,
        )
        grid, top = grid_of(engine, null, base, float(l1_ratio), alphas, n_alphas, rows.design.n)

        def solve(values: Floats, ratio: float) -> Path:
            plan = replace(base, alphas=values[None, :], l1_ratios=np.array([ratio]))
            return solve_paths(rows, engine, null, plan, [top])[0]

        def certificates(of: Path) -> list[Certificate]:
            return certificates_of(rows, engine, base, of, list(range(len(of))), thread_count(threads))

        found = replace(solve(grid, float(l1_ratio)), origin=Origin(solve, certificates))
    wide = ~(found.gaps <= max(10 * tolerance, GAP_TOLERANCE))
    short = np.flatnonzero(wide & (rows.family.convex | np.isfinite(found.gaps)))
    if len(short):
        k = int(short[np.argmax(found.gaps[short])])
        warnings.warn(
            f"{len(short)} of {len(found)} fits did not reach the tolerance: the relative gap at alpha "
            f"{found.alphas[k]:.3g} is {found.gaps[k]:.1e}. The columns are ill-conditioned; centre or rescale them.",
            NotCertifiedWarning,
            stacklevel=2,
        )
    elif found.gap_rounding.size and found.gap_rounding.max() > MOST_ROUNDING:
        warnings.warn(
            f"Rounding in the moments may hide a relative gap of up to {found.gap_rounding.max():.1e}. The columns are "
            "ill-conditioned; centre or rescale them.",
            NotCertifiedWarning,
            stacklevel=2,
        )
    return found


def verify(
    model: Model | Any, data: Any, y: Any = None, *, weights: Any = None, offset: Any = None
) -> dict[str, Any]:
    """The certificates of every choice's fit, recomputed from these rows: those that the model was fitted on.

    Of a relaxed lasso they are of the penalized fits ("min", "1se") and of the refits ("min refit", "1se refit").
    Nothing of the fit is reused but the coefficients and the objective's settings. ``y`` and ``weights`` (n,) are needed
    where they are no columns of ``data``. Of a network it is one ``bridle.torch`` statement: whether the rows give the
    recorded objective, and how still that lies.
    """
    room = room_of(model)
    if room is not None:  # a kind that a room above makes, and verifies
        answer: dict[str, Any] = import_module(f"{room}.verifying").verify(model, data, y, weights=weights)
        return answer
    own = model.rows_of(data, y=y, offset=offset)
    design = own.design
    assert own.target is not None
    if weights is None:
        weights = own.weights
    else:
        given = checked_weights(weights, design.n, least=1)
        weights = weighted_by_class(given, own.target, model.class_weights)
    candidates = []
    for rule, choice in model.selection.choices.items():
        coef, intercept = model.fit_of(rule) if model.refits is None else model.penalized_fit_of(rule)
        candidates.append(Candidate(choice.alpha, choice.l1_ratio, intercept, coef))
    family = family_named(model.family)
    settings: dict[str, Any] = {
        "fit_intercept": model.fit_intercept,
        "standardize": model.standardize,
        "tolerance": model.certificate.tolerance,
    }
    target, offset = own.target, own.offset
    if family == SQUARED and offset is not None:
        target, offset = target - offset, None
    rows = Rows(design, target, weights, offset, family)
    if family == SQUARED:
        proven = certify(design, target, weights, candidates, model.penalty, **settings)
    else:
        responses = Responses(family, target, weights, offset)
        proven = certify_separable(design, responses, candidates, model.penalty, **settings)
    found = dict(zip(model.selection.choices, proven))
    if model.refits is not None:
        found |= verified_refits(model, rows, settings)
    return {rule: named(c, model.schema) for rule, c in found.items()}
