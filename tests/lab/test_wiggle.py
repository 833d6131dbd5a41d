"""The lesson "wiggle" against least squares, closed-form ridge, the lasso's conditions and simulation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import Lasso

import bridle
from bridle import UsageError
from bridle.lab.keys import Key, offered
from bridle.lab.lessons import compute
from bridle.lab.wiggle import ALPHAS, GRID, draw, powers, truth, verdicts
from bridle.lab.work import Cancelled

Floats = NDArray[np.float64]
USUAL = "wiggle?degree=15&l1_ratio=0&n=30&noise=0.3"


def key(degree: int = 15, ratio: int = 0, n: int = 30, noise: float = 0.3) -> str:
    return f"wiggle?degree={degree}&l1_ratio={ratio}&n={n}&noise={noise:g}"


def ridge(x: Floats, y: Floats, degree: int, alpha: float, at: Floats) -> Floats:
    """Ridge's predictions by a QR decomposition of the standardized rows with the penalty's rows below them."""
    raw = np.stack([x**j for j in range(1, degree + 1)], axis=1)
    mean, sd = raw.mean(axis=0), raw.std(axis=0)
    rows = np.vstack([(raw - mean) / sd, np.sqrt(len(y) * alpha) * np.eye(degree)])
    weights = np.linalg.lstsq(rows, np.append(y - y.mean(), np.zeros(degree)), rcond=None)[0]
    return np.asarray(
        y.mean() + ((np.stack([at**j for j in range(1, degree + 1)], axis=1) - mean) / sd) @ weights
    )


def shown(found: dict[str, Any], number: int, k: int, at: Floats) -> Floats:
    """A fit of the lesson, from its weights."""
    weights = np.append(found["intercepts"][number, k], found["coefs"][number, k])
    return np.asarray(np.polynomial.polynomial.polyval(at, weights))


@pytest.mark.parametrize("degree", [1, 3, 9, 15])
def test_without_a_penalty_it_is_least_squares(degree: int) -> None:
    x, y = draw(30, 0.3, 0)
    path = bridle.path(powers(x, degree), y, alphas=[1e-8, 0.0], l1_ratio=0.0)
    wanted = np.polyfit(x, y, degree)
    assert path.predict(powers(GRID, degree))[:, 1] == pytest.approx(np.polyval(wanted, GRID), abs=1e-6)
    assert path.train_error[1] == pytest.approx(((y - np.polyval(wanted, x)) ** 2).mean(), rel=1e-9)
    if degree <= 3:  # there the weakest penalty of the lesson is as good as none
        found = compute(key(degree))
        assert shown(found, 0, 45, GRID) == pytest.approx(np.polyval(wanted, GRID), abs=1e-5)


@pytest.mark.parametrize(("degree", "n", "noise"), [(15, 30, 0.3), (15, 10, 0.6), (6, 100, 0.1)])
def test_every_number_is_that_of_closed_form_ridge(degree: int, n: int, noise: float) -> None:
    """Fits of all 100 data sets, and what is made of them, without the engine."""
    found = compute(key(degree, 0, n, noise))
    assert found["alphas"][0] == 10 and found["alphas"][-1] == 1e-8 and (np.diff(found["alphas"]) < 0).all()
    for k in (0, 12, 20, 33):
        alpha = found["alphas"][k]
        fits, train = [], []
        for number in range(100):
            x, y = draw(n, noise, number)
            fits.append(ridge(x, y, degree, alpha, GRID))
            train.append(((y - ridge(x, y, degree, alpha, x)) ** 2).mean())
        errors = [((f - np.sin(4 * GRID)) ** 2).mean() + noise**2 for f in fits]
        middle = np.mean(fits, axis=0)
        for number in range(8):
            assert (found["x"][number], found["y"][number]) == tuple(
                pytest.approx(v, rel=1e-15) for v in draw(n, noise, number)
            )
            assert shown(found, number, k, GRID) == pytest.approx(fits[number], abs=1e-6)
        assert found["train_error"][:, k] == pytest.approx(np.array(train[:8]), rel=1e-6)
        assert found["test_error"][:, k] == pytest.approx(np.array(errors[:8]), rel=1e-6)
        assert found["expected"][k] == pytest.approx(np.mean(errors), rel=1e-6)
        assert found["bias"][k] == pytest.approx(((middle - np.sin(4 * GRID)) ** 2).mean(), rel=1e-5)
        spread = np.mean([((f - middle) ** 2).mean() for f in fits])
        assert found["variance"][k] == pytest.approx(spread, rel=1e-5)
        ordered = np.sort(fits, axis=0)
        # Of 100 numbers in order the quantiles 0.1 and 0.9 stand at the places 9.9 and 89.1, counted from 0.
        low, high = 0.1 * ordered[9] + 0.9 * ordered[10], 0.9 * ordered[89] + 0.1 * ordered[90]
        assert found["band_low"][k] == pytest.approx(low, rel=1e-5, abs=1e-5)
        assert found["band_high"][k] == pytest.approx(high, rel=1e-5, abs=1e-5)
        effects = np.abs(found["coefs"][0, k]) * powers(found["x"][0], degree).std(axis=0)
        assert found["largest"][0, k] == pytest.approx(effects.max(), rel=1e-12)


@pytest.mark.parametrize("n", [10, 30])
def test_the_lasso_meets_its_conditions(n: int) -> None:
    """No column pulls harder than alpha, and those with a weight pull just so hard, against it."""
    found = compute(key(15, 1, n))
    for number in range(8):
        x, y = found["x"][number], found["y"][number]
        X = powers(x, 15)
        Z = (X - X.mean(axis=0)) / X.std(axis=0)
        for k, alpha in enumerate(found["alphas"]):
            residual = (y - shown(found, number, k, x)) / y.std()
            pull, weights = Z.T @ residual / n, found["coefs"][number, k]
            assert abs(residual.mean()) < 1e-9
            assert np.abs(pull).max() <= alpha + 1e-8
            kept = weights != 0
            assert pull[kept] == pytest.approx(alpha * np.sign(weights[kept]), abs=1e-8)
            assert found["kept"][number, k] == kept.sum()


def test_the_lasso_is_scikit_learns() -> None:
    found = compute(key(4, 1))
    x, y = found["x"][2], found["y"][2]
    X = powers(x, 4)
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    for k in (10, 18, 25):
        own = Lasso(found["alphas"][k] * y.std(), tol=1e-12, max_iter=1_000_000).fit(Z, y)
        assert found["coefs"][2, k] * X.std(axis=0) == pytest.approx(own.coef_, abs=1e-6)


@pytest.mark.parametrize("asked", [USUAL, key(15, 1), key(15, 0, 10, 0.6), key(1), key(7, 1, 100, 0.1)])
def test_the_error_is_noise_and_bias_and_variance(asked: str) -> None:
    found = compute(asked)
    parts = found["noise"] ** 2 + found["bias"] + found["variance"]
    assert found["noise_error"] == found["noise"] ** 2
    assert parts == pytest.approx(found["expected"], rel=1e-12)
    assert (found["bias"] >= 0).all() and (found["variance"] >= 0).all()
    assert found["best"] == found["expected"].argmin()


def test_the_error_on_new_points_is_that_of_new_points() -> None:
    found = compute(USUAL)
    rng = np.random.default_rng(5)
    at = np.tile(GRID, 4000)  # every place as often as any other
    y = np.sin(4 * at) + 0.3 * rng.standard_normal(len(at))
    for k in (0, 19, 45):
        seen = ((y - shown(found, 3, k, at)) ** 2).mean()
        assert found["test_error"][3, k] == pytest.approx(seen, rel=0.02)


@pytest.mark.parametrize("ratio", [0, 1])
@pytest.mark.parametrize("n", [10, 30, 100])
def test_the_training_error_only_falls_as_the_penalty_does(ratio: int, n: int) -> None:
    found = compute(key(15, ratio, n))
    assert (np.diff(found["train_error"], axis=1) <= 1e-9).all()
    assert (found["gaps"] <= 1e-8).all()
    # Freedom is spent: some data set does a good deal worse on new points than it could.
    assert (found["test_error"][:, -1] > 1.04 * found["test_error"].min(axis=1)).any()


@pytest.mark.parametrize("ratio", [0.0, 1.0])
@pytest.mark.parametrize("n", [10, 30])
def test_fifteen_powers_are_certified_at_every_strength(ratio: float, n: int) -> None:
    for number in range(3):
        x, y = draw(n, 0.3, number)
        path = bridle.path(powers(x, 15), y, alphas=ALPHAS[ratio], l1_ratio=ratio)
        assert all(c.certified for c in path.certify())


def test_underfitting_and_overfitting_are_named() -> None:
    found = compute(USUAL)
    error, sign, best = found["expected"], found["verdict"], found["best"]
    assert (sign[0], sign[best], sign[-1]) == (-1, 0, 1)
    for k, one in enumerate(sign):
        others = error[k + 1 :] if one < 0 else error[:k]
        assert (error[k] > 1.05 * error[best]) == bool(one)
        assert one == 0 or (others.min() < error[k] / 1.05)  # a weaker, or a stronger, penalty does better
    assert (compute(key(1))["verdict"] == -1).all()  # no straight line follows a wave
    assert set(compute(key(15, 0, 100, 0.1))["verdict"]) == {-1, 0, 1}
    assert verdicts(np.array([1.0, 1.04]), np.array([0.4, 0.1])).tolist() == [0, 0]


def test_points_lie_in_stretches_of_their_own() -> None:
    for n in (10, 30, 100):
        x, y = draw(n, 0.3, 7)
        assert (np.floor((x + 1) / 2 * n) == np.arange(n)).all()
        again, calm = draw(n, 0.0, 7)
        assert (again == x).all() and calm == pytest.approx(np.sin(4 * x), abs=1e-15)
        assert y - truth(x) == pytest.approx(3 * (draw(n, 0.1, 7)[1] - truth(x)), abs=1e-14)
        assert (draw(n, 0.3, 8)[0] != x).all()
    noise = np.concatenate([draw(100, 0.6, b)[1] - np.sin(4 * draw(100, 0.6, b)[0]) for b in range(100)])
    assert abs(noise.mean()) < 0.02 and noise.std() == pytest.approx(0.6, rel=0.03)


@pytest.mark.parametrize("asked", [USUAL, key(9, 1, 10, 0.1)])
def test_the_lines_to_copy_give_the_same_numbers(asked: str, capsys: pytest.CaptureFixture[str]) -> None:
    found, names = compute(asked), dict[str, Any]()
    assert max(map(len, found["python"].splitlines())) <= 125
    exec(found["python"], names)
    assert capsys.readouterr().out
    assert names["alphas"] == pytest.approx(found["alphas"], rel=1e-14)
    assert names["test"][:8] == pytest.approx(found["test_error"], rel=1e-9)
    assert names["bias"] == pytest.approx(found["bias"], rel=1e-9)
    assert names["variance"] == pytest.approx(found["variance"], rel=1e-9)
    assert np.array(names["train"])[:8] == pytest.approx(found["train_error"], rel=1e-9, abs=1e-12)
    assert names["best"] == found["best"]


def test_it_can_be_left_at_every_data_set() -> None:
    stages: list[tuple[str, float]] = []
    found = compute(key(2), lambda stage, share: stages.append((stage, share)))
    assert found["key"] == key(2) and found["names"] == ["x", "x^2"] and found["n_rows"] == 30
    assert stages[-1] == ("done", 1.0) and len(stages) == 102
    calls: list[str] = []

    def enough(stage: str, share: float) -> None:
        calls.append(stage)
        if len(calls) > 40:
            raise Cancelled

    with pytest.raises(Cancelled):
        compute(key(2), enough)
    assert len(calls) == 41


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (key(16), "at most 15"),
        (key(0), "at least 1"),
        ("wiggle?degree=1.5&l1_ratio=0&n=30&noise=0.3", "whole number"),
        ("wiggle?degree=3&l1_ratio=0.5&n=30&noise=0.3", "one of 0, 1"),
        (key(n=31), "one of 10, 30, 100"),
        (key(noise=0.2), "one of 0.1, 0.3, 0.6"),
        ("wiggle?degree=3&l1_ratio=0&n=30", "exactly"),
    ],
)
def test_other_keys_are_refused(asked: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        compute(asked)


def test_the_folder_holds_what_one_change_leads_to() -> None:
    there = {str(one) for one in offered()}
    assert {key(degree) for degree in range(1, 16)} | {key(degree, 1) for degree in range(1, 16)} <= there
    assert {key(15, 0, n, noise) for n in (10, 30, 100) for noise in (0.1, 0.3, 0.6)} <= there
    assert all(str(Key.parse(one)) == one for one in there if one.startswith("wiggle"))
