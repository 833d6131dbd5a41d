"""The same bits whatever the number of threads, in workers of joblib and in forked processes."""

from __future__ import annotations

import os

import joblib
import numpy as np
import pytest
import scipy.sparse as sp

import bridle

SHAPES = {"tall": (4_000, 40), "wide": (120, 2_000), "sparse": (1_100, 4_000)}


def made(shape):
    rng = np.random.default_rng(0)
    X = rng.standard_normal(shape)
    if shape == SHAPES["sparse"]:
        X = sp.csc_array(np.where(rng.random(shape) < 0.003, X, 0.0))
    return X, X[:, :5].sum(axis=1) + rng.standard_normal(shape[0])


def bits(model) -> dict[str, bytes]:
    """Everything numeric that a fit says."""
    arrays = {
        "coef": model.coef,
        "path": model.path.coefs,
        "gaps": model.path.gaps,
        "dof": model.path.degrees_of_freedom,
    }
    for curve in model.selection.curves:
        arrays[f"errors {curve.l1_ratio}"] = curve.fold_errors
    if model.selection.out_of_fold is not None:
        arrays["out of fold"] = model.selection.out_of_fold
    numbers = [model.intercept, model.alpha, model.certificate.relative_gap]
    if model.selection.nested is not None:
        numbers.append(model.selection.nested.error)
    return {name: value.tobytes() for name, value in arrays.items()} | {
        "numbers": np.array(numbers).tobytes()
    }


def fitted(shape, threads=None):
    ratios = (0.0, 0.5, 1.0) if shape == SHAPES["tall"] else (0.5, 1.0)
    n_alphas = {"tall": 100, "sparse": 10}.get(next(name for name in SHAPES if SHAPES[name] == shape), 20)
    return bits(
        bridle.fit(
            *made(shape), l1_ratios=ratios, n_alphas=n_alphas, folds=4, out_of_fold=True, threads=threads
        )
    )


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_any_number_of_threads(shape):
    one = fitted(shape, 1)
    for threads in (2, 4):
        many = fitted(shape, threads)
        assert [name for name in one if one[name] != many[name]] == []


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("standardize", [True, False])
def test_any_number_of_threads_for_a_path(shape, standardize):
    X, y = made(shape)
    X = X if sp.issparse(X) else X.astype(np.float32)
    weights = np.random.default_rng(1).uniform(0.5, 2, len(y))
    paths = [
        bridle.path(X, y, n_alphas=20, weights=weights, standardize=standardize, threads=threads)
        for threads in (1, 2, 4)
    ]
    for other in paths[1:]:
        assert np.array_equal(other.coefs, paths[0].coefs)
        assert np.array_equal(other.alphas, paths[0].alphas)
        assert np.array_equal(other.gaps, paths[0].gaps)


def test_the_same_twice():
    assert fitted(SHAPES["wide"]) == fitted(SHAPES["wide"])


def test_a_worker_of_joblib_takes_one_thread_and_finds_the_same(alone):
    out = alone(
        "import numpy as np, joblib\n"
        "def job(shape):\n"
        "    import numpy as np, bridle\n"
        "    from bridle._numerics import thread_count\n"
        "    rng = np.random.default_rng(0)\n"
        "    X = rng.standard_normal(shape)\n"
        "    path = bridle.path(X, X[:, 0] + rng.standard_normal(shape[0]), n_alphas=20)\n"
        "    return thread_count(), path.coefs.tobytes()\n"
        f"for shape in {list(SHAPES.values())}:\n"
        "    here = job(shape)[1]\n"
        "    cores = joblib.cpu_count()\n"
        "    jobs = [joblib.delayed(job)(shape)] * cores\n"
        "    for threads, there in joblib.Parallel(n_jobs=cores, backend='loky')(jobs):\n"
        "        assert threads == 1, threads\n"
        "        assert there == here\n"
        "print('done')"
    )
    assert out.strip() == "done"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_fork_after_a_fit(alone, shape):
    out = alone(
        "import os, sys, warnings, numpy as np, bridle\n"
        "warnings.simplefilter('ignore')\n"
        "rng = np.random.default_rng(0)\n"
        f"X = rng.standard_normal({shape})\n"
        "y = X[:, 0] + rng.standard_normal(len(X))\n"
        "def fit(): return bridle.path(X, y, n_alphas=20, threads=2).coefs.tobytes()\n"
        "before = fit()\n"
        "child = os.fork()\n"
        "if child == 0: os._exit(0 if fit() == before else 3)\n"
        "assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0\n"
        "assert fit() == before\n"
        "print('done')",
        timeout=20,
    )
    assert out.strip() == "done"


def test_threads_of_the_caller():
    """Several threads of Python fitting at once do not disturb one another."""
    X, y = made(SHAPES["tall"])
    wanted = bridle.path(X, y, n_alphas=20).coefs
    jobs = [joblib.delayed(bridle.path)(X, y, n_alphas=20)] * 6
    for path in joblib.Parallel(n_jobs=3, backend="threading")(jobs):
        assert np.array_equal(path.coefs, wanted)
