"""The model file: one file, no pickle, versioned, checksummed, replaced atomically.

    bridle model, format 1, needs bridle 0.1.0 or newer     what it is, for `head -n 1` too
    1234 56789                                              bytes of the next two parts
    {"arrays": [...], "header": {...}}                      JSON, padded with spaces
    ...                                                     the arrays: little-endian, 64-byte aligned
    sha256 9f86d081...                                      over every byte above this line

The first line and the last are the same in every format to come, so that damage is told from novelty.
docs/model-file.md describes the format in full.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import math
import os
import re
import secrets
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from .errors import ModelFileError, UsageError

FORMAT = 1
NEEDS = "0.1.0"  # the first bridle that reads FORMAT
_KIND = re.compile(r"[a-z][a-z -]{0,30}[a-z]")
_FIRST_LINE = re.compile(
    rb"bridle ([a-z][a-z -]{0,30}[a-z]), format ([1-9][0-9]{0,5}), needs bridle ([0-9a-z.]{1,20}) or newer"
)
_SIZES = re.compile(rb"([0-9]{1,16}) ([0-9]{1,16})")
_DTYPES = {"float64": "<f8", "float32": "<f4", "int64": "<i8", "int32": "<i4", "bool": "|b1", "uint8": "|u1"}
_ALIGN = 64
_LONGEST_LINE = 120
_TAIL = len(b"sha256 ") + 64 + 1
_PIECE = 1 << 20
_FOREIGN = (
    (b"PK\x03\x04", "a zip archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"PAR1", "a Parquet table"),
    (b"ARROW1", "an Arrow table"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"{", "a JSON file"),
)

Array = npt.NDArray[Any]


def write(
    path: str | os.PathLike[str], kind: str, header: Mapping[str, Any], arrays: Mapping[str, Array]
) -> None:
    """Write one file of the given kind, so that at every moment ``path`` is the old file or the new one.

    The bytes go to a temporary file in the same folder, reach the disk (fsync) and then take the name
    (``os.replace``). After any failure the old file stands untouched and the temporary one is gone; only a
    process killed outright leaves a ``.bridle-*.tmp`` behind. A symbolic link is followed. A replaced file
    keeps its permissions, a new one gets those of any file the user makes. The same content gives the same
    bytes.

    Parameters
    ----------
    path : where to; its folder must exist.
    kind : what the file holds, in lower-case words: "model", "moments".
    header : plain JSON types (also tuples and NumPy scalars; NaN and infinities are kept).
    arrays : any shapes and strides, of type float64, float32, int64, int32, bool or uint8.

    Raises
    ------
    ModelFileError : the file cannot be written (no such folder, no permission, disk full, a device).
    UsageError : the header or an array is of a type that the format does not hold.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "a.bridle")
    >>> write(path, "model", {"target": "y"}, {"coef": np.array([1.5, 0.0])})
    >>> path.read_bytes()[:22]
    b'bridle model, format 1'
    """
    if _KIND.fullmatch(kind) is None:
        raise UsageError(f"{kind!r} is no kind of file: use a few lower-case words.")
    replace_file(path, _pieces(kind, _plain(header, "header"), _little_endian(arrays)))


def replace_file(path: str | os.PathLike[str], pieces: Iterable[bytes | memoryview]) -> None:
    """Put bytes where ``path`` is, all or nothing, as ``write`` does and raising what it raises; for any file."""
    name = _name(path)
    try:
        if name.endswith(os.sep):
            raise ValueError("it is the name of a folder")
        _replace(os.path.realpath(os.fspath(path)), pieces)
    except (OSError, ValueError) as problem:
        raise ModelFileError(f"{name} cannot be written: {_reason(problem)}.") from problem


def read(path: str | os.PathLike[str], kind: str | None = None) -> tuple[dict[str, Any], dict[str, Array]]:
    """Read a file that ``write`` wrote, after checking every byte of it.

    No code in the file is ever run, nothing that is not a regular file is opened, and no memory is taken
    beyond the size of the file itself.

    Parameters
    ----------
    path : the file.
    kind : the kind it must be of; None takes any.

    Returns
    -------
    (header, arrays)
        The header as it was written (tuples as lists) and the arrays, read-only, in native byte order.

    Raises
    ------
    ModelFileError : there is no such file, it is no regular file or no bridle file, of another kind, of a
        format newer than this bridle knows (the message says which bridle reads it), cut short or damaged.

    Examples
    --------
    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "a.bridle")
    >>> write(path, "model", {"target": "y"}, {"coef": np.array([1.5, 0.0])})
    >>> read(path, "model")
    ({'target': 'y'}, {'coef': array([1.5, 0. ])})
    """
    return read_one_of(path, None if kind is None else (kind,))[1:]


def read_one_of(
    path: str | os.PathLike[str], kinds: Sequence[str] | None
) -> tuple[str, dict[str, Any], dict[str, Array]]:
    """The same of a file that may be of several kinds (None: of any), and of which it is.

    Raises
    ------
    ModelFileError : as ``read``; the message for another kind names the first of ``kinds``.
    """
    name = _name(path)
    content = _load(path, name)
    first, rest = _line(content, 0)
    found = _FIRST_LINE.fullmatch(first)
    end = len(content) - _TAIL
    seal = b"sha256 %s\n" % hashlib.sha256(memoryview(content)[: max(end, 0)]).hexdigest().encode()
    if found is None or end < rest or content[end:] != seal:
        raise ModelFileError(
            f"{name} is damaged or cut short: its checksum does not match. Fit and save it again."
        )
    if int(found[2]) > FORMAT:
        raise ModelFileError(
            f"{name} is in format {int(found[2])}, which needs bridle {found[3].decode()} or newer; "
            f"this bridle reads up to format {FORMAT}."
        )
    kind = found[1].decode()
    if kinds is not None and kind not in kinds:
        raise ModelFileError(f"{name} is a bridle {kind} file, not a bridle {kinds[0]} file.")
    try:
        return kind, *_parse(content, rest, end)
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as problem:
        raise ModelFileError(f"{name} does not hold what its header says: {problem}.") from problem


# Writing ----------------------------------------------------------------------------------------------------


def _little_endian(arrays: Mapping[str, Array]) -> list[tuple[str, str, Array]]:
    """(name, type, array) with the array's values in the order and bytes of the file."""
    out = []
    for name, value in arrays.items():
        array = np.asarray(value)
        type_name = array.dtype.newbyteorder("=").name
        if not isinstance(name, str) or type_name not in _DTYPES:
            raise UsageError(f"Array {name!r} is of type {array.dtype}; a file holds {', '.join(_DTYPES)}.")
        out.append((name, type_name, np.require(array, _DTYPES[type_name], "C")))
    return out


def _pieces(kind: str, header: Any, arrays: list[tuple[str, str, Array]]) -> Iterator[bytes | memoryview]:
    """The file's bytes in order, in pieces, the seal last."""
    listed = [{"name": name, "type": type_, "shape": list(array.shape)} for name, type_, array in arrays]
    text = json.dumps({"arrays": listed, "header": header}, allow_nan=False, separators=(",", ":")).encode()
    size = sum(array.nbytes + -array.nbytes % _ALIGN for _, _, array in arrays)
    first = f"bridle {kind}, format {FORMAT}, needs bridle {NEEDS} or newer\n".encode()
    length = len(text) + 1
    while True:  # the padding depends on the width of the number that says how long the text is
        sizes = b"%d %d\n" % (length, size)
        wanted = len(text) + 1 + -(len(first) + len(sizes) + len(text) + 1) % _ALIGN
        if wanted <= length:
            break
        length = wanted
    text = text.ljust(length - 1) + b"\n"
    seal = hashlib.sha256()
    for piece in _flat([first, sizes, text], arrays):
        seal.update(piece)
        yield piece
    yield b"sha256 %s\n" % seal.hexdigest().encode()


def _flat(start: Iterable[bytes], arrays: list[tuple[str, str, Array]]) -> Iterator[bytes | memoryview]:
    yield from start
    for _, _, array in arrays:
        if array.nbytes:
            yield memoryview(array.reshape(-1).view(np.uint8).data)
        yield bytes(-array.nbytes % _ALIGN)


def _replace(target: str, pieces: Iterable[bytes | memoryview]) -> None:
    """Put the pieces where ``target`` is, all or nothing."""
    old = _replaceable(target)
    folder = os.path.dirname(target) or os.curdir
    temporary = os.path.join(folder, f".bridle-{secrets.token_hex(8)}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    file = os.open(temporary, flags, 0o666 if old is None else 0o600)
    try:
        try:
            if old is not None and hasattr(os, "fchmod"):
                with contextlib.suppress(OSError):  # only the administrator may give a file away
                    os.fchown(file, old.st_uid, old.st_gid)
                os.fchmod(file, stat.S_IMODE(old.st_mode) & 0o777)
            for piece in pieces:
                _write_all(file, memoryview(piece))
            os.fsync(file)
        finally:
            os.close(file)
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    _sync_folder(folder)


def _replaceable(target: str) -> os.stat_result | None:
    """The file that will be replaced; None where there is none. Refuses what a file cannot replace."""
    try:
        status = os.lstat(target)
    except FileNotFoundError:
        return None
    if stat.S_ISLNK(status.st_mode):
        raise ValueError("its symbolic link leads in a circle")
    if not stat.S_ISREG(status.st_mode):
        raise ValueError(f"it is {_sort_of(status.st_mode)}")
    if not os.access(target, os.W_OK):
        raise ValueError("it is write-protected")
    return status


def _write_all(file: int, piece: memoryview) -> None:
    while piece:
        piece = piece[os.write(file, piece[: 64 * _PIECE]) :]


def _sync_folder(folder: str) -> None:
    """Make the new name last through a power cut, where the system lets a folder be synced."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _plain(value: Any, where: str) -> Any:
    """The value in JSON's own types. NaN and infinities become {"$float": "nan"}; a key that begins with "$"
    gets a second one."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {"$float": repr(float(value))}
    if isinstance(value, (list, tuple)):
        return [_plain(item, f"{where}[{i}]") for i, item in enumerate(value)]
    if isinstance(value, Mapping):
        if wrong := [key for key in value if not isinstance(key, str)]:
            raise UsageError(f"{where} has the key {wrong[0]!r}; a file's keys are texts.")
        return {
            "$" + key if key.startswith("$") else key: _plain(item, f"{where}[{key!r}]")
            for key, item in value.items()
        }
    raise UsageError(f"{where} is of type {type(value).__name__}, which a file's header does not hold.")


# Reading ----------------------------------------------------------------------------------------------------


def _load(path: str | os.PathLike[str], name: str) -> bytes:
    """Every byte of a regular file."""
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        _check_regular(os.stat(path).st_mode, name)
        file = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))  # it may have become a pipe since
        try:
            _check_regular(os.fstat(file).st_mode, name)
            head = os.read(file, _LONGEST_LINE)
            if _FIRST_LINE.match(head) is None:  # do not read 100 GB of something else
                raise ModelFileError(f"{name} is {_looks_like(head)}, not a bridle file.")
            os.lseek(file, 0, os.SEEK_SET)
            return io.FileIO(file, closefd=False).readall()
        finally:
            os.close(file)
    except FileNotFoundError as problem:
        raise ModelFileError(f"There is no file {name}.") from problem
    except MemoryError as problem:
        raise ModelFileError(f"{name} is larger than this machine's free memory.") from problem
    except (OSError, ValueError) as problem:
        if isinstance(problem, ModelFileError):
            raise
        raise ModelFileError(f"{name} cannot be read: {_reason(problem)}.") from problem


def _parse(content: bytes, start: int, end: int) -> tuple[dict[str, Any], dict[str, Array]]:
    """The header and the arrays between the first line and the seal. Whatever does not add up raises."""
    line, at = _line(content, start)
    sizes = _SIZES.fullmatch(line)
    if sizes is None or at + int(sizes[1]) + int(sizes[2]) != end:
        raise ValueError("the sizes of its parts do not add up")
    arrays_at = at + int(sizes[1])
    parts = json.loads(content[at:arrays_at], object_pairs_hook=_from_plain, parse_constant=_no_constant)
    header, arrays, at = parts["header"], {}, arrays_at
    if not isinstance(header, dict):
        raise TypeError("its header is not an object")
    for part in parts["arrays"]:
        name, shape, dtype = part["name"], part["shape"], np.dtype(_DTYPES[part["type"]])
        if type(name) is not str or name in arrays:
            raise ValueError("two arrays share a name")
        if not all(type(length) is int and length >= 0 for length in shape):
            raise ValueError(f"the shape of {name!r} is no shape")
        size = math.prod(shape) * dtype.itemsize
        if size > end - at:
            raise ValueError(f"the array {name!r} is larger than the file")
        arrays[name] = _array(content, at, size, dtype).reshape(shape)
        at += size + -size % _ALIGN
    if at != end:
        raise ValueError("there are bytes that belong to no array")
    return header, arrays


def _array(content: bytes, at: int, size: int, dtype: np.dtype[Any]) -> Array:
    if dtype.kind == "b" and content[at : at + size].strip(b"\x00\x01"):
        raise ValueError("a truth value is neither 0 nor 1")
    array: Array = np.frombuffer(content, dtype, size // dtype.itemsize, at)
    if sys.byteorder == "big":
        array = array.astype(dtype.newbyteorder("="))
        array.flags.writeable = False
    return array


def _from_plain(pairs: list[tuple[str, Any]]) -> Any:
    """The inverse of ``_plain``, for one JSON object."""
    if len(pairs) == 1 and pairs[0][0] == "$float":
        return {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[pairs[0][1]]
    return {key.removeprefix("$"): value for key, value in pairs}


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")


def _line(content: bytes, start: int) -> tuple[bytes, int]:
    """The line that begins at ``start``, without its end, and where the next begins; a long one is cut."""
    line = content[start : start + _LONGEST_LINE].split(b"\n", 1)[0]
    return line, start + len(line) + 1


# Words ------------------------------------------------------------------------------------------------------


def _name(path: str | os.PathLike[str]) -> str:
    name = os.fspath(path)
    return name if name and name.isprintable() else ascii(name)


def _check_regular(mode: int, name: str) -> None:
    if not stat.S_ISREG(mode):
        raise ModelFileError(f"{name} is {_sort_of(mode)}, not a bridle file.")


def _sort_of(mode: int) -> str:
    sorts = {stat.S_IFDIR: "a directory", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
    return sorts.get(stat.S_IFMT(mode), "a device")


def _looks_like(head: bytes) -> str:
    """What a file without bridle's first line is, by its beginning."""
    if re.match(rb"\x80[\x02-\x05]|\(dp0|\(lp0|ccopy_reg|c__builtin__", head):
        return "a Python pickle (which bridle never opens: loading one can run any program)"
    for start, words in _FOREIGN:
        if head.startswith(start):
            return words
    if not head.strip():
        return "empty"
    if re.search(rb"[\x00-\x08\x0e-\x1f]", head):
        return "a binary file"
    return "a table or a text" if re.search(rb"[,;\t|]", head) else "a text"


def _reason(problem: OSError | ValueError) -> str:
    """Why, in the system's words."""
    if isinstance(problem, FileNotFoundError):
        return "its folder does not exist"
    if isinstance(problem, OSError) and problem.strerror:
        return problem.strerror[:1].lower() + problem.strerror[1:]
    return str(problem)
