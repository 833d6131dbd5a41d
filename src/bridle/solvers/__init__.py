"""Solvers: problems in, coefficients out. They know atoms of rows and unions of them, not folds.

``prepare`` reads the data once and gives an engine; the engine answers with gradients, spectra and whole paths.
"""

from .auto import choose, prepare
from .plan import Engine, Plan, Rows, Solution, Split
from .refine import refined

__all__ = ["Engine", "Plan", "Rows", "Solution", "Split", "choose", "prepare", "refined"]
