"""The certificate in words: what was checked, how closely it holds, and what each number means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .formatting import clean, number, short

if TYPE_CHECKING:
    from ..certificate import Certificate
    from ..model import Model

SOURCES = {
    "rows": "recomputed from the rows of the table",
    "moments": "recomputed from the table's sums of squares and products",
    "screening": "recomputed column by column, with bounds for the columns set aside",
    "solver": "reported by the solver, not recomputed",
}


def certificate_sentence(model: Model) -> str:
    """The certificate in plain English; of a relaxed lasso those of the penalized fit and of the refit."""
    refit = model.refit_certificate
    if refit is None:
        return clean(model.certificate.sentence)
    return (
        f"The penalized fit: {clean(model.certificate.sentence)} The unpenalized refit on its support: "
        f"{clean(refit.sentence)}"
    )


def certificate_rows(model: Model) -> tuple[tuple[str, str, str], ...]:
    """The numbers of the certificate: name, value, meaning; of a relaxed lasso those of the refit behind them."""
    found = _rows(model, model.certificate)
    refit = model.refit_certificate
    if refit is None:
        return found
    again = _rows(model, refit)
    return (
        *found,
        *((f"Refit: {name[0].lower()}{name[1:]}", value, meaning) for name, value, meaning in again),
    )


def _rows(model: Model, certificate: Certificate) -> tuple[tuple[str, str, str], ...]:
    """Where the loss is not convex there is no gap."""
    worst = "" if certificate.kkt_variable is None else f"; largest at {short(certificate.kkt_variable, 40)}"
    return (
        *(_gap(model, certificate) if certificate.convex else (_NO_GAP,)),
        (
            "Optimality violation",
            number(certificate.kkt_violation, 2),
            f"the largest violation of the optimality (KKT) conditions, without unit{worst}",
        ),
        (
            "Unpenalized gradient",
            number(certificate.block_gradient, 2),
            "what is left of the gradient of the intercept and of variables that are not penalized",
        ),
        *((_bound(model, certificate),) if certificate.convex else ()),
        ("Source", certificate.source, SOURCES.get(certificate.source, "where the numbers come from")),
    )


_NO_GAP = (
    "Gap",
    "none",
    "the loss is not convex, so that nothing bounds how much better another fit could be",
)


def _gap(model: Model, certificate: Certificate) -> tuple[tuple[str, str, str], ...]:
    squared = certificate.units == "target squared"
    units = (
        f"in the units of {short(model.target_name, 40)} squared"
        if squared
        else f"where a loss is {certificate.units}"
    )
    return (
        (
            "Relative gap",
            number(certificate.relative_gap, 2),
            "how far the objective can be from the best possible, as a share of the null model's loss",
        ),
        ("Gap", number(certificate.gap, 2), f"the same, {units}"),
        ("Tolerance", number(certificate.tolerance, 2), "what the relative gap must reach to be certified"),
    )


def _bound(model: Model, certificate: Certificate) -> tuple[str, str, str]:
    if certificate.coefficient_error is None:
        return ("Coefficient error", "not identified", "other coefficients can fit these rows just as well")
    unit = "standardized" if model.standardize else "original"
    return (
        "Coefficient error",
        f"≤ {number(certificate.coefficient_error, 2)}",
        f"how far the coefficients can be from the exact ones, in {unit} units; "
        f"they are {number(certificate.coefficient_norm, 2)} long",
    )
