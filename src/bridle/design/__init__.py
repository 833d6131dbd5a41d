"""The matrix algebra: one design over dense, sparse, one-hot and mask blocks, with imputation as a linear map."""

from .blocks import Block, Dense, OneHot, Sparse
from .matrix import Design, from_frame

__all__ = ["Block", "Dense", "Design", "OneHot", "Sparse", "from_frame"]
