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
intercept), but for Spark's: see ``to_bridle``.

``strength`` holds the pair, ``rows`` the table of packages, ``converting`` the conversions.
"""

from .converting import (
    CONVENTIONS,
    SCALES,
    code,
    convert,
    from_bridle,
    grid_in,
    objective,
    shared_families,
    to_bridle,
)
from .rows import REFUSED, Convention, find
from .strength import MissingQuantity, Strength

__all__ = [
    "CONVENTIONS",
    "REFUSED",
    "SCALES",
    "Convention",
    "MissingQuantity",
    "Strength",
    "code",
    "convert",
    "find",
    "from_bridle",
    "grid_in",
    "objective",
    "shared_families",
    "to_bridle",
]
