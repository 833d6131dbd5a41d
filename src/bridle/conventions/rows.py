"""The table of conventions: what each package minimizes, and what makes its penalty bridle's.

A row has the names of the parameters and two divisors: the factor of sum |b| and twice that of sum b^2, divided by
them, are bridle's l1 and l2. A divisor is a function of what is known of the data and asks for what it needs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from ..errors import UsageError
from .strength import MissingQuantity, positive


@dataclass(frozen=True)
class Data:
    """What is known of the data that a strength stands beside."""

    convention: str
    rows: float | None = None
    weight_sum: float | None = None
    target_sd: float | None = None
    factor_mean: float | None = None

    def total(self) -> float:
        """The sum of the weights; without weights, the number of rows."""
        if self.weight_sum is not None:
            return positive("weight_sum", self.weight_sum)
        why = " (or weight_sum, where there are weights): its penalty stands beside a sum over the rows, not a mean."
        return positive("rows", self._have("rows", self.rows, why))

    def mean_weight(self) -> float:
        """The mean of the weights; 1 without weights."""
        if self.weight_sum is None:
            return 1.0
        why = " beside weight_sum: it divides the weighted loss by the number of rows."
        return positive("weight_sum", self.weight_sum) / positive("rows", self._have("rows", self.rows, why))

    def factors(self) -> float:
        """The mean of the penalty factors."""
        return 1.0 if self.factor_mean is None else positive("factor_mean", self.factor_mean)

    def sd(self) -> float:
        """The population standard deviation of the target."""
        why = ", the population standard deviation of the target: what is asked for depends on the target's scale."
        return positive("target_sd", self._have("target_sd", self.target_sd, why))

    def sample_sd(self) -> float:
        """The standard deviation of the target with the divisor n - 1."""
        if self.weight_sum is not None:
            raise UsageError(
                f'The convention "{self.convention}" cannot be converted with weights: its standard deviation of '
                'the target then depends on the sum of the squared weights. Use solver="normal" in Spark.'
            )
        why = ": it divides the target by its sample standard deviation, whose divisor is rows - 1."
        n = positive("rows", self._have("rows", self.rows, why))
        if n <= 1:
            raise UsageError("rows must be at least 2: one row has no sample standard deviation.")
        return self.sd() * math.sqrt(n / (n - 1))

    def _have(self, name: str, value: float | None, why: str) -> float:
        if value is None:
            raise MissingQuantity(self.convention, name, why)
        return value


Divisor = Callable[[Data], float]


def _constant(value: float) -> Divisor:
    return lambda data: value


def _glmnet_l2(data: Data) -> float:
    return data.sd() * data.factors()


@dataclass(frozen=True)
class Convention:
    """One row of the table.

    ``columns`` says what the package does to the columns before it penalizes them, ``code`` is a call with the
    parameters in braces that leaves the columns as they are (``lasso`` where there is no ridge part), ``needs`` what a
    conversion has to know of unweighted data.
    """

    objective: str
    strength: str
    mix: str | None  # None: a ridge, nothing to mix
    l1: Divisor | None
    l2: Divisor
    code: str
    columns: str = "penalizes the columns as they are"
    lasso: str | None = None
    needs: tuple[str, ...] = ()
    families: tuple[str, ...] | None = ("squared",)  # None: any
    inverted: bool = False  # the parameter is one over the strength
    parts: bool = False  # the two parts are the parameters
    ridge: bool = True  # whether the package fits a penalty without an L1 part
    for_grids: bool = True  # a fit's own target_sd is the one that the convention divides by
    seen_in: str = ""  # what the row was verified against

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the parameters over there."""
        if self.parts:
            return ("l1", "l2")
        return (self.strength,) if self.mix is None else (self.strength, self.mix)


_ONE = _constant(1.0)
_GLM = ("squared", "poisson", "gamma", "tweedie")
_LIVE = "runs in the tests"
_DECAY = 'torch.optim.{}([{{{{"params": [w], "weight_decay": {{weight_decay!r}}}}}}, {{{{"params": [b]}}}}], lr=lr)'
_DECAYS = "decays every parameter that it is given, the intercept too unless that has a group of its own"
_SCALES = "divides the columns by their population standard deviations, about the mean, unless {} = FALSE"
_SPARK = (
    "LinearRegression(regParam={{regParam!r}}, elasticNetParam={{elasticNetParam!r}}, standardization=False, "
    'solver="{}")'
)
_GLMNET = "glmnet(x, y, family = {family}, lambda = {lambda!r}, alpha = {alpha!r}, standardize = FALSE)"

ROWS: dict[str, Convention] = {
    "bridle": Convention(
        "mean (y - f)^2 / 2 + alpha (l1_ratio sum |b| + (1 - l1_ratio)/2 sum b^2)",
        "alpha", "l1_ratio", _ONE, _ONE,
        'bridle.fit(table, target="y", alphas=[{alpha!r}], l1_ratios=[{l1_ratio!r}], standardize=False)',
        columns="divides the columns and the target by their standard deviations unless standardize=False",
        families=None, seen_in="itself",
    ),
    "lesson": Convention(
        "mean (y - f)^2 + l1 sum |w| + l2 sum w^2", "lambda", "mix", _constant(2.0), _ONE,
        "loss = ((y - b - x @ w) ** 2).mean() + {l1!r} * abs(w).sum() + {l2!r} * (w**2).sum()",
        parts=True, seen_in="proximal gradient steps",
    ),
    "lesson-mix": Convention(
        "mean (y - f)^2 + lambda (mix sum |w| + (1 - mix) sum w^2)", "lambda", "mix", _constant(2.0), _ONE,
        "loss = ((y - b - x @ w) ** 2).mean() + {lambda!r} * ({mix!r} * abs(w).sum() + (1 - {mix!r}) * (w**2).sum())",
        seen_in="proximal gradient steps",
    ),
    "sklearn": Convention(
        "scikit-learn's Lasso, ElasticNet and GLM regressors: the same alpha and l1_ratio",
        "alpha", "l1_ratio", _ONE, _ONE, "ElasticNet(alpha={alpha!r}, l1_ratio={l1_ratio!r})",
        lasso="Lasso(alpha={alpha!r})", families=_GLM, seen_in=_LIVE,
    ),
    "sklearn-ridge": Convention(
        "scikit-learn's Ridge: sum (y - f)^2 + alpha sum w^2", "alpha", None, None, Data.total,
        "Ridge(alpha={alpha!r})", needs=("rows",), seen_in=_LIVE,
    ),
    "sklearn-sgd": Convention(
        "scikit-learn's SGDRegressor: mean (y - f)^2 / 2 + alpha (l1_ratio sum |w| + (1 - l1_ratio)/2 sum w^2)",
        "alpha", "l1_ratio", Data.mean_weight, Data.mean_weight,
        'SGDRegressor(penalty="elasticnet", alpha={alpha!r}, l1_ratio={l1_ratio!r})',
        seen_in=_LIVE,
    ),
    "sklearn-logistic": Convention(
        "scikit-learn's LogisticRegression: C sum loss + l1_ratio sum |w| + (1 - l1_ratio)/2 sum w^2",
        "C", "l1_ratio", Data.total, Data.total,
        'LogisticRegression(C={C!r}, l1_ratio={l1_ratio!r}, solver="saga")',
        needs=("rows",), families=("binomial",), inverted=True, seen_in=_LIVE,
    ),
    "celer": Convention(
        "celer's Lasso and ElasticNet: the same alpha and l1_ratio", "alpha", "l1_ratio", _ONE, _ONE,
        "celer.ElasticNet(alpha={alpha!r}, l1_ratio={l1_ratio!r})", lasso="celer.Lasso(alpha={alpha!r})",
        ridge=False, seen_in="celer 0.7.4",
    ),
    "skglm": Convention(
        "skglm's Lasso and ElasticNet: the same alpha and l1_ratio", "alpha", "l1_ratio", _ONE, _ONE,
        "skglm.ElasticNet(alpha={alpha!r}, l1_ratio={l1_ratio!r})", lasso="skglm.Lasso(alpha={alpha!r})",
        seen_in="skglm 0.5",
    ),
    "statsmodels": Convention(
        "statsmodels' OLS.fit_regularized: RSS/(2n) + alpha (L1_wt sum |b| + (1 - L1_wt)/2 sum b^2)",
        "alpha", "L1_wt", _ONE, _ONE,
        "sm.OLS(y, sm.add_constant(x)).fit_regularized(alpha=np.r_[0, np.full(x.shape[1], {alpha!r})], L1_wt={L1_wt!r})",
        columns="penalizes the columns as they are, a constant column too unless alpha is an array with 0 in its place",
        seen_in=_LIVE,
    ),
    "glmnet": Convention(
        'glmnet, family = "gaussian": lambda (alpha sum |b| + (1 - alpha)/2 sum b^2 / sd(y))',
        "lambda", "alpha", Data.factors, _glmnet_l2, _GLMNET, columns=_SCALES.format("standardize"),
        needs=("target_sd",), seen_in="glmnet 4.1-6",
    ),
    "glmnet-glm": Convention(
        "glmnet, any other family, such as gaussian(): deviance/(2n) + lambda (alpha sum |b| + (1 - alpha)/2 sum b^2)",
        "lambda", "alpha", Data.factors, Data.factors, _GLMNET, columns=_SCALES.format("standardize"),
        families=None, seen_in="glmnet 4.1-6",
    ),
    "spark": Convention(
        "Spark's LinearRegression, solver normal: regParam (a sum |b| + (1 - a)/2 sum b^2 / sd(y)), a = elasticNetParam",
        "regParam", "elasticNetParam", _ONE, Data.sd, _SPARK.format("normal"),
        columns=_SCALES.format("standardization").replace("FALSE", "False"),
        needs=("target_sd",), for_grids=False, seen_in="Spark 4.3.0",
    ),
    "spark-lbfgs": Convention(
        "Spark's LinearRegression, solver l-bfgs: the same with the sample standard deviation of y",
        "regParam", "elasticNetParam", _ONE, Data.sample_sd, _SPARK.format("l-bfgs"),
        columns="divides the columns by their sample standard deviations unless standardization = False",
        needs=("rows", "target_sd"), for_grids=False, seen_in="Spark 4.3.0",
    ),
    "sgd-weight-decay": Convention(
        "w <- w (1 - lr weight_decay) - lr gradient of mean (y - f)^2 / 2",
        "weight_decay", None, None, _ONE, _DECAY.format("SGD") + "  # loss = torch.nn.MSELoss()(f, y) / 2",
        columns=_DECAYS, seen_in=_LIVE,
    ),
    "torch-mse-weight-decay": Convention(
        "w <- w (1 - lr weight_decay) - lr gradient of mean (y - f)^2",
        "weight_decay", None, None, _constant(2.0), _DECAY.format("SGD") + "  # loss = torch.nn.MSELoss()(f, y)",
        columns=_DECAYS, seen_in=_LIVE,
    ),
    "torch-adam-weight-decay": Convention(
        "torch.optim.Adam (not AdamW) where it comes to rest: mean (y - f)^2 + weight_decay/2 sum w^2",
        "weight_decay", None, None, _constant(2.0), _DECAY.format("Adam") + "  # loss = torch.nn.MSELoss()(f, y)",
        columns=_DECAYS, seen_in=_LIVE,
    ),
    "bridle-torch": Convention(
        "bridle.torch: mean loss + l1 sum |w| + l2/2 sum w^2, the loss half the squared error or the log loss",
        "lambda", "mix", _ONE, _ONE,
        "bt.Proximal(torch.optim.Adam(bt.decay_groups(model, l1={l1!r}, l2={l2!r}), lr=lr))"
        "  # import bridle.torch as bt",
        families=("squared", "binomial"), parts=True, seen_in=_LIVE,
    ),
}  # fmt: skip

REFUSED = {
    "adamw": (
        "AdamW shrinks the weights beside the adaptive step, so where it comes to rest minimizes no objective, "
        "and no alpha corresponds to its weight_decay. Put the penalty into the loss instead, or wrap the optimizer in "
        "bridle.torch.Proximal with weight_decay=0 and l2."
    ),
    "sklearn-huber": (
        "HuberRegressor estimates a scale together with the coefficients, and its loss is measured in that scale: "
        "beside a squared error no alpha gives the same answer."
    ),
    "sklearn-liblinear": (
        'LogisticRegression with solver="liblinear" penalizes the intercept too, which bridle never does. Any other '
        'solver has the objective of "sklearn-logistic".'
    ),
}


def find(convention: str) -> Convention:
    """A row of the table by its name.

    >>> find("statsmodels").parameters
    ('alpha', 'L1_wt')
    """
    if convention in REFUSED:
        raise UsageError(f'The convention "{convention}" cannot be converted. {REFUSED[convention]}')
    found = ROWS.get(convention)
    if found is None:
        raise UsageError(f"There is no convention {convention!r}; there are {', '.join(ROWS)}.")
    return found
