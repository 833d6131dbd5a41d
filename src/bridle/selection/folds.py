"""Splits of the rows into training and test sets, as atoms that every such set is a union of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, UsageError
from ..solvers import Split

Index = NDArray[np.int64]
MOST_ATOMS = 64


@dataclass(frozen=True, eq=False)
class Round:
    """Folds that share one reading of the data: atoms, and which of them each fold trains and is tested on.

    ``partition`` says that the folds are the atoms: then nested cross-validation needs the same atoms only.
    """

    rows: Index
    start: Index
    train: NDArray[np.uint8]  # (K, A)
    test: NDArray[np.uint8]
    partition: bool

    def split(self, nested: bool = False) -> Split:
        """Problem 0 is the whole, 1..K the folds; nested: behind them one for each pair of folds left out together."""
        atoms = len(self.start) - 1
        whole = np.ones((1, atoms), dtype=np.uint8)
        train, test = [whole, self.train], [np.zeros_like(whole), self.test]
        if nested:
            pairs = self.pairs()
            out = np.zeros((len(pairs), atoms), dtype=np.uint8)
            for at, (k, other) in enumerate(pairs):
                out[at, [k, other]] = 1
            train.append(1 - out)
            test.append(out)
        return Split(self.rows, self.start, np.concatenate(train), np.concatenate(test))

    def pairs(self) -> list[tuple[int, int]]:
        folds = len(self.train)
        return [(k, other) for k in range(folds) for other in range(k + 1, folds)]


@dataclass(frozen=True, eq=False)
class Folds:
    """All rounds of a cross-validation, and its description in words."""

    rounds: tuple[Round, ...]
    text: str
    kind: str  # "partition", "repeated", "holdout", "forward", "given"

    @property
    def n_folds(self) -> int:
        """Over all rounds."""
        return sum(len(r.train) for r in self.rounds)


def make_folds(
    n: int,
    folds: Any = 5,
    *,
    repeats: int = 1,
    stratify: NDArray[Any] | None = None,
    groups: NDArray[Any] | None = None,
    order: NDArray[Any] | None = None,
    y: NDArray[Any] | None = None,
    seed: int = 0,
) -> Folds:
    """The folds that a person asked for.

    Parameters
    ----------
    n : number of rows.
    folds : a whole number K >= 2 of folds; a share between 0 and 1 of the rows to hold out once; an array (n,) that names
        each row's fold; an object with ``.split(X, y, groups)`` (any of scikit-learn's); or pairs (train, test) of row
        numbers.
    repeats : how often K folds are drawn anew.
    stratify : (n,) classes, or numbers (then their deciles), that every fold gets its share of.
    groups : (n,) rows of one group are never on both sides.
    order : (n,) sort keys such as times: fold k trains on what comes before it and is tested on what follows.
    seed : of the shuffle.

    Raises
    ------
    UsageError
        For folds that cannot be made: fewer than 2, more than rows or groups, empty sides.
    """
    if groups is not None and (order is not None or stratify is not None):
        raise UsageError(
            "Folds can keep groups together, or follow an order, or be stratified: give one of these."
        )
    groups, order, stratify = _codes("groups", groups), _codes("order", order), _codes("stratify", stratify)
    if isinstance(folds, np.floating):
        folds = float(folds)
    if isinstance(repeats, bool) or repeats != int(repeats):
        raise UsageError(f"repeats must be a whole number, not {repeats}.")
    repeats = int(repeats)
    if repeats != 1 and (not isinstance(folds, (int, np.integer, float)) or float(folds) < 1):
        raise UsageError(
            "repeats draws a number of folds anew; it has no meaning for a hold-out or given folds."
        )
    if hasattr(folds, "split") and not isinstance(folds, str):
        pairs = [(np.asarray(a), np.asarray(b)) for a, b in folds.split(np.empty((n, 1)), y, groups)]
        return _given(n, pairs, f"{len(pairs)} splits by {type(folds).__name__}")
    if (isinstance(folds, float) and not folds.is_integer()) or (isinstance(folds, float) and folds < 1):
        return _holdout(n, float(folds), groups, order, seed)
    if isinstance(folds, (int, np.integer, float)) and not isinstance(folds, bool):
        return _counted(n, int(folds), repeats, stratify, groups, order, seed)
    if isinstance(folds, np.ndarray) and folds.ndim == 1:
        return _named(n, folds)
    if isinstance(folds, Iterable) and not isinstance(folds, str):
        listed = list(folds)
        if listed and (isinstance(listed[0], str) or not isinstance(listed[0], Iterable)):
            return _named(n, np.asarray(listed))
        try:
            pairs = [(np.asarray(a), np.asarray(b)) for a, b in listed]
        except (TypeError, ValueError):
            raise UsageError("Given folds must be pairs (train, test) of row numbers.") from None
        return _given(n, pairs, f"{len(pairs)} given splits")
    raise UsageError(
        f"folds must be a whole number, a share to hold out, an array of fold names or splits, not {folds!r}."
    )


def _counted(
    n: int,
    folds: int,
    repeats: int,
    stratify: NDArray[Any] | None,
    groups: NDArray[Any] | None,
    order: NDArray[Any] | None,
    seed: int,
) -> Folds:
    if folds < 2:
        raise UsageError(f"Cross-validation needs at least 2 folds, not {folds}.")
    if repeats < 1:
        raise UsageError(f"repeats must be at least 1, not {repeats}.")
    if order is not None:
        return _forward(n, folds, order)
    units = n if groups is None else len(np.unique(groups))
    if folds > units:
        raise UsageError(
            f"{folds} folds need at least {folds} {'rows' if groups is None else 'groups'}; there are {units}."
        )
    rounds = []
    for repeat in range(repeats):
        rng = np.random.default_rng([seed, repeat])
        if groups is not None:
            name = _grouped(groups, folds, rng)
        elif stratify is not None:
            name = _stratified(stratify, folds, rng)
        else:
            name = np.empty(n, dtype=np.int64)
            name[rng.permutation(n)] = np.arange(n) * folds // n
        rounds.append(_partition(name, folds))
    how = "shuffled" if groups is None else "whole groups"
    if stratify is not None:
        how += ", stratified"
    text = f"{folds} folds, {how}, seed {seed}" + (f", repeated {repeats} times" if repeats > 1 else "")
    return Folds(tuple(rounds), text, "partition" if repeats == 1 else "repeated")


def _codes(name: str, values: NDArray[Any] | None) -> NDArray[Any] | None:
    """Keys that can be sorted; mixed types cannot."""
    if values is None:
        return None
    try:
        np.unique(values)
    except TypeError:
        raise UsageError(
            f"{name} mixes types that cannot be sorted; make them all numbers or all text."
        ) from None
    return values


def _partition(name: Index, folds: int) -> Round:
    # Small integers are sorted by radix, in one pass.
    rows = np.argsort(name.astype(np.int16) if folds < 2**15 else name, kind="stable")
    start = np.concatenate([[0], np.cumsum(np.bincount(name, minlength=folds))])
    test = np.eye(folds, dtype=np.uint8)
    return Round(rows.astype(np.int64), start.astype(np.int64), 1 - test, test, partition=True)


def _grouped(groups: NDArray[Any], folds: int, rng: np.random.Generator) -> Index:
    """The largest groups first, each to the fold with the fewest rows so far."""
    names, code, count = np.unique(groups, return_inverse=True, return_counts=True)
    fold_of, size = np.empty(len(names), dtype=np.int64), np.zeros(folds)
    shuffled = rng.permutation(len(names))
    for group in shuffled[np.argsort(-count[shuffled], kind="stable")]:
        fold_of[group] = int(np.argmin(size))
        size[fold_of[group]] += count[group]
    return np.asarray(fold_of[code], dtype=np.int64)


def _stratified(stratify: NDArray[Any], folds: int, rng: np.random.Generator) -> Index:
    classes, code = np.unique(stratify, return_inverse=True)
    if len(classes) > 20 and np.issubdtype(np.asarray(stratify).dtype, np.number):
        ranks = np.argsort(np.argsort(stratify, kind="stable"), kind="stable")
        code = ranks * 10 // len(ranks)
    name = np.empty(len(code), dtype=np.int64)
    shuffled = rng.permutation(len(code))
    ordered = shuffled[np.argsort(code[shuffled], kind="stable")]
    name[ordered] = np.arange(len(code)) % folds
    return name


def _forward(n: int, folds: int, order: NDArray[Any]) -> Folds:
    """Fold k trains on blocks 0..k of K + 1 blocks in order and is tested on block k + 1; equal keys stay together."""
    keys, code = np.unique(order, return_inverse=True)
    if len(keys) < folds + 1:
        raise UsageError(
            f"{folds} folds in order need at least {folds + 1} distinct keys; there are {len(keys)}."
        )
    before = np.concatenate([[0], np.cumsum(np.bincount(code))[:-1]])
    block_of_key = np.minimum(before * (folds + 1) // n, folds)
    block_of_key = np.maximum.accumulate(block_of_key)
    name = block_of_key[code]
    used, name = np.unique(name, return_inverse=True)
    blocks = len(used)
    rows = np.argsort(name, kind="stable").astype(np.int64)
    start = np.concatenate([[0], np.cumsum(np.bincount(name, minlength=blocks))]).astype(np.int64)
    train = np.tril(np.ones((blocks - 1, blocks), dtype=np.uint8))
    test = np.eye(blocks, dtype=np.uint8)[1:]
    text = f"{blocks - 1} folds in order, each trained on what comes before it"
    return Folds((Round(rows, start, train, test, partition=False),), text, "forward")


def _holdout(
    n: int, share: float, groups: NDArray[Any] | None, order: NDArray[Any] | None, seed: int
) -> Folds:
    if not 0 < share < 1:
        raise UsageError(f"The share of rows to hold out must be between 0 and 1, not {share}.")
    held = round(n * share)
    if not 1 <= held < n:
        raise UsageError(f"Holding out {share:.0%} of {n} rows leaves one side empty.")
    test = np.zeros(n, dtype=bool)
    if order is not None:
        test[np.argsort(order, kind="stable")[n - held :]] = True
        how = "the last"
    elif groups is not None:
        names, code = np.unique(groups, return_inverse=True)
        chosen = np.random.default_rng([seed, 0]).permutation(len(names))
        count = np.cumsum(np.bincount(code)[chosen])
        test = np.isin(code, chosen[: max(1, int(np.searchsorted(count, held)))])
        how = "whole groups,"
    else:
        test[np.random.default_rng([seed, 0]).permutation(n)[:held]] = True
        how = "a random"
    learn, held_out = checked_pairs(n, [(np.flatnonzero(~test), np.flatnonzero(test))])[0]
    whole = Round(  # the atoms are the two sides
        np.concatenate([held_out, learn]),
        np.array([0, len(held_out), n], dtype=np.int64),
        np.array([[0, 1]], dtype=np.uint8),
        np.array([[1, 0]], dtype=np.uint8),
        partition=False,
    )
    return Folds((whole,), f"hold-out of {how} {share:.0%} of the rows", "holdout")


def _named(n: int, names: NDArray[Any]) -> Folds:
    if names.shape != (n,):
        raise UsageError(f"folds has shape {names.shape}, but there are {n} rows.")
    values, code = _distinct(names)
    if len(values) < 2:
        raise UsageError("All rows are in one fold; cross-validation needs at least 2.")
    if len(values) > n // 1 or (len(values) > 1000 and len(values) < n):
        raise UsageError(f"There are {len(values)} folds; at most 1,000 make sense here.")
    return Folds((_partition(code.astype(np.int64), len(values)),), f"{len(values)} given folds", "partition")


def _distinct(names: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """np.unique with its inverse, without sorting where the names are small whole numbers."""
    if names.dtype.kind in "iu" and len(names) and names.min() >= 0 and names.max() < 2**15:
        present = np.bincount(names) > 0
        return np.flatnonzero(present), (np.cumsum(present) - 1)[names]
    values, code = np.unique(names, return_inverse=True)
    return values, code


def _given(n: int, pairs: list[tuple[NDArray[Any], NDArray[Any]]], text: str) -> Folds:
    if not pairs:
        raise UsageError("There is no split: cross-validation needs at least one.")
    fold_of = _named_by(n, pairs)
    if fold_of is not None:
        return Folds((_partition(fold_of, len(pairs)),), text, "partition")
    flags = np.zeros((2 * len(pairs), n), dtype=np.uint8)
    for k, sides in enumerate(checked_pairs(n, pairs)):
        for side, chosen in enumerate(sides):
            flags[2 * k + side, chosen] = 1
            if flags[2 * k + side].sum() < len(chosen):
                twice = np.flatnonzero(np.bincount(chosen % n, minlength=n) > 1)[0]
                raise DataError(
                    f"Split {k + 1} names row {twice} twice (from 0); a row counts once. Give weights instead."
                )
        if (flags[2 * k] & flags[2 * k + 1]).any():
            raise DataError(f"Split {k + 1} has rows on both sides; a test row must not be trained on.")
    signatures = np.unique(flags, axis=1)
    if signatures.shape[1] <= max(MOST_ATOMS, 2 * len(pairs)):
        whole = _round_of(flags)
        return Folds((whole,), text, "partition" if whole.partition else "given")
    return Folds(tuple(_round_of(flags[2 * k : 2 * k + 2]) for k in range(len(pairs))), text, "given")


def checked_pairs(n: int, pairs: Sequence[tuple[Any, Any]]) -> list[tuple[Index, Index]]:
    """Splits (train, test) as row numbers; masks become row numbers.

    Raises
    ------
    UsageError, DataError
        For no split at all, an empty side, what is no row number, rows that there are not.
    """
    if not len(pairs):
        raise UsageError("There is no split: cross-validation needs at least one.")
    out = []
    for k, sides in enumerate(pairs):
        both = []
        for rows, name in zip(sides, ("training", "test")):
            chosen = np.asarray(rows)
            if chosen.dtype == bool and chosen.shape != (n,):
                raise UsageError(f"Split {k + 1} has a mask of shape {chosen.shape}, but there are {n} rows.")
            chosen = np.flatnonzero(chosen) if chosen.dtype == bool else chosen
            if chosen.ndim != 1 or not len(chosen) or not np.issubdtype(chosen.dtype, np.integer):
                raise UsageError(f"Split {k + 1} has no {name} rows, or not row numbers in one dimension.")
            if chosen.min() < -n or chosen.max() >= n:
                worst = int(chosen.max() if chosen.max() >= n else chosen.min())
                raise DataError(f"Split {k + 1} names row {worst}, but there are only {n} rows (from 0).")
            both.append(chosen)
        out.append((both[0], both[1]))
    return out


def _named_by(n: int, pairs: list[tuple[NDArray[Any], NDArray[Any]]]) -> Index | None:
    """Each row's fold where every row is tested once and trained on otherwise; None where it is not so."""
    if len(pairs) < 2 or sum(len(test) for _, test in pairs) != n:
        return None
    name = np.full(n, -1, dtype=np.int64)
    for k, (train, test) in enumerate(pairs):
        for side in (train, test):
            if (
                side.ndim != 1
                or side.dtype.kind not in "iu"
                or not len(side)
                or side.min() < 0
                or side.max() >= n
            ):
                return None
        name[test] = k
    for k, (train, test) in enumerate(pairs):
        trained = np.zeros(n, dtype=bool)
        trained[train] = True
        if len(train) != n - len(test) or not (trained == (name != k)).all():
            return None
    return name if (name >= 0).all() else None


def _round_of(flags: NDArray[np.uint8]) -> Round:
    """Atoms are the rows that the same splits train and test."""
    signatures, name = np.unique(flags, axis=1, return_inverse=True)
    name = np.asarray(name).ravel()
    rows = np.argsort(name, kind="stable").astype(np.int64)
    start = np.concatenate([[0], np.cumsum(np.bincount(name, minlength=signatures.shape[1]))]).astype(
        np.int64
    )
    train, test = signatures[0::2], signatures[1::2]
    atoms = signatures.shape[1]
    partition = (
        len(train) == atoms and bool((test.sum(axis=0) == 1).all()) and bool((train + test == 1).all())
    )
    if partition:  # atoms in the order of the folds
        order = np.argmax(test, axis=1)
        pieces = [rows[start[a] : start[a + 1]] for a in order]
        start = np.concatenate([[0], np.cumsum([len(piece) for piece in pieces])]).astype(np.int64)
        eye = np.eye(atoms, dtype=np.uint8)
        return Round(np.concatenate(pieces), start, 1 - eye, eye, partition=len(train) >= 2)
    return Round(rows, start, np.ascontiguousarray(train), np.ascontiguousarray(test), partition=False)
