"""What there is to look at, said without reading or computing anything: the server must open its port at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class About:
    """What can be said of a data set without reading it."""

    title: str
    about: str
    n_rows: int
    names: tuple[str, ...]
    target: str


def _numbered(p: int) -> tuple[str, ...]:
    return tuple(f"x{j + 1}" for j in range(p))


ABOUT = {
    "diabetes": About(
        "Diabetes",
        "442 patients: age, sex, body-mass index, blood pressure and six blood values, and how far their diabetes was a "
        "year later (Efron, Hastie, Johnstone, Tibshirani 2004).",
        442,
        ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"),
        "progression",
    ),
    "wide100": About(
        "A hundred columns, ten real",
        "Made for this lesson: 200 rows and 100 independent columns; x1 to x10 make the target, together with noise, "
        "the other 90 have nothing to do with it.",
        200,
        _numbered(100),
        "y",
    ),
    "pair": About(
        "Two correlated columns",
        "Made for this lesson: 40 rows and two columns with a correlation of exactly 0.6; least squares gives exactly "
        "1.2 and -0.2.",
        40,
        _numbered(2),
        "y",
    ),
    "overfit": About(
        "Nine powers of one number",
        "Made for this lesson: 30 points of a sine wave with noise, and the powers x to x^9: enough freedom to follow "
        "the noise.",
        30,
        ("x", *(f"x^{k}" for k in range(2, 10))),
        "y",
    ),
}


def catalog(version: str) -> dict[str, Any]:
    """What there is to look at, without reading any of it."""
    return {
        "version": version,
        "datasets": [
            {
                "id": id,
                "title": about.title,
                "about": about.about,
                "n_rows": about.n_rows,
                "p": len(about.names),
                "target": about.target,
                "names": list(about.names),
            }
            for id, about in ABOUT.items()
        ],
    }


__all__ = ["ABOUT", "About", "catalog"]
