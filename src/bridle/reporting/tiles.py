"""The four numbers at the top of the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import words
from .formatting import number, percent
from .summarizing import Summary

if TYPE_CHECKING:
    from ..model import Model

UNKNOWN = "–"


def tiles(model: Model, summary: Summary) -> list[dict[str, str]]:
    """Name, number and note of each."""
    return [
        *(_error_tiles(model, summary) if summary.estimated else _training_tiles(summary)),
        {
            "name": "Variables kept",
            "value": f"{len(summary.kept):,} of {summary.n_offered:,}",
            "note": f"{summary.method}, alpha {number(model.selection.chosen.alpha)}",
        },
        _proof_tile(model, summary),
    ]


def _proof_tile(model: Model, summary: Summary) -> dict[str, str]:
    """Of a relaxed lasso the worse of its two certificates."""
    proofs = [c for c in (model.certificate, model.refit_certificate) if c is not None]
    both = ", of the penalized fit and the refit" if len(proofs) > 1 else ""
    if not model.certificate.convex:
        worst = max(max(c.kkt_violation, c.block_gradient) for c in proofs)
        return {
            "name": "Stationary" if summary.certified else "Not stationary",
            "value": _small(worst),
            "note": f"largest violation of the optimality conditions{both}; the loss is not convex",
        }
    return {
        "name": "Certified" if summary.certified else "Not certified",
        "value": _small(max(float(c.relative_gap) for c in proofs)),
        "note": f"relative distance from the exact optimum, at most{both}",
    }


def _small(value: float) -> str:
    return "< 10⁻¹⁵" if value < 1e-15 else number(value, 1)  # below, rounding is all there is


def _training_tiles(summary: Summary) -> list[dict[str, str]]:
    errors = {row.key: number(row.size) for row in summary.errors}
    without = f"{_alone(summary.constant)}: {errors['null']}" if "null" in errors else "on the training rows"
    squared = summary.scale.squared
    return [
        {
            "name": "Training error" if squared else "Training deviance",
            "value": errors["train"],
            "note": f"{'root mean square' if squared else 'mean of the rows'}; {without}",
        },
        {"name": "Error on new rows", "value": UNKNOWN, "note": "not estimated: the strength was given"},
    ]


def _alone(constant: str) -> str:
    return "the mean alone" if constant == "the mean" else f"always {constant}"


def _error_tiles(model: Model, summary: Summary) -> list[dict[str, str]]:
    error, null_error = words.honest_errors(model.selection)
    share, scale = words.explained(error, null_error), summary.scale
    against = f"{_alone(summary.constant)}: {number(scale.value(null_error))}"
    return [
        {
            "name": "Typical error" if scale.squared else "Mean deviance",
            "value": number(scale.value(error)),
            "note": f"root mean square, new rows; {against}" if scale.squared else f"new rows; {against}",
        },
        {
            "name": f"{scale.explained.capitalize()} explained",
            "value": percent(max(share, 0.0)) if share > -0.005 else percent(share),
            "note": "of the target, on new rows",
        },
    ]


__all__ = ["UNKNOWN", "tiles"]
