"""Cross-validation from bridle.path's fits against recorded runs of R's cv.glmnet:
tests/fixtures/glmnet_cv.json.

What cv.glmnet (type.measure="mse", grouped=TRUE) computes, with folds and row weights given:

- each fold's model is fitted on the other folds at the same lambda, *in units of y*, with column scales,
  sd of y and intercept of those rows; in bridle's terms ``alpha_k = lambda / sd_k(y)`` when
  standardize=TRUE, ``alpha = lambda`` for a lasso without standardizing;
- a fold's error is the weighted mean of squared errors over its held-out rows;
- cvm is the mean of the K fold errors weighted by the folds' held-out weight W_k, and ``cvsd = sqrt(sum_k
  W_k (error_k - cvm)^2 / sum_k W_k / (K - 1))``;
- lambda.min is the largest lambda with the smallest cvm; lambda.1se the largest one with cvm at most cvm
  + cvsd there.

Agreement asked: 1e-8 relative for the curve, and the same two lambdas.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_diabetes

import bridle

FIXTURE = json.loads((Path(__file__).parents[1] / "fixtures" / "glmnet_cv.json").read_text())


@pytest.fixture(params=["moments", "columns"], autouse=True)
def solver(request, monkeypatch) -> str:
    """Both solvers: the one that small tables get, and the one for wide tables."""
    monkeypatch.setattr("bridle.solvers.auto.choose", lambda design: request.param)
    return request.param


def cross_validated(case: dict) -> tuple[np.ndarray, np.ndarray]:
    X, y = load_diabetes(scaled=False, return_X_y=True)
    lam = np.array(case["lambda"], dtype=float)
    folds = np.array(FIXTURE["vectors"][case["folds"]])
    w = np.array(FIXTURE["vectors"].get(case.get("weights"), np.ones(len(y))), dtype=float)
    errors, held_out = [], []
    for fold in np.unique(folds):
        test = folds == fold
        train = ~test
        center = np.average(y[train], weights=w[train])
        sd = np.sqrt(np.average((y[train] - center) ** 2, weights=w[train]))
        path = bridle.path(
            X[train],
            y[train],
            alphas=lam / sd if case["standardize"] else lam,
            l1_ratio=case["alpha"],
            weights=w[train],
            standardize=case["standardize"],
        )
        predicted = path.intercepts + X[test] @ path.coefs.T
        errors.append(np.average((y[test, None] - predicted) ** 2, axis=0, weights=w[test]))
        held_out.append(w[test].sum())
    mean = np.average(errors, axis=0, weights=held_out)
    spread = np.average((np.array(errors) - mean) ** 2, axis=0, weights=held_out)
    return mean, np.sqrt(spread / (len(errors) - 1))


@pytest.mark.parametrize("name", FIXTURE["cases"])
def test_curve_and_both_rules(name):
    case = FIXTURE["cases"][name]
    mean, error = cross_validated(case)
    np.testing.assert_allclose(mean, case["cvm"], rtol=1e-8)
    np.testing.assert_allclose(error, case["cvsd"], rtol=1e-8)
    best = int(np.argmin(mean))
    assert case["lambda"][best] == case["lambda_min"]
    assert case["lambda"][int(np.argmax(mean <= mean[best] + error[best]))] == case["lambda_1se"]
