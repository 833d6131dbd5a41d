"""What every tool is given, as plain files: written once for each contest, read by each tool in its own environment.

Nothing but NumPy and SciPy is imported here, so that every peer's Python can read it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from .levels import Levels

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Data:
    """X (n, p) in C order, CSC or categories; y (n,) or (n, targets); fold of each row (n,) from 0; alphas (A,) decreasing.

    ``estimator`` is ``works.Estimator`` as a dict, None where the work is cross-validation with standardized columns.
    ``offset`` (n,), where there is one, joins the linear predictor: the logarithm of an exposure.
    """

    X: Any
    y: Floats
    folds: NDArray[np.int32]
    alphas: Floats
    l1_ratios: tuple[float, ...]
    estimator: dict[str, Any] | None
    family: str = "squared"
    offset: Floats | None = None

    @property
    def sparse(self) -> bool:
        """Whether X is a CSC matrix."""
        return scipy.sparse.issparse(self.X)

    @property
    def size(self) -> int:
        """Bytes of X and y."""
        parts: tuple[Any, ...]
        if isinstance(self.X, Levels):
            parts = (self.X.codes,)
        else:
            parts = (self.X.data, self.X.indices, self.X.indptr) if self.sparse else (self.X,)
        return int(sum(part.nbytes for part in parts) + self.y.nbytes)


def write(data: Data, folder: Path, by_columns: bool, single: bool) -> None:
    """One file for each array; X on request also by columns, as R stores it, and in single precision."""
    n, p = data.X.shape
    meta = {
        "n": n, "p": p, "targets": 1 if data.y.ndim == 1 else data.y.shape[1], "sparse": data.sparse,
        "l1_ratios": data.l1_ratios, "estimator": data.estimator, "family": data.family, "offset": data.offset is not None,
        "levels": data.X.counts if isinstance(data.X, Levels) else (),
    }  # fmt: skip
    (folder / "meta.json").write_text(json.dumps(meta))
    np.array([n, p, data.sparse], dtype=np.int32).tofile(folder / "shape.i32")  # for R
    (folder / "family.txt").write_text(data.family + "\n")
    if isinstance(data.X, Levels):
        data.X.codes.tofile(folder / "codes.i32")
        np.array(data.X.counts, dtype=np.int32).tofile(folder / "levels.i32")
    elif data.sparse:
        data.X.data.tofile(folder / "X_values.f64")
        data.X.indices.astype(np.int32).tofile(folder / "X_rows.i32")
        data.X.indptr.astype(np.int32).tofile(folder / "X_starts.i32")
    else:
        data.X.tofile(folder / "X.f64")
        if by_columns:
            np.asfortranarray(data.X).T.tofile(folder / "X_by_columns.f64")
        if single:
            data.X.astype(np.float32).tofile(folder / "X.f32")
    data.y.tofile(folder / "y.f64")
    if data.offset is not None:
        data.offset.tofile(folder / "offset.f64")
    data.folds.tofile(folder / "folds.i32")
    data.alphas.tofile(folder / "alphas.f64")
    np.array(data.l1_ratios).tofile(folder / "l1_ratios.f64")


def read(folder: Path, single: bool = False) -> Data:
    """Reads what ``write`` wrote."""
    meta = json.loads((folder / "meta.json").read_text())
    n, p, targets = meta["n"], meta["p"], meta["targets"]
    X: Any
    if meta["levels"]:
        codes = np.fromfile(folder / "codes.i32", dtype=np.int32).reshape(n, -1)
        X = Levels(codes, tuple(meta["levels"]))
    elif meta["sparse"]:
        parts = (
            np.fromfile(folder / "X_values.f64"),
            np.fromfile(folder / "X_rows.i32", dtype=np.int32),
            np.fromfile(folder / "X_starts.i32", dtype=np.int32),
        )
        X = scipy.sparse.csc_matrix(parts, shape=(n, p))
    elif single:
        X = np.fromfile(folder / "X.f32", dtype=np.float32).reshape(n, p)
    else:
        X = np.fromfile(folder / "X.f64").reshape(n, p)
    y = np.fromfile(folder / "y.f64")
    return Data(
        X,
        y if targets == 1 else y.reshape(n, targets),
        np.fromfile(folder / "folds.i32", dtype=np.int32),
        np.fromfile(folder / "alphas.f64"),
        tuple(meta["l1_ratios"]),
        meta["estimator"],
        meta["family"],
        np.fromfile(folder / "offset.f64") if meta["offset"] else None,
    )


@dataclass(frozen=True)
class Fits:
    """Fits to all rows, to be judged: original units; each a row of ``coefs`` (k, p), dense or sparse.

    ``alphas`` in units of half the mean squared error or unit deviance; ``target`` says which column of y each fit is for.
    """

    alphas: Any
    l1_ratios: Any
    intercepts: Any
    coefs: Any
    target: Any = None


def write_fits(fits: Fits, folder: Path) -> None:
    """Coefficients as compressed rows: most are zero."""
    coefs = scipy.sparse.csr_matrix(fits.coefs)
    k = coefs.shape[0]
    target = np.zeros(k) if fits.target is None else fits.target
    for name, values in (
        ("alphas", fits.alphas), ("ratios", np.broadcast_to(fits.l1_ratios, k)), ("intercepts", fits.intercepts),
        ("coefs_values", coefs.data),
    ):  # fmt: skip
        np.ascontiguousarray(values, dtype=np.float64).tofile(folder / f"{name}.f64")
    for name, whole in (("coefs_columns", coefs.indices), ("coefs_starts", coefs.indptr), ("target", target)):
        np.ascontiguousarray(whole, dtype=np.int32).tofile(folder / f"{name}.i32")


def read_fits(folder: Path, p: int) -> Fits:
    """Reads what ``write_fits`` wrote, or the glmnet tool."""
    alphas, ratios, intercepts, values = (
        np.fromfile(folder / f"{name}.f64") for name in ("alphas", "ratios", "intercepts", "coefs_values")
    )
    columns, starts, target = (
        np.fromfile(folder / f"{name}.i32", dtype=np.int32)
        for name in ("coefs_columns", "coefs_starts", "target")
    )
    coefs = scipy.sparse.csr_matrix((values, columns, starts), shape=(len(alphas), p))
    return Fits(alphas, ratios, intercepts, coefs, target)
