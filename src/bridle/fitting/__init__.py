"""From a table to a model: reading in, planning, choosing, certifying, remarking."""

from .orchestrating import fit, path, verify

__all__ = ["fit", "path", "verify"]
