"""Tables: files, dataframes and arrays read into typed columns, and the schema that a model keeps of them.

``open_table`` reads, ``infer`` decides types and roles, ``encode`` turns a table into what the engine
computes with. Importing this package loads NumPy and nothing else; every reader imports its library when it
is used.
"""

from .encoding import encode
from .frame import Categorical, Frame, Indicator, Matrix, Numeric, Part
from .inference import infer
from .matrix import check_sparse, check_unmasked, find_bad_value, matrix_error, open_matrix
from .schema import MISSING_LEVEL, Note, Schema, Variable, describe
from .sources import open_table
from .table import Table

__all__ = [
    "MISSING_LEVEL",
    "Categorical",
    "Frame",
    "Indicator",
    "Matrix",
    "Note",
    "Numeric",
    "Part",
    "Schema",
    "Table",
    "Variable",
    "check_sparse",
    "check_unmasked",
    "describe",
    "encode",
    "find_bad_value",
    "infer",
    "matrix_error",
    "open_matrix",
    "open_table",
]
