"""The frozen model, and the file that it is kept in."""

from .frozen import Coefficient, CorrelatedGroup, Model, as_table, as_target, load

__all__ = ["Coefficient", "CorrelatedGroup", "Model", "as_table", "as_target", "load"]
