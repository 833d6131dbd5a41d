"""Conversions by the table of conventions: single strengths, both ways, and grids of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from ..errors import UsageError
from .rows import ROWS, Convention, Data, find
from .strength import Strength, check, finite, from_parts, positive

CONVENTIONS = tuple(ROWS)
SCALES = tuple(
    name for name, row in ROWS.items() if row.for_grids and "squared" in (row.families or ("squared",))
)


def objective(convention: str) -> str:
    """A convention's objective in one line, in its own letters.

    >>> objective("lesson")
    'mean (y - f)^2 + l1 sum |w| + l2 sum w^2'
    """
    return find(convention).objective


def to_bridle(
    convention: str,
    settings: Mapping[str, float],
    *,
    rows: float | None = None,
    weight_sum: float | None = None,
    target_sd: float | None = None,
    factor_mean: float | None = None,
) -> Strength:
    """The strength in bridle's objective, unscaled, of another convention's parameters.

    Parameters
    ----------
    convention : one of ``CONVENTIONS``.
    settings : the parameters by their names over there:

        =======================  =========================  ===============
        convention               parameters                 needs
        =======================  =========================  ===============
        bridle, sklearn, celer   alpha, l1_ratio
        skglm, sklearn-sgd       alpha, l1_ratio
        lesson                   l1, l2 (0 where left out)
        lesson-mix               lambda, mix
        sklearn-ridge            alpha                      rows
        sklearn-logistic         C, l1_ratio                rows
        statsmodels              alpha, L1_wt
        glmnet                   lambda, alpha              target_sd
        glmnet-glm               lambda, alpha
        spark                    regParam, elasticNetParam  target_sd
        spark-lbfgs              regParam, elasticNetParam  rows, target_sd
        sgd-weight-decay         weight_decay
        torch-mse-weight-decay   weight_decay
        torch-adam-weight-decay  weight_decay
        bridle-torch             l1, l2 (0 where left out)
        =======================  =========================  ===============

    rows : the number of rows.
    weight_sum : the sum of the weights, where there are any; it takes the place of ``rows``, but for sklearn-sgd, whose
        weighted loss is divided by the number of rows and which needs both.
    target_sd : population standard deviation of the target, in the target's units (weighted). For a fit without an
        intercept glmnet takes the root mean square in its place, Spark does not.
    factor_mean : the mean of glmnet's ``penalty.factor`` (an infinite one counts as 1) where they are not all 1: glmnet
        divides them by it, bridle takes penalty factors as they are.

    Raises
    ------
    MissingQuantity : something that the conversion needs, named.
    UsageError : an unknown convention, a parameter that is missing, unknown or out of range, or a convention that
        cannot be converted (``REFUSED``).

    Notes
    -----
    glmnet: the row holds for the string ``family = "gaussian"``; every other family, the object ``gaussian()``
    included, is "glmnet-glm". mgaussian's L1 part is the norm of a coefficient's row over the responses. statsmodels:
    ``method="elastic_net"`` with ``profile_scale=False``; a number as alpha penalizes the constant column too, and a
    coefficient that was 0 once is never tried again, so that a fit may stop short of the minimum (give
    ``start_params=fit.params`` until nothing changes). Spark: solver "auto" is "normal" up to 4096 columns.

    Examples
    --------
    >>> to_bridle("sklearn-ridge", {"alpha": 221.0}, rows=442)
    Strength(alpha=0.5, l1_ratio=0.0)
    >>> to_bridle("lesson", {"l1": 0.5, "l2": 0.75})
    Strength(alpha=1.0, l1_ratio=0.25)
    """
    found = find(convention)
    main, mix = _main_and_mix(convention, found, settings)
    data = Data(convention, rows, weight_sum, target_sd, factor_mean)
    return from_parts(main, mix, *_divisors(found, mix, data))


def from_bridle(
    convention: str,
    strength: Strength,
    *,
    rows: float | None = None,
    weight_sum: float | None = None,
    target_sd: float | None = None,
    factor_mean: float | None = None,
) -> dict[str, float]:
    """The parameters, by their names over there, of a strength in bridle's unscaled objective.

    The inverse of ``to_bridle``, with the same parameters, needs and errors; a convention that has no L1 part
    takes only ``l1_ratio == 0``.

    >>> from_bridle("sklearn-ridge", Strength(0.5, 0.0), rows=442)
    {'alpha': 221.0}
    >>> from_bridle("lesson", Strength(1.0, 0.25))
    {'l1': 0.5, 'l2': 0.75}
    """
    found = find(convention)
    if found.mix is None and strength.l1_ratio != 0.0:
        raise UsageError(
            f'The convention "{convention}" has no L1 part: l1_ratio must be 0, but it is {strength.l1_ratio:g}.'
        )
    if not found.ridge and strength.l1_ratio == 0.0:
        raise UsageError(f'The package of "{convention}" fits no ridge: l1_ratio must be above 0.')
    data = Data(convention, rows, weight_sum, target_sd, factor_mean)
    divisors = _divisors(found, strength.l1_ratio, data)
    back = from_parts(strength.alpha, strength.l1_ratio, *divisors, inverse=True)
    if found.parts:
        return {"l1": back.l1, "l2": back.l2}
    main = back.alpha
    if found.inverted:
        if main == 0.0:
            raise UsageError(f"No penalty at all means an infinite {found.strength}.")
        main = finite(found.strength, 1.0 / main)
    return {found.strength: main} if found.mix is None else {found.strength: main, found.mix: back.l1_ratio}


def convert(
    source: str,
    target: str,
    settings: Mapping[str, float],
    *,
    rows: float | None = None,
    weight_sum: float | None = None,
    target_sd: float | None = None,
    factor_mean: float | None = None,
) -> dict[str, float]:
    """The parameters in one convention that mean what ``settings`` mean in another, for the same data.

    It goes through bridle's objective; parameters, needs and errors are those of ``to_bridle``. Both fits have to see
    the same columns: what a package does to them before it penalizes them is no part of a strength.

    Raises
    ------
    UsageError : as ``to_bridle``; also where the two stand beside losses of different families.

    Examples
    --------
    >>> convert("sklearn-ridge", "glmnet", {"alpha": 1.0}, rows=442, target_sd=77.0)
    {'lambda': 0.1742081447963801, 'alpha': 0.0}
    >>> convert("lesson", "statsmodels", {"l1": 1.0})
    {'alpha': 0.5, 'L1_wt': 1.0}
    """
    shared_families(source, target)
    known = {"rows": rows, "weight_sum": weight_sum, "target_sd": target_sd, "factor_mean": factor_mean}
    return from_bridle(target, to_bridle(source, settings, **known), **known)


def shared_families(source: str, target: str) -> tuple[str, ...] | None:
    """The families of loss that two conventions have in common; None where both take any.

    >>> shared_families("sklearn-logistic", "glmnet-glm")
    ('binomial',)
    """
    one, other = find(source).families, find(target).families
    if one is None or other is None:
        return other if one is None else one
    shared = tuple(family for family in one if family in other)
    if not shared:
        raise UsageError(
            f'The convention "{source}" stands beside a loss of family {" or ".join(one)}, "{target}" beside one of '
            f"{' or '.join(other)}: no strength of the one is a strength of the other."
        )
    return shared


def code(target: str, parameters: Mapping[str, float], *, source: str = "bridle") -> str | None:
    """A call of the package with these parameters that leaves the columns as they are; None where there is none.

    >>> code("sklearn", {"alpha": 0.5, "l1_ratio": 1.0})
    'Lasso(alpha=0.5)'
    >>> print(code("glmnet", {"lambda": 0.5, "alpha": 0.0}))
    glmnet(x, y, family = "gaussian", lambda = 0.5, alpha = 0.0, standardize = FALSE)
    """
    found = find(target)
    binomial = shared_families(source, target) == ("binomial",)
    if target == "bridle" and binomial:
        return None
    family = '"binomial"' if binomial else '"gaussian"' if target == "glmnet" else "gaussian()"
    lasso = found.lasso is not None and found.mix is not None and parameters[found.mix] == 1.0
    template = found.lasso if lasso and found.lasso is not None else found.code
    return template.format(**parameters, **({"family": family} if "{family}" in template else {}))


def grid_in(
    convention: str,
    alphas: Iterable[float],
    l1_ratio: float,
    *,
    rows: float | None = None,
    weight_sum: float | None = None,
    target_sd: float | None = None,
    factor_mean: float | None = None,
    scaled: bool = False,
    family: str = "squared",
) -> tuple[tuple[float, ...], float]:
    """Strengths that all have one mix, read in another convention and said in bridle's.

    Both numbers are the other convention's: ``alphas`` its main parameter (lambda, alpha, C, weight_decay)
    and ``l1_ratio`` its share of the L1 part (glmnet's alpha, the lesson's mix). One mix there is one mix
    here, whatever the strength, but it may be another one: the lesson's half is bridle's third.

    Parameters
    ----------
    convention : one of ``SCALES`` ("sklearn-logistic" for family "binomial").
    alphas : the strengths, in any order.
    l1_ratio : their mix; 0 for a convention that has no L1 part.
    rows, weight_sum, target_sd, factor_mean : as in ``to_bridle``, of all the data.
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
    UsageError : as ``to_bridle``; also Spark's conventions, whose standard deviations are not those of a fit (about the
        mean even without an intercept; of the sample with l-bfgs): convert such strengths first.

    Examples
    --------
    >>> grid_in("lesson", [0.1, 1.0], 1.0)
    ((0.05, 0.5), 1.0)
    >>> grid_in("glmnet", [77.0], 0.5, target_sd=77.0, scaled=True)
    ((1.0,), 0.5)
    """
    found = find(convention)
    if found.families is not None and family not in found.families:
        named = " or ".join(f'"{name}"' for name in found.families)
        raise UsageError(f'The convention "{convention}" is for family {named}, not "{family}".')
    if not found.for_grids:
        raise UsageError(
            f'The convention "{convention}" divides by standard deviations that are not those of a fit. Convert the '
            "strengths first, with bridle.conventions.convert or bridle convert."
        )
    check("l1_ratio", l1_ratio, 0.0, 1.0)
    if found.mix is None and l1_ratio != 0.0:
        raise UsageError(f'The convention "{convention}" has no L1 part: give l1_ratio 0, nothing else.')
    data = Data(convention, rows, weight_sum, target_sd, factor_mean)
    d1, d2 = _divisors(found, l1_ratio, data)
    if scaled and convention != "bridle" and l1_ratio > 0.0:
        d1 *= data.sd()
    mix = from_parts(1.0, l1_ratio, d1, d2).l1_ratio
    mains = [_main(found, value) for value in alphas]
    return tuple(from_parts(main, l1_ratio, d1, d2).alpha for main in mains), mix


def _divisors(found: Convention, mix: float, data: Data) -> tuple[float, float]:
    """The two divisors; one that meets a part of size zero is 1, so that nothing is asked for in vain."""
    l1 = found.l1(data) if mix > 0.0 and found.l1 is not None else 1.0
    return l1, found.l2(data) if mix < 1.0 else 1.0


def _main_and_mix(convention: str, found: Convention, settings: Mapping[str, float]) -> tuple[float, float]:
    names = found.parameters
    if found.parts and settings:
        settings = {"l1": 0.0, "l2": 0.0, **settings}
    missing = [name for name in names if name not in settings]
    unknown = [name for name in settings if name not in names]
    if missing or unknown:
        wrong = f"{missing[0]} is missing" if missing else f"{unknown[0]!r} is not one of them"
        raise UsageError(f'The convention "{convention}" takes {" and ".join(names)}: {wrong}.')
    if found.parts:
        l1, l2 = (check(name, settings[name], 0.0, math.inf) for name in names)
        total = finite("l1 + l2", l1 + l2)
        return total, l1 / total if total else 0.0
    mix = 0.0 if found.mix is None else check(found.mix, settings[found.mix], 0.0, 1.0)
    return _main(found, settings[found.strength]), mix


def _main(found: Convention, value: float) -> float:
    """The main parameter as something that grows with the penalty."""
    if not found.inverted:
        return check(found.strength, value, 0.0, math.inf)
    return finite(f"1 / {found.strength}", 1.0 / positive(found.strength, value))
