"""Where the families written out in mpmath are found."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
if str(HERE) not in sys.path:  # the tests share exact_families.py
    sys.path.insert(0, str(HERE))
