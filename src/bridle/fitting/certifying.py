"""Certificates of the chosen fits, and the exact finish where one falls short."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from .._numerics import thread_count
from ..certificate import GAP_TOLERANCE, Certificate
from ..families import SQUARED
from ..paths import Path, certify_path, finished, ill_conditioned
from ..selection import Choice
from ..solvers import Engine, Plan, Rows
from ..solvers.plan import Null
from ..table import Schema
from .remarks import label


def certificates_of(
    rows: Rows, engine: Engine, plan: Plan, of: Path, which: list[int], threads: int
) -> list[Certificate]:
    """From the rows, for the named fits of a path."""
    filled = replace(rows, design=rows.design.fill(of.fills))
    return certify_path(
        filled, plan, of, which, threads, lambda columns: engine.gram(columns, plan.fit_intercept)
    )


def certified(
    rows: Rows,
    engine: Engine,
    null: Null,
    plan: Plan,
    path: Path,
    choices: Mapping[str, Choice],
    threads: int | None,
) -> tuple[Path, dict[str, Certificate]]:
    """Certificates at the chosen alphas; where one falls short, the fit is solved once more from the rows."""
    which = sorted({choice.index for choice in choices.values()})
    found = dict(zip(which, certificates_of(rows, engine, plan, path, which, thread_count(threads))))
    if rows.family != SQUARED:  # Newton's steps end at the rows' own gradient: there is nothing to finish
        return path, {rule: found[choice.index] for rule, choice in choices.items()}
    delicate = ill_conditioned(engine, null, plan)
    short = [k for k in which if not found[k].certified or path.alphas[k] == 0 or delicate]
    if short:
        filled = replace(rows, design=rows.design.fill(path.fills))
        better = finished(path, filled, null, plan.penalty, plan.fit_intercept, short)
        again = dict(zip(short, certificates_of(rows, engine, plan, better, short, thread_count(threads))))
        if all(again[k].relative_gap <= max(found[k].relative_gap, GAP_TOLERANCE) for k in short):
            path = better
            found.update(again)
    return path, {rule: found[choice.index] for rule, choice in choices.items()}


def named(certificate: Certificate, schema: Schema) -> Certificate:
    at = certificate.kkt_column
    return certificate if at is None else replace(certificate, kkt_variable=label(schema, at))
