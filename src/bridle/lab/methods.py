"""The lesson "yours-methods": ``bridle.compare`` on the rows to learn from."""

from __future__ import annotations

import warnings

from ..comparing import compare
from ..errors import NotCertifiedWarning
from ..families import SQUARED
from .asking import Asked, about
from .keys import Key
from .tables import Tables
from .work import Lesson, Progress


def lesson(key: Key, progress: Progress, tables: Tables) -> Lesson:
    """Every method with its error, and the one to take."""
    asked, networks = Asked(key, progress, tables), bool(key.values["networks"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotCertifiedWarning)
        found = compare(
            asked.learn,
            family=asked.given,
            networks=networks,
            rule=asked.rule,
            seed=asked.seed,
            progress=progress,
            **asked.arguments,
        )
    squared = asked.family == SQUARED
    rows = []
    for row in found.rows:
        difference = found.difference(row.name)
        rows.append(
            {
                "name": row.name,
                "title": row.title,
                "rmse": row.rmse,
                "error": row.error,
                "scores": dict(row.scores),
                "se": row.standard_error,
                "explained": row.explained,
                "kept": row.n_variables,
                "alpha": row.alpha,
                "l1_ratio": row.l1_ratio,
                "note": row.note,
                "verdict": "" if difference is None else difference.verdict,
                "certified": row.certified,
            }
        )
    rule = "" if asked.rule == "min" else f"rule={asked.rule!r}, "
    call = f"found = bridle.compare({{data}}, {{roles}}networks={networks}, {rule}seed={asked.seed})"
    shown = "rmse" if squared else "error"
    return {
        **about(key, tables, asked.table, asked.arguments),
        "names": [],
        "squared": squared,
        "rows": rows,
        "recommended": found.recommended.name,
        "reason": found.reason,
        "fold_text": found.fold_text,
        "nested_text": found.nested_text,
        "n_variables": found.n_variables,
        "python": asked.python(
            call, (f"print([(row.title, row.{shown}) for row in found.rows], found.reason)",)
        ),
    }


__all__ = ["lesson"]
