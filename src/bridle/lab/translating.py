"""The strengths of a path in the parameters of every package that fits the same family; the columns standardized."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..conventions import CONVENTIONS, Strength, code, find, from_bridle
from ..errors import UsageError
from ..families import SQUARED, Family, family_named
from ..model import Model

_BINOMIAL = "sklearn-logistic"  # a convention whose only family is binomial: calls are written for that


def scales(model: Model, weight_sum: float | None) -> list[dict[str, Any]]:
    """Each convention that has a family's strengths: its objective, its parameters, and their values along the path."""
    family, path = family_named(model.family), model.path
    known = {"rows": float(model.n_rows), "weight_sum": weight_sum, "target_sd": model.target_sd}
    strengths = [Strength(float(alpha), path.l1_ratio) for alpha in path.alphas]
    if family == SQUARED:  # of other families the target is never scaled
        strengths = [strength.on_raw_target(model.target_sd) for strength in strengths]
    out: list[dict[str, Any]] = []
    for name in CONVENTIONS:
        if name == "bridle" or not _takes(name, family, path.l1_ratio):
            continue
        try:
            said = [from_bridle(name, strength, **known) for strength in strengths]
            line = _code(name, family, said[model.selection.chosen.index])
        except UsageError:
            continue
        row = find(name)
        out.append(
            {
                "name": name,
                "objective": row.objective,
                "columns": row.columns,
                "parameters": list(said[0]),
                "values": np.array([list(one.values()) for one in said]),
                "code": line or "",
            }
        )
    return out


def _takes(convention: str, family: Family, l1_ratio: float) -> bool:
    """Whether the package fits this family: its own loss, with this link and this mix."""
    families = find(convention).families
    if families is None:  # glmnet: any of R's families, Huber's is none
        return family.name != "huber"
    if family.name not in families or (family.classes and family.link != "logit"):
        return False
    # scikit-learn's estimators of counts and amounts have no L1 part.
    return convention != "sklearn" or family == SQUARED or l1_ratio == 0


def _code(convention: str, family: Family, parameters: dict[str, float]) -> str | None:
    """A call of the package; None where its table of calls has none of this family."""
    if family == SQUARED:
        return code(convention, parameters)
    return code(convention, parameters, source=_BINOMIAL) if family.text == "binomial" else None


__all__ = ["scales"]
