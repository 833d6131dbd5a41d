"""What people see of a model: the report and its figures, the console's text, the command line's JSON."""

from .page import report
from .record import to_json
from .summarizing import Summary, summary
from .terminal import console

__all__ = ["Summary", "console", "report", "summary", "to_json"]
