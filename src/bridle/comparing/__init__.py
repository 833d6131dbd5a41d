"""``bridle.compare``: methods side by side on the same folds, judged by nested cross-validation.

``comparison_page``, ``comparison_console`` and ``comparison_to_json`` are functions of what it returns.
"""

from .page import comparison_page
from .pairing import Difference
from .record import comparison_to_json
from .result import Comparison, Row
from .side_by_side import compare
from .terminal import comparison_console

__all__ = [
    "Comparison",
    "Difference",
    "Row",
    "compare",
    "comparison_console",
    "comparison_page",
    "comparison_to_json",
]
