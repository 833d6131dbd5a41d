"""How other packages' strengths map to bridle's objective, both ways.

Every convention is a penalty (l1 part + l2 part) beside some loss. Divided by what makes that loss bridle's

    P(b0, b) = sum_i w_i (y_i - b0 - x_i.b)^2 / 2 / sum_i w_i + sum_j (l1 |b_j| + l2/2 b_j^2)

it gives the pair l1 = alpha * l1_ratio, l2 = alpha * (1 - l1_ratio): the ``Strength``. That is the objective
*unscaled*: in the units of the columns that the penalty sees and of the target as it is. What the other
package does to its columns before penalizing them is no part of a strength: scikit-learn's estimators do
nothing (``standardize=False`` in bridle), glmnet by default and whoever follows the lesson with a
StandardScaler penalize columns of unit standard deviation (``standardize=True``).

With ``standardize=True`` bridle scales the target too, to unit standard deviation s. Dividing P by s^2 and
writing b = s c gives

    sum_i w_i (y_i/s - c0 - x_i.c)^2 / 2 / sum_i w_i + sum_j (l1/s |c_j| + l2/2 c_j^2)

so the pair (l1, l2) on the target as it is equals (l1/s, l2) on the scaled one. A mixed penalty changes both
its alpha and its l1_ratio, the lasso its alpha, ridge neither: ``Strength.on_scaled_target``. All standard
deviations are the population's (divided by n; weighted where there are weights; root mean square without an
intercept).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from numbers import Real

from .errors import UsageError


@dataclass(frozen=True)
class Strength:
    """The strength of a penalty in bridle's objective: alpha >= 0 and l1_ratio in [0, 1] (0 ridge, 1 lasso).

    >>> Strength(2.0, 0.25).l1, Strength(2.0, 0.25).l2
    (0.5, 1.5)
    """

    alpha: float
    l1_ratio: float

    def __post_init__(self) -> None:
        _check("alpha", self.alpha, 0.0, math.inf)
        _check("l1_ratio", self.l1_ratio, 0.0, 1.0)

    @property
    def l1(self) -> float:
        """alpha * l1_ratio, the factor of sum |b_j|."""
        return self.alpha * self.l1_ratio

    @property
    def l2(self) -> float:
        """alpha * (1 - l1_ratio), the factor of sum b_j^2 / 2."""
        return self.alpha * (1.0 - self.l1_ratio)

    def on_scaled_target(self, target_sd: float) -> Strength:
        """The same penalty where the target is divided by ``target_sd``: (l1, l2) becomes (l1/target_sd, l2).

        >>> Strength(1.0, 0.5).on_scaled_target(2.0)
        Strength(alpha=0.75, l1_ratio=0.3333333333333333)
        """
        return _strength(self.alpha, self.l1_ratio, _positive("target_sd", target_sd), 1.0)

    def on_raw_target(self, target_sd: float) -> Strength:
        """The inverse of ``on_scaled_target``.

        >>> Strength(2.0, 0.5).on_raw_target(2.0).l1
        2.0
        """
        return _strength(self.alpha, self.l1_ratio, _positive("target_sd", target_sd), 1.0, inverse=True)


@dataclass(frozen=True)
class _Data:
    """What is known of the data that a strength stands beside."""

    convention: str
    rows: float | None
    weight_sum: float | None
    target_sd: float | None

    def total(self) -> float:
        """The sum of the weights; without weights, the number of rows."""
        if self.weight_sum is not None:
            return _positive("weight_sum", self.weight_sum)
        if self.rows is None:
            raise UsageError(
                f'The convention "{self.convention}" needs rows (or weight_sum, where there are weights): '
                "its penalty stands beside a sum over the rows, not a mean."
            )
        return _positive("rows", self.rows)

    def sd(self) -> float:
        """The population standard deviation of the target."""
        if self.target_sd is None:
            raise UsageError(
                f'The convention "{self.convention}" needs target_sd, the population standard deviation of '
                "the target: what is asked for depends on the target's scale."
            )
        return _positive("target_sd", self.target_sd)


_Divisor = Callable[[_Data], float]


def _constant(value: float) -> _Divisor:
    return lambda data: value


@dataclass(frozen=True)
class _Convention:
    """One row of the table: the parameters' names, and what its l1 and l2 are divided by to be bridle's."""

    objective: str
    strength: str
    mix: str | None  # None: a ridge, nothing to mix
    l1: _Divisor | None
    l2: _Divisor
    inverted: bool = False  # the parameter is one over the strength
    only: str | None = None  # the family it belongs to


_CONVENTIONS: dict[str, _Convention] = {
    "bridle": _Convention(
        "mean (y - f)^2 / 2 + alpha (l1_ratio sum |b| + (1 - l1_ratio)/2 sum b^2)",
        "alpha", "l1_ratio", _constant(1.0), _constant(1.0)),
    "lesson": _Convention(
        "mean (y - f)^2 + l1 sum |w| + l2 sum w^2", "lambda", "mix", _constant(2.0), _constant(1.0)
    ),
    "lesson-mix": _Convention(
        "mean (y - f)^2 + lambda (mix sum |w| + (1 - mix) sum w^2)",
        "lambda", "mix", _constant(2.0), _constant(1.0)),
    "sklearn": _Convention(
        "scikit-learn's Lasso, ElasticNet and GLM regressors: the same alpha and l1_ratio",
        "alpha", "l1_ratio", _constant(1.0), _constant(1.0)),
    "sklearn-ridge": _Convention(
        "scikit-learn's Ridge: sum (y - f)^2 + alpha sum w^2",
        "alpha", None, None, _Data.total),
    "sklearn-logistic": _Convention(
        "scikit-learn's LogisticRegression: C sum loss + l1_ratio sum |w| + (1 - l1_ratio)/2 sum w^2",
        "C", "l1_ratio", _Data.total, _Data.total, inverted=True, only="binomial"),
    "glmnet": _Convention(
        'glmnet, family = "gaussian": lambda (alpha sum |b| + (1 - alpha)/2 sum b^2 / sd(y))',
        "lambda", "alpha", _constant(1.0), _Data.sd),
    "sgd-weight-decay": _Convention(
        "w <- w (1 - lr weight_decay) - lr gradient of mean (y - f)^2 / 2",
        "weight_decay", None, None, _constant(1.0)),
    "torch-mse-weight-decay": _Convention(
        "w <- w (1 - lr weight_decay) - lr gradient of mean (y - f)^2",
        "weight_decay", None, None, _constant(2.0)),
}  # fmt: skip

_REFUSED = {
    "adamw": (
        "AdamW shrinks the weights beside the adaptive step, so where it comes to rest minimizes no objective, "
        "and no alpha corresponds to its weight_decay. Put the penalty into the loss instead."
    ),
}

CONVENTIONS = tuple(_CONVENTIONS)


def objective(convention: str) -> str:
    """A convention's objective in one line, in its own letters.

    >>> objective("lesson")
    'mean (y - f)^2 + l1 sum |w| + l2 sum w^2'
    """
    return _find(convention).objective


def to_bridle(
    convention: str,
    settings: Mapping[str, float],
    *,
    rows: float | None = None,
    weight_sum: float | None = None,
    target_sd: float | None = None,
) -> Strength:
    """The strength in bridle's objective, unscaled, of another convention's parameters.

    Parameters
    ----------
    convention : one of ``CONVENTIONS``.
    settings : the parameters by their names over there:

        ======================  ==========================  ==========
        convention              parameters                  needs
        ======================  ==========================  ==========
        bridle, sklearn         alpha, l1_ratio
        lesson                  l1, l2 (0 where left out)
        lesson-mix              lambda, mix
        sklearn-ridge           alpha                       rows
        sklearn-logistic        C, l1_ratio                 rows
        glmnet                  lambda, alpha               target_sd
        sgd-weight-decay        weight_decay
        torch-mse-weight-decay  weight_decay
        ======================  ==========================  ==========

    rows : the number of rows; ``weight_sum``, the sum of the weights, takes its place where there are any.
    target_sd : population standard deviation of the target, in the target's units (weighted; root mean
        square for a fit without an intercept).

    Raises
    ------
    UsageError : an unknown convention, a parameter that is missing, unknown or out of range, something the
        conversion needs (named), or a convention without an objective (AdamW).

    Notes
    -----
    glmnet rescales ``penalty.factor`` to sum to the number of columns; bridle takes penalty factors as they
    are, so with factors multiply glmnet's lambda by p / sum(penalty.factor) first. The row holds for the
    string ``family = "gaussian"``; ``gaussian()`` and ``mgaussian`` do not scale the ridge part.
    scikit-learn's liblinear solver penalizes the intercept too, which no strength expresses.

    Examples
    --------
    >>> to_bridle("sklearn-ridge", {"alpha": 221.0}, rows=442)
    Strength(alpha=0.5, l1_ratio=0.0)
    >>> to_bridle("lesson", {"l1": 0.5, "l2": 0.75})
    Strength(alpha=1.0, l1_ratio=0.25)
    """
    found = _find(convention)
    main, mix = _main_and_mix(convention, found, settings)
    data = _Data(convention, rows, weight_sum, target_sd)
    return _strength(main, mix, *_divisors(found, mix, data))


def from_bridle(
    convention: str,
    strength: Strength,
    *,
    rows: float | None = None,
    weight_sum: float | None = None,
    target_sd: float | None = None,
) -> dict[str, float]:
    """The parameters, by their names over there, of a strength in bridle's unscaled objective.

    The inverse of ``to_bridle``, with the same parameters, needs and errors; a convention that has no L1 part
    takes only ``l1_ratio == 0``.

    >>> from_bridle("sklearn-ridge", Strength(0.5, 0.0), rows=442)
    {'alpha': 221.0}
    >>> from_bridle("lesson", Strength(1.0, 0.25))
    {'l1': 0.5, 'l2': 0.75}
    """
    found = _find(convention)
    if found.mix is None and strength.l1_ratio != 0.0:
        raise UsageError(f'The convention "{convention}" has no L1 part: l1_ratio must be 0.')
    data = _Data(convention, rows, weight_sum, target_sd)
    divisors = _divisors(found, strength.l1_ratio, data)
    back = _strength(strength.alpha, strength.l1_ratio, *divisors, inverse=True)
    if convention == "lesson":
        return {"l1": back.l1, "l2": back.l2}
    main = back.alpha
    if found.inverted:
        if main == 0.0:
            raise UsageError(f"No penalty at all means an infinite {found.strength}.")
        main = _finite(found.strength, 1.0 / main)
    return {found.strength: main} if found.mix is None else {found.strength: main, found.mix: back.l1_ratio}


def grid_in(
    convention: str,
    alphas: Iterable[float],
    l1_ratio: float,
    *,
    rows: float | None = None,
    weight_sum: float | None = None,
    target_sd: float | None = None,
    scaled: bool = False,
    family: str = "squared",
) -> tuple[tuple[float, ...], float]:
    """Strengths that all have one mix, read in another convention and said in bridle's.

    Both numbers are the other convention's: ``alphas`` its main parameter (lambda, alpha, C, weight_decay)
    and ``l1_ratio`` its share of the L1 part (glmnet's alpha, the lesson's mix). One mix there is one mix
    here, whatever the strength, but it may be another one: the lesson's half is bridle's third.

    Parameters
    ----------
    convention : one of ``CONVENTIONS``.
    alphas : the strengths, in any order.
    l1_ratio : their mix; 0 for a convention that has no L1 part.
    rows, weight_sum, target_sd : as in ``to_bridle``, of all the data.
    scaled : False: the answer is of the unscaled objective, for ``standardize=False``. True: of the objective
        whose target has unit standard deviation, for ``standardize=True`` (needs target_sd; bridle's own
        strengths then already are of that objective and stay as they are). The scale is that of all the data;
        in a fold, whose target has a standard deviation of its own, the same scaled strength is used.
    family : of the model; a convention for another family is refused.

    Returns
    -------
    (alphas, l1_ratio)
        In bridle's objective, in the order given.

    Raises
    ------
    UsageError : as ``to_bridle``.

    Examples
    --------
    >>> grid_in("lesson", [0.1, 1.0], 1.0)
    ((0.05, 0.5), 1.0)
    >>> grid_in("glmnet", [77.0], 0.5, target_sd=77.0, scaled=True)
    ((1.0,), 0.5)
    """
    found = _find(convention)
    if found.only is not None and found.only != family:
        raise UsageError(f'The convention "{convention}" is for family "{found.only}", not "{family}".')
    _check("l1_ratio", l1_ratio, 0.0, 1.0)
    if found.mix is None and l1_ratio != 0.0:
        raise UsageError(f'The convention "{convention}" has no L1 part: give l1_ratio 0, nothing else.')
    data = _Data(convention, rows, weight_sum, target_sd)
    d1, d2 = _divisors(found, l1_ratio, data)
    if scaled and convention != "bridle" and l1_ratio > 0.0:
        d1 *= data.sd()
    mix = _strength(1.0, l1_ratio, d1, d2).l1_ratio
    mains = [_main(found, value) for value in alphas]
    return tuple(_strength(main, l1_ratio, d1, d2).alpha for main in mains), mix


def _find(convention: str) -> _Convention:
    if convention in _REFUSED:
        raise UsageError(f'The convention "{convention}" has no objective. {_REFUSED[convention]}')
    found = _CONVENTIONS.get(convention)
    if found is None:
        raise UsageError(f"There is no convention {convention!r}; there are {', '.join(CONVENTIONS)}.")
    return found


def _divisors(found: _Convention, mix: float, data: _Data) -> tuple[float, float]:
    """The two divisors; one that meets a part of size zero is 1, so that nothing is asked for in vain."""
    l1 = found.l1(data) if mix > 0.0 and found.l1 is not None else 1.0
    return l1, found.l2(data) if mix < 1.0 else 1.0


def _strength(main: float, mix: float, d1: float, d2: float, *, inverse: bool = False) -> Strength:
    """The parts main * mix and main * (1 - mix), divided by d1 and d2 (or multiplied), as a strength.

    The mix is defined where main is 0 too, and where it is 0 or 1 nothing is rounded twice.
    """
    if mix in (0.0, 1.0):
        divisor = d1 if mix else d2
        return Strength(_finite("alpha", main * divisor if inverse else main / divisor), mix)
    l1, l2 = (mix * d1, (1.0 - mix) * d2) if inverse else (mix / d1, (1.0 - mix) / d2)
    return Strength(_finite("alpha", main * (l1 + l2)), l1 / (l1 + l2))


def _main_and_mix(convention: str, found: _Convention, settings: Mapping[str, float]) -> tuple[float, float]:
    if convention == "lesson":
        names: tuple[str, ...] = ("l1", "l2")
        settings = {"l1": 0.0, "l2": 0.0, **settings} if settings else settings
    else:
        names = (found.strength,) if found.mix is None else (found.strength, found.mix)
    missing = [name for name in names if name not in settings]
    unknown = [name for name in settings if name not in names]
    if missing or unknown:
        wrong = f"{missing[0]} is missing" if missing else f"{unknown[0]!r} is not one of them"
        raise UsageError(f'The convention "{convention}" takes {" and ".join(names)}: {wrong}.')
    if convention == "lesson":
        l1, l2 = (_check(name, settings[name], 0.0, math.inf) for name in names)
        total = _finite("l1 + l2", l1 + l2)
        return total, l1 / total if total else 0.0
    mix = 0.0 if found.mix is None else _check(found.mix, settings[found.mix], 0.0, 1.0)
    return _main(found, settings[found.strength]), mix


def _main(found: _Convention, value: float) -> float:
    """The main parameter as something that grows with the penalty."""
    if not found.inverted:
        return _check(found.strength, value, 0.0, math.inf)
    return _finite(f"1 / {found.strength}", 1.0 / _positive(found.strength, value))


def _check(name: str, value: object, low: float, high: float) -> float:
    if not isinstance(value, Real):
        raise UsageError(f"{name} must be a number, not {value!r}.")
    number = float(value)
    if not (low <= number <= high and math.isfinite(number)):
        bounds = f"between {low:g} and {high:g}" if math.isfinite(high) else "finite and not negative"
        raise UsageError(f"{name} must be {bounds}, not {number:g}.")
    return number


def _positive(name: str, value: float) -> float:
    if _check(name, value, 0.0, math.inf) == 0.0:
        raise UsageError(f"{name} must be positive, not 0.")
    return float(value)


def _finite(name: str, value: float) -> float:
    if not math.isfinite(value):
        raise UsageError(f"{name} is too large for a number in these units.")
    return value
