"""The JSON of a comparison, in a schema with a version."""

from __future__ import annotations

from typing import Any

from ..reporting.record import plain
from .pairing import Difference
from .result import Comparison, Row
from .saying import family, headline, kept_variables, measure

SCHEMA = "bridle.compare/1"
_MEAN_SQUARES = ("mean_squared", "standard_error", "rmse", "rmse_standard_error")


def comparison_to_json(comparison: Comparison) -> dict[str, Any]:
    """Turn a comparison into plain JSON types, under the schema "bridle.compare/1".

    Errors are mean squared errors in the target's units squared; "rmse" is their root. Of another family than squared
    error both are null and "deviance" holds the mean unit deviance, whose units "null_error", "fold_errors" and the ends of
    a difference then have; "score_names" says what was taken. "scores" of two classes are AUC and log-loss, null elsewhere.
    A number that JSON cannot hold (NaN, infinite) is null. Within one version of the schema keys are only added.

    >>> import numpy as np
    >>> from bridle.comparing import compare
    >>> x = np.random.default_rng(0).normal(size=(80, 3))
    >>> y = 3 * x[:, 0] + np.random.default_rng(1).normal(size=80)
    >>> found = compare(x, y, networks=False)
    >>> record = comparison_to_json(found)
    >>> record["schema"], len(record["methods"])
    ('bridle.compare/1', 5)
    """
    of = comparison
    record = {
        "schema": SCHEMA,
        "target": of.target_name,
        "n_rows": of.n_rows,
        "family": of.family,
        "link": family(of).link,
        "classes": list(of.classes) or None,
        "offset": of.has_offset,
        "score_names": {
            "error": measure(of).name,
            "explained": f"share of {measure(of).explained} explained",
        },
        "n_variables": of.n_variables,
        "recommended": {
            "name": of.recommended.name,
            "title": of.recommended.title,
            "headline": headline(of),
            "reason": of.reason,
        },
        "methods": [_method(of, row) for row in of.rows],
        "differences": [_difference(of, found) for found in of.differences],
        "folds": {
            "text": of.fold_text,
            "n_folds": of.n_folds,
            "chosen": of.nested_text,
            "rule": of.rule,
            "test_weights": of.splits.test,
            "train_weights": of.splits.train,
        },
        "null_error": of.recommended.null_error,
        "reading_seconds": of.reading_seconds,
        "notes": [
            {"kind": n.kind, "variable": n.variable, "text": n.text, "warning": n.warning} for n in of.notes
        ],
        "call": dict(of.call),
    }
    made: dict[str, Any] = plain(record)
    return made


def _method(of: Comparison, row: Row) -> dict[str, Any]:
    certificate, squared = row.certificate, measure(of).squared
    deviance, unknown = ("deviance", "deviance_standard_error"), dict.fromkeys(_MEAN_SQUARES)
    means = dict(zip(_MEAN_SQUARES, (row.error, row.standard_error, row.rmse, row.size_error)))
    return {
        "name": row.name,
        "title": row.title,
        "kind": row.kind,
        "possible": row.possible,
        "note": row.note,
        "error": {
            **(means if squared else unknown),
            **dict(zip(deviance, (None, None) if squared else (row.error, row.standard_error))),
            "explained": row.explained,
        },
        "scores": dict(row.scores) or None,
        "fold_errors": row.fold_errors,
        "n_variables": row.n_variables,
        "n_columns": row.n_columns,
        "kept": kept_variables(of.schema, row.effects),
        "alpha": row.alpha,
        "l1_ratio": row.l1_ratio,
        "fold_choices": [{"alpha": alpha, "l1_ratio": ratio} for alpha, ratio in row.fold_choices],
        "certificate": None
        if certificate is None
        else {"certified": certificate.certified, "sentence": certificate.sentence, **certificate.to_dict()},
        "seconds": row.seconds,
    }


def _difference(of: Comparison, found: Difference) -> dict[str, Any]:
    squared = measure(of).squared
    return {
        "name": found.name,
        "against": found.against,
        "mean_squared": found.mean if squared else None,
        "deviance": None if squared else found.mean,
        "standard_error": found.standard_error,
        "low": found.low,
        "high": found.high,
        "degrees_of_freedom": found.degrees_of_freedom,
        "verdict": found.verdict,
    }
