"""The static ``path`` of scikit-learn's estimators: coefficients along a grid of alphas, without an intercept."""

from __future__ import annotations

import warnings
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning

from .._numerics import single_threaded_blas
from ..errors import DataError, UsageError, number
from ..fitting.given import elastic_net_path
from ..penalties import Penalty
from ..solvers import Rows
from .reading import Table, bad_cell, read, read_weights

Floats = NDArray[np.float64]
RESOLUTION = float(np.finfo(np.float64).resolution)
# What scikit-learn's coordinate descent takes besides; bridle's solver needs none of it.
_IGNORED = ("max_iter", "random_state", "selection", "do_screening")


def enet_path(
    X: Any,
    y: Any,
    *,
    l1_ratio: float = 0.5,
    eps: float = 1e-3,
    n_alphas: Any = None,
    alphas: Any = 100,
    precompute: Any = "auto",
    Xy: Any = None,
    copy_X: bool = True,
    coef_init: Any = None,
    verbose: Any = False,
    return_n_iter: bool = False,
    positive: bool = False,
    check_input: bool = True,
    **params: Any,
) -> Any:
    """The elastic net along a grid of alphas, no intercept: scikit-learn's ``enet_path`` for one target.

    Parameters
    ----------
    X : (n, p), y : (n,).
    l1_ratio : 0 is ridge, 1 is lasso.
    eps : the smallest alpha of a made grid, as a share of the largest.
    alphas : how many, or which; ``n_alphas`` is their number by its older name.
    positive : coefficients are at least 0.
    return_n_iter : also return the solver's steps.
    tol : in ``params``; a warning where the relative duality gap is larger. ``sample_weight`` too.
    precompute, Xy, copy_X, coef_init, verbose, check_input, max_iter, random_state, selection, do_screening : accepted,
        change nothing.

    Returns
    -------
    alphas (A,) decreasing, coefs (p, A), dual_gaps (A,), and n_iters, a list, with ``return_n_iter``.

    Raises
    ------
    ValueError
        For unknown parameters, for several targets, for l1_ratio = 0 without alphas.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[1, 2, 3.1], [2.3, 5.4, 4.3]]).T
    >>> alphas, coefs, gaps = enet_path(X, np.array([1, 2, 3.1]), l1_ratio=1.0, alphas=[5.0, 1.0, 0.5])
    >>> coefs.round(4)
    array([[0.    , 0.    , 0.4692],
           [0.2159, 0.4426, 0.2367]])
    """
    tol = float(params.pop("tol", 1e-4))
    sample_weight = params.pop("sample_weight", None)
    for name in _IGNORED:
        params.pop(name, None)
    if params:
        raise UsageError(f"Unexpected parameters in params: {', '.join(params)}.")
    table = read(BaseEstimator(), X, y)
    if table.y.ndim > 1:
        raise UsageError(
            "bridle's path is of one target; fit several one by one, or use scikit-learn's MultiTaskElasticNet."
        )
    weights = read_weights(sample_weight, table)
    rows = Rows(table.design, table.y, weights)
    penalty = Penalty(np.ones(table.X.shape[1]), np.zeros(table.X.shape[1]) if positive else None)
    if n_alphas is not None and n_alphas != "deprecated":
        alphas = n_alphas
    if alphas is None or (isinstance(alphas, str) and alphas == "warn"):
        alphas = 100
    l1_ratio = float(checked_ratios(number("l1_ratio", l1_ratio, 0, 1))[0])
    if isinstance(alphas, Integral):
        count = int(number("alphas", alphas, 1, 1e7, whole=True))
        grid = alpha_grid(table, weights, l1_ratio, number("eps", eps, 1e-300), count, False, positive)
    else:
        grid = given_alphas(alphas)
    fit = elastic_net_path(rows, table.schema, grid, l1_ratio, penalty=penalty)
    gaps = np.array([fit.gap(k) for k in range(len(grid))])
    short = np.flatnonzero(gaps > tol * 2 * fit.evidence.null_loss(0) + 1e-15)
    if len(short):
        warnings.warn(
            f"Objective did not converge at alpha = {grid[short[0]]:.3g}: the duality gap is {gaps[short[0]]:.3e}.",
            ConvergenceWarning,
            stacklevel=2,
        )
    answer = (grid, fit.coefs.T.astype(table.dtype), gaps)
    return (*answer, fit.steps.tolist()) if return_n_iter else answer


def lasso_path(X: Any, y: Any, **params: Any) -> Any:
    """``enet_path`` with l1_ratio = 1."""
    return enet_path(X, y, l1_ratio=1.0, **params)


def alpha_grid(
    table: Table, weights: Floats | None, l1_ratio: float, eps: float, count: int, fit_intercept: bool, positive: bool
) -> Floats:  # fmt: skip
    """scikit-learn's grid: from the exact alpha_max down to ``eps`` of it, even steps of log alpha."""
    if l1_ratio == 0:
        raise UsageError(
            "Automatic alpha grid generation is not supported for l1_ratio=0. Please supply a grid by providing "
            "your estimator with the appropriate `alphas=` argument."
        )
    n = len(table.y)
    share = np.full(n, 1.0 / n) if weights is None else weights / weights.sum()
    with single_threaded_blas(), np.errstate(over="ignore", invalid="ignore"):
        y = table.y - share @ table.y if fit_intercept else table.y
        # About a mean of zero the columns need no centring.
        pull = table.design.rmatvec(share * y)
    if not np.isfinite(pull).all():
        raise bad_cell(table) or DataError("X or y hold numbers whose products overflow. Rescale them.")
    top = float(np.max(pull if positive else np.abs(pull), initial=0.0)) / l1_ratio
    # A target that does not vary leaves rounding, whatever its units.
    cells = table.X if isinstance(table.X, np.ndarray) else table.X.data
    size = float(np.abs(table.y).max(initial=0.0)) * float(np.abs(cells).max(initial=0.0))
    if top <= RESOLUTION * min(size, 1.0):
        return np.full(count, RESOLUTION)
    return np.geomspace(top, top * eps, num=count)


def given_alphas(alphas: Any) -> Floats:
    """The user's own, decreasing, repeats and all."""
    try:
        grid = np.asarray(alphas, dtype=np.float64)
    except (TypeError, ValueError):
        raise UsageError("alphas must be numbers of at least 0.") from None
    if grid.ndim != 1 or not len(grid):
        raise UsageError(
            f"alphas must be a list of numbers, at least one, not an array of shape {grid.shape}."
        )
    if not (np.isfinite(grid) & (grid >= 0)).all():
        raise UsageError(f"alphas must be finite numbers of at least 0, not {grid.tolist()[:5]}.")
    return np.sort(grid)[::-1]


def checked_ratios(l1_ratio: Any) -> Floats:
    """One mix or several, each between 0 and 1."""
    try:
        ratios = np.atleast_1d(np.asarray(l1_ratio, dtype=np.float64))
    except (TypeError, ValueError):
        raise UsageError("l1_ratio must be a number between 0 and 1, or several.") from None
    if ratios.ndim != 1 or not len(ratios) or not ((ratios >= 0) & (ratios <= 1)).all():
        raise UsageError(f"l1_ratio must lie between 0 (ridge) and 1 (lasso), not {ratios.tolist()}.")
    return ratios


def sparse_rows(coef: NDArray[Any]) -> Any:
    """Coefficients as a sparse matrix (n_targets, p), of the kind that scikit-learn is set to."""
    from scipy.sparse import csr_array, csr_matrix

    try:
        from sklearn.utils._sparse import _align_api_if_sparse
    except ImportError:
        return csr_matrix(np.atleast_2d(coef))
    return _align_api_if_sparse(csr_array(np.atleast_2d(coef)))
