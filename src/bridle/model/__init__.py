"""The frozen model, and the file that it is kept in."""

from .contents import CorrelatedGroup
from .frozen import Coefficient, Model, as_table, as_target, load, room_of

__all__ = ["Coefficient", "CorrelatedGroup", "Model", "as_table", "as_target", "load", "room_of"]
