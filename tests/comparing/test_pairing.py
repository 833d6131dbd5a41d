"""Paired differences against a calculation by hand, and the rule of recommendation on constructed rows."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bridle.comparing.pairing import Splits, paired
from bridle.comparing.recommending import recommend
from bridle.comparing.result import Row

EVEN = Splits(np.full(5, 20.0), np.full(5, 80.0))
NOISE = np.array([0.3, -0.2, 0.1, -0.4, 0.2])


def _row(name: str, error: float, kept: int, noise: float = 0.0) -> Row:
    errors = error + noise * NOISE
    return Row(name, name.title(), float(errors.mean()), 0.1, 10.0, errors, kept, kept)


def test_the_corrected_resampled_t_test_by_hand() -> None:
    a, b = np.random.default_rng(0).gamma(4.0, size=(2, 5))
    found = paired("a", a, "b", b, EVEN)
    d = a - b
    error = np.sqrt((1 / 5 + 1 / 4) * d.var(ddof=1))
    low, high = stats.t(df=4, loc=d.mean(), scale=error).interval(0.95)
    assert (found.mean, found.standard_error) == pytest.approx((d.mean(), error), rel=1e-12)
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-10)
    assert found.degrees_of_freedom == 4


def test_without_overlap_it_is_the_usual_paired_t_test() -> None:
    a, b = np.random.default_rng(1).gamma(4.0, size=(2, 7))
    found = paired("a", a, "b", b, Splits(np.ones(7), np.full(7, 1e300)))
    usual = stats.ttest_rel(a, b).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((usual.low, usual.high), rel=1e-10)


def test_folds_count_by_their_weight() -> None:
    a, b = np.random.default_rng(2).gamma(4.0, size=(2, 4))
    test = np.array([10.0, 20, 30, 40])
    found = paired("a", a, "b", b, Splits(test, 100 - test))
    share = test / 100
    mean = share @ (a - b)
    variance = share @ (a - b - mean) ** 2 / (1 - share @ share)
    ratio = share @ (test / (100 - test))
    assert found.mean == pytest.approx(mean)
    assert found.standard_error == pytest.approx(np.sqrt(variance * (share @ share + ratio)))


def test_verdicts() -> None:
    worse = paired("a", 5 + NOISE, "b", np.full(5, 3.0), EVEN)
    better = paired("b", np.full(5, 3.0), "a", 5 + NOISE, EVEN)
    alike = paired("a", 3.1 + NOISE, "b", np.full(5, 3.0), EVEN)
    assert [d.verdict for d in (worse, better, alike)] == ["worse", "better", "cannot be told apart"]
    assert (worse.mean, worse.low) == pytest.approx((-better.mean, -better.high))
    assert alike.low < 0 < alike.high


def test_two_folds_one_fold_and_rounding() -> None:
    two = paired("a", np.array([2.0, 4.0]), "b", np.ones(2), Splits(np.ones(2), np.ones(2)))
    assert two.high - two.mean == pytest.approx(stats.t(1).ppf(0.975) * np.sqrt(1.5 * 2.0))
    one = paired("a", np.array([2.0]), "b", np.ones(1), Splits(np.ones(1), np.ones(1)))
    assert (one.mean, one.verdict) == (1.0, "not known")
    assert np.isnan(one.low)
    rounding = paired("a", 1e6 + np.full(5, 1e-4), "b", np.full(5, 1e6), EVEN)
    assert rounding.verdict == "cannot be told apart"


def test_the_interval_covers_what_it_promises() -> None:
    """Two predictors that are equally good, differing by noise that is shared by no fold."""
    rng = np.random.default_rng(3)
    verdicts = [paired("a", a, "b", b, EVEN).verdict for a, b in rng.normal(9.0, 1.0, size=(2000, 2, 5))]
    wrong = 1 - verdicts.count("cannot be told apart") / len(verdicts)
    assert wrong < 0.03  # the correction is cautious where folds are independent: far below 5 %
    assert wrong > 0.0


def test_the_fewest_variables_among_those_that_cannot_be_told_apart() -> None:
    rows = [_row("null", 9.0, 0), _row("ridge", 3.0, 10, 1.0), _row("lasso", 3.1, 4), _row("net", 3.2, 6)]
    found = recommend(rows, EVEN, 10)
    assert found.row.name == "lasso"
    assert found.reason.startswith("Lasso: its error, 1.76")
    assert "cannot be told apart from the smallest (ridge, 1.73)" in found.reason
    assert "4 of 10" in found.reason
    assert {d.name: d.verdict for d in found.differences}["null"] == "worse"
    assert all(d.against == "lasso" for d in found.differences)


def test_ties_go_to_the_smaller_error() -> None:
    rows = [_row("a", 3.0, 5, 1.0), _row("b", 3.1, 5, -1.0)]
    assert recommend(rows, EVEN, 9).row.name == "a"
    assert recommend(rows[::-1], EVEN, 9).row.name == "a"


def test_fewer_variables_do_not_outweigh_a_larger_error() -> None:
    found = recommend([_row("a", 3.0, 9), _row("b", 4.0, 1, 0.1), _row("null", 8.0, 0)], EVEN, 9)
    assert found.row.name == "a"
    assert "by more than chance" in found.reason


def test_what_another_method_beats_is_not_recommended() -> None:
    """The noise of the smallest error may hide a row that a quieter one tells apart."""
    rows = [_row("loud", 3.0, 9, 9.0), _row("quiet", 3.2, 8, 0.01), _row("small", 3.6, 1, 0.01)]
    assert paired("small", rows[2].fold_errors, "loud", rows[0].fold_errors, EVEN).verdict.startswith(
        "cannot"
    )
    found = recommend(rows, EVEN, 9)
    assert found.row.name == "quiet"
    assert "better" not in [d.verdict for d in found.differences]


def test_nothing_may_beat_the_constant() -> None:
    hidden = recommend([_row("null", 3.1, 0, 1.0), _row("lasso", 3.0, 4)], EVEN, 4)
    assert hidden.row.name == "null"
    assert hidden.reason.startswith("Nothing beats the constant")
    assert "lasso, 1.73" in hidden.reason
    assert recommend([_row("null", 2.0, 0), _row("lasso", 3.0, 4)], EVEN, 4).reason.endswith(
        "smallest of all."
    )


def test_what_is_not_possible_is_left_out() -> None:
    none = Row("least_squares", "Least squares", np.nan, np.nan, 9.0, np.zeros(0), note="not possible")
    found = recommend([none, _row("lasso", 3.0, 4), _row("null", 9.0, 0)], EVEN, 4)
    assert found.row.name == "lasso"
    assert [d.name for d in found.differences] == ["null"]


def test_a_single_split_cannot_tell() -> None:
    one = Splits(np.array([30.0]), np.array([70.0]))
    rows = [
        Row(name, name.title(), error, np.nan, 9.0, np.array([error]), kept)
        for name, error, kept in (("ridge", 3.0, 9), ("lasso", 3.01, 2))
    ]
    found = recommend(rows, one, 9)
    assert found.row.name == "ridge"
    assert "cannot tell that from chance" in found.reason
