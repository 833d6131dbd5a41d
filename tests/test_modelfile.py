"""The model file: nothing torn, nothing run, nothing believed that is not checked."""

from __future__ import annotations

import errno
import gzip
import hashlib
import json
import math
import os
import pickle
import random
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bridle import modelfile
from bridle.errors import ModelFileError, UsageError

HEADER: dict[str, Any] = {"target": "progression", "alphas": [1.0, 0.1], "nested": None, "n": 442}
ARRAYS = {
    "coef": np.array([1.5, -0.0, np.nan, 5e-324]),
    "codes": np.arange(6, dtype=np.int32).reshape(2, 3),
    "kept": np.array([True, False, True]),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "m.bridle"


@pytest.fixture
def saved(path: Path) -> Path:
    modelfile.write(path, "model", HEADER, ARRAYS)
    return path


def fails(path: str | os.PathLike[str], *words: str, kind: str | None = "model") -> str:
    """Reading fails with one clear sentence or two that contain the words."""
    with pytest.raises(ModelFileError) as caught:
        modelfile.read(path, kind)
    message = str(caught.value)
    assert message.endswith(".") and len(message) < 400 and "\n" not in message
    for word in words:
        assert word in message, message
    return message


def sealed(*parts: bytes) -> bytes:
    content = b"".join(parts)
    return content + b"sha256 " + hashlib.sha256(content).hexdigest().encode() + b"\n"


def temporaries(folder: Path) -> list[Path]:
    return list(folder.glob(".bridle-*"))


# What is written comes back


def test_round_trip(saved: Path) -> None:
    header, arrays = modelfile.read(saved, "model")
    assert header == HEADER
    assert list(arrays) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype and arrays[name].shape == array.shape
        assert arrays[name].tobytes() == array.tobytes()
        assert not arrays[name].flags.writeable


def test_the_beginning_tells_a_person_what_it_is(saved: Path) -> None:
    assert saved.read_bytes().split(b"\n")[0] == b"bridle model, format 1, needs bridle 0.1.0 or newer"


def test_the_seal_can_be_checked_by_other_tools(saved: Path) -> None:
    content = saved.read_bytes()
    assert content[-72:] == sealed(content[:-72])[-72:]
    start = content.index(b"\n", content.index(b"\n") + 1) + 1
    assert json.loads(content[start : content.index(b"\n", start)])["header"] == HEADER


def test_the_seal_can_be_checked_from_a_shell(saved: Path) -> None:
    """The commands in docs/model-file.md."""
    command = "head -n 1 m.bridle; head -c -72 m.bridle | sha256sum; tail -n 1 m.bridle; sed -n 3p m.bridle"
    said = subprocess.run(["sh", "-c", command], cwd=saved.parent, capture_output=True).stdout.split(b"\n")
    assert said[0].startswith(b"bridle model,")
    assert said[1].split()[0] == said[2].split()[1]
    assert json.loads(said[3])["header"] == HEADER


def test_arrays_are_aligned(saved: Path) -> None:
    content = saved.read_bytes()
    assert content.index(ARRAYS["codes"].tobytes()) % 64 == 0


def test_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in "ab":
        modelfile.write(tmp_path / name, "model", HEADER, ARRAYS)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((0, 5)),
        np.array(3.5),
        np.asfortranarray(np.arange(12.0).reshape(3, 4)),
        np.arange(20.0)[::-3],
        np.arange(5, dtype=">f8"),
        np.arange(5, dtype=">i4"),
        np.frombuffer(b"\x01\x02\x03", np.uint8),
        np.array([], dtype=bool),
        np.arange(7, dtype=np.int64),
        np.linspace(0, 1, 1001, dtype=np.float32),
    ],
    ids=lambda a: f"{a.dtype}-{a.shape}",
)
def test_every_layout(path: Path, array: np.ndarray[Any, Any]) -> None:
    modelfile.write(path, "model", {}, {"before": np.ones(3), "a": array, "after": np.ones(1)})
    back = modelfile.read(path)[1]["a"]
    assert back.shape == array.shape and back.dtype == array.dtype.newbyteorder("=")
    np.testing.assert_array_equal(back, array)


def test_nothing_at_all(path: Path) -> None:
    modelfile.write(path, "model", {}, {})
    assert modelfile.read(path) == ({}, {})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text() | st.just("$float"), inner, max_size=4)
    ),
    max_leaves=12,
)
shapes = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5)
some_arrays = st.dictionaries(
    st.text(),
    st.sampled_from(["f8", "f4", "i8", "i4", "?", "u1"]).flatmap(lambda t: hnp.arrays(t, shapes)),
    max_size=3,
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text(), json_values, max_size=5), some_arrays)
def test_law_read_inverts_write(tmp_path_factory: Any, header: Any, arrays: Any) -> None:
    path = tmp_path_factory.getbasetemp() / "law.bridle"
    modelfile.write(path, "model", header, arrays)
    header_back, back = modelfile.read(path)
    assert repr(header_back) == repr(header)  # repr: NaN differs from itself
    assert list(back) == list(arrays)
    for name in arrays:
        assert back[name].tobytes() == arrays[name].tobytes() and back[name].shape == arrays[name].shape


def test_numpy_scalars_tuples_and_what_json_lacks(path: Path) -> None:
    header = {"a": np.float64(0.1), "b": np.int32(3), "c": (1, 2), "d": np.bool_(True), "e": [math.inf]}
    modelfile.write(path, "model", header, {})
    assert modelfile.read(path)[0] == {"a": 0.1, "b": 3, "c": [1, 2], "d": True, "e": [math.inf]}
    assert b"NaN" not in path.read_bytes() and b"Infinity" not in path.read_bytes()


@pytest.mark.parametrize(
    ("header", "arrays", "words"),
    [
        ({"a": {"b": object()}}, {}, "header['a']['b']"),
        ({"a": {1: 2}}, {}, "header['a']"),
        ({"a": b"x"}, {}, "bytes"),
        ({"a": 1j}, {}, "complex"),
        ({}, {"z": np.array([1j])}, "'z'"),
        ({}, {"z": np.array(["a"])}, "'z'"),
        ({}, {"z": np.array([None])}, "object"),
        ({}, {"z": np.array(["2020-01-01"], "M8[D]")}, "'z'"),
    ],
)
def test_types_the_format_does_not_hold(
    path: Path, header: dict[str, Any], arrays: dict[str, Any], words: str
) -> None:
    with pytest.raises(UsageError, match=r"hold|keys") as caught:
        modelfile.write(path, "model", header, arrays)
    assert words in str(caught.value)
    assert not path.exists() and not temporaries(path.parent)


@pytest.mark.parametrize("kind", ["", "Model", "m\n", "a" * 40, "../x", "model "])
def test_kinds_are_plain_words(path: Path, kind: str) -> None:
    with pytest.raises(UsageError):
        modelfile.write(path, kind, {}, {})


# Damage


def test_every_byte_flipped(saved: Path) -> None:
    content = saved.read_bytes()
    for place in range(len(content)):
        for bit in (1 << place % 8, 0xFF, 0x20):
            damaged = bytearray(content)
            damaged[place] ^= bit
            saved.write_bytes(damaged)
            with pytest.raises(ModelFileError):
                modelfile.read(saved)


def test_every_truncation_and_every_addition(saved: Path) -> None:
    content = saved.read_bytes()
    for length in range(len(content)):
        saved.write_bytes(content[:length])
        with pytest.raises(ModelFileError):
            modelfile.read(saved)
    for extra in (b"\n", b"\x00", content):
        saved.write_bytes(content + extra)
        fails(saved, "damaged or cut short")


def test_two_bytes_swapped_a_block_zeroed_a_line_end_translated(saved: Path) -> None:
    content = saved.read_bytes()
    place = content.index(ARRAYS["codes"].tobytes())
    for damaged in (
        content[:place] + bytes(64) + content[place + 64 :],
        content.replace(b"\n", b"\r\n"),
        content[:place] + content[place + 1 : place + 2] + content[place : place + 1] + content[place + 2 :],
    ):
        if damaged != content:
            saved.write_bytes(damaged)
            fails(saved)


def test_a_newer_format_says_what_it_needs(path: Path) -> None:
    path.write_bytes(sealed(b"bridle model, format 2, needs bridle 0.7.0 or newer\n", b"whatever\n"))
    fails(path, "format 2", "bridle 0.7.0 or newer", "format 1")


def test_another_kind(path: Path) -> None:
    modelfile.write(path, "moments", {}, {})
    fails(path, "is a bridle moments file, not a bridle model file")
    assert modelfile.read(path) == ({}, {})


FIRST = b"bridle model, format 1, needs bridle 0.1.0 or newer\n"


def crafted(parts: Any, data: bytes = b"") -> bytes:
    text = (parts if isinstance(parts, bytes) else json.dumps(parts).encode()) + b"\n"
    return sealed(FIRST, b"%d %d\n" % (len(text), len(data)), text, data)


def one(**array: Any) -> Any:
    return {"header": {}, "arrays": [{"name": "a", "type": "float64", "shape": [1], **array}]}


@pytest.mark.parametrize(
    "content",
    [
        sealed(FIRST, b"999999999999999 999999999999999\n"),
        sealed(FIRST, b"99999999999999999999999999 0\n"),
        sealed(FIRST, b"-1 1\n"),
        sealed(FIRST),
        sealed(FIRST, b"0 0\n"),
        crafted(b""),
        crafted(b"{}"),
        crafted(b"[]"),
        crafted(b"[" * 100_000),
        crafted(b'{"header": ' + b'{"a":' * 100_000),
        crafted(b'{"header": {"a": NaN}, "arrays": []}'),
        crafted(b'{"header": {"a": {"$float": "1"}}, "arrays": []}'),
        crafted(b'{"header": {"a": ' + b"9" * 10_000 + b'}, "arrays": []}'),
        crafted(b"\xff\xfe"),
        crafted({"header": [], "arrays": []}),
        crafted({"header": {}, "arrays": {"a": 1}}),
        crafted({"header": {}, "arrays": 3}),
        crafted(one(shape=[10**12]), bytes(64)),
        crafted(one(shape=[10**30, 10**30]), bytes(64)),
        crafted(one(shape=[0, 10**30])),
        crafted(one(shape=[-1]), bytes(64)),
        crafted(one(shape=[True]), bytes(64)),
        crafted(one(shape=[1.0]), bytes(64)),
        crafted(one(shape=[1] * 200), bytes(64)),
        crafted(one(shape="8"), bytes(64)),
        crafted(one(type="object"), bytes(64)),
        crafted(one(type="O"), bytes(64)),
        crafted(one(type=["float64"]), bytes(64)),
        crafted(one(type="bool"), b"\x02" + bytes(63)),
        crafted(one(name=1), bytes(64)),
        crafted(one(), bytes(128)),
        crafted(one(), bytes(8)),
        crafted({"header": {}, "arrays": one()["arrays"] * 2}, bytes(128)),
    ],
    ids=lambda content: repr(content[len(FIRST) : len(FIRST) + 60]),
)
def test_a_header_that_lies(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    before = time.perf_counter()
    fails(path)
    assert time.perf_counter() - before < 1


class Bomb:
    def __reduce__(self) -> Any:
        return (os.mkdir, (os.environ["BRIDLE_BOMB"],))


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_is_never_opened(path: Path, tmp_path: Path, protocol: int, monkeypatch: Any) -> None:
    monkeypatch.setenv("BRIDLE_BOMB", str(tmp_path / "bomb"))
    path.write_bytes(pickle.dumps(Bomb(), protocol))
    fails(path)
    if protocol >= 2:
        fails(path, "pickle")
    path.write_bytes(crafted(pickle.dumps(Bomb(), protocol)))
    fails(path)
    assert not (tmp_path / "bomb").exists()


def test_what_else_comes_along(path: Path) -> None:
    for content, words in (
        (b"", "empty"),
        (b"\n \n", "empty"),
        (b"age,bmi\n1,2\n", "a table or a text"),
        (b"a model", "a text"),
        (b"\xef\xbb\xbfage;bmi\n", "a table or a text"),
        ("größe,maß\n".encode(), "a table or a text"),
        (b"\x00" * 500, "binary"),
        (b"PAR1" + bytes(50), "Parquet"),
        (b'{"model": 1}', "JSON"),
        (gzip.compress(b"bridle model, format 1"), "gzip"),
        (os.urandom(20) + b"\x00", "binary"),
        (b"bridle model", "not a bridle file"),
        (b"bridle model, format 1, needs bridle 0.1.0 or newer", "damaged or cut short"),
    ):
        path.write_bytes(content)
        fails(path, words)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model", b"x")
    fails(path, "zip")


def test_what_is_no_file(tmp_path: Path) -> None:
    fails(tmp_path, "a directory")
    fails(tmp_path / "nothing.bridle", "There is no file")
    fails("", "There is no file")
    fails("/dev/zero", "a device")
    fails(str(tmp_path / "a\x00b"), "cannot be read")
    fails(tmp_path / ("x" * 300), "cannot be read")
    (tmp_path / "loop").symlink_to("loop")
    fails(tmp_path / "loop", "cannot be read")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        fails(tmp_path / "s", "a socket")
    (tmp_path / "two\nlines").write_bytes(b"a")
    fails(tmp_path / "two\nlines", "two\\nlines")


def test_a_pipe_never_hangs(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    signal.alarm(5)
    try:
        fails(tmp_path / "pipe", "a pipe")
        with pytest.raises(ModelFileError, match="pipe"):
            modelfile.write(tmp_path / "pipe", "model", {}, {})
    finally:
        signal.alarm(0)


def test_a_huge_file_of_something_else_is_not_read(path: Path) -> None:
    with path.open("wb") as file:
        file.write(b"age,bmi\n")
        file.truncate(1 << 40)
    before = time.perf_counter()
    fails(path, "not a bridle file")
    assert time.perf_counter() - before < 1


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user to be")
def test_permission_denied(saved: Path, tmp_path: Path) -> None:
    saved.chmod(0o600)
    tmp_path.chmod(0o755)
    for folder in tmp_path.parents:
        if folder.stat().st_uid == os.geteuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o055)
    code = f"""
import os
from bridle import modelfile
from bridle.errors import ModelFileError
os.seteuid(65534)
path = {str(saved)!r}
for act in (lambda: modelfile.read(path), lambda: modelfile.write(path, "model", {{}}, {{}})):
    try:
        act()
    except ModelFileError as problem:
        print(problem)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "cannot be read: permission denied." in done.stdout
    assert "cannot be written" in done.stdout
    assert modelfile.read(saved)[0] == HEADER


# Writing in place


def test_permissions_of_a_new_file_follow_the_umask(tmp_path: Path) -> None:
    for mask in (0o022, 0o077, 0o002):
        old = os.umask(mask)
        try:
            modelfile.write(tmp_path / f"{mask}", "model", {}, {})
        finally:
            os.umask(old)
        assert stat.S_IMODE((tmp_path / f"{mask}").stat().st_mode) == 0o666 & ~mask


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664])
def test_a_replaced_file_keeps_its_permissions(saved: Path, mode: int) -> None:
    saved.chmod(mode)
    modelfile.write(saved, "model", {"new": 1}, {})
    assert stat.S_IMODE(saved.stat().st_mode) == mode
    assert modelfile.read(saved)[0] == {"new": 1}


@pytest.mark.skipif(os.geteuid() != 0, reason="only the administrator gives files away")
def test_a_replaced_file_keeps_its_owner(saved: Path) -> None:
    os.chown(saved, 65534, 65534)
    modelfile.write(saved, "model", {}, {})
    assert (saved.stat().st_uid, saved.stat().st_gid) == (65534, 65534)


def test_a_symbolic_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real/m.bridle")
    for value in (1, 2):
        modelfile.write(tmp_path / "link", "model", {"value": value}, {})
        assert (tmp_path / "link").is_symlink()
        assert modelfile.read(tmp_path / "real/m.bridle")[0] == {"value": value}
    assert not temporaries(tmp_path) and not temporaries(tmp_path / "real")


def test_a_bare_name_and_a_long_one(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("m.bridle", "ä" * 120, "-", "a b"):
        modelfile.write(name, "model", {}, {})
        assert modelfile.read(name) == ({}, {})


def test_what_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").write_text("x")
    for place, words in (
        (tmp_path, "a directory"),
        (tmp_path / "no" / "m.bridle", "its folder does not exist"),
        (tmp_path / "file" / "m.bridle", "not a directory"),
        ("/dev/null", "a device"),
        (tmp_path / "loop", "circle"),
        (f"{tmp_path}/new/", "folder"),
        ("", "cannot be written"),
        (str(tmp_path / "a\x00"), "cannot be written"),
        (tmp_path / ("x" * 300), "too long"),
    ):
        with pytest.raises(ModelFileError, match=words):
            modelfile.write(place, "model", {}, {})
    assert not temporaries(tmp_path)
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize("call", ["write", "fsync", "replace", "fchmod", "open"])
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), KeyboardInterrupt()])
def test_any_failure_keeps_the_old_file(
    saved: Path, monkeypatch: Any, call: str, error: BaseException
) -> None:
    before = saved.read_bytes()

    def broken(*arguments: Any, **keywords: Any) -> Any:
        raise error

    monkeypatch.setattr(os, call, broken)
    with pytest.raises((ModelFileError, KeyboardInterrupt)) as caught:
        modelfile.write(saved, "model", {"new": 1}, ARRAYS)
    monkeypatch.undo()
    if isinstance(error, OSError):
        assert "no space left on device" in str(caught.value)
    assert saved.read_bytes() == before
    assert os.listdir(saved.parent) == [saved.name]


def test_short_writes_are_continued(path: Path, monkeypatch: Any) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, piece: write(file, bytes(piece)[:7]))
    modelfile.write(path, "model", HEADER, ARRAYS)
    monkeypatch.undo()
    assert modelfile.read(path)[0] == HEADER


def run_limited(path: Path, setup: str) -> str:
    code = f"""
{setup}
import numpy as np
from bridle import modelfile
from bridle.errors import ModelFileError
try:
    modelfile.write({str(path)!r}, "model", {{"new": 1}}, {{"a": np.ones(10**6)}})
except ModelFileError as problem:
    print(problem)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout


def test_a_limit_on_the_size_of_files(saved: Path) -> None:
    before = saved.read_bytes()
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))"
    assert "cannot be written: file too large." in run_limited(saved, limit)
    assert saved.read_bytes() == before
    assert os.listdir(saved.parent) == [saved.name]


def test_a_full_disk(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "bridle-test", str(disk)], capture_output=True
    )
    if not mounted or mounted.returncode:
        pytest.skip("no right to mount a small disk")
    try:
        modelfile.write(disk / "m.bridle", "model", HEADER, ARRAYS)
        before = (disk / "m.bridle").read_bytes()
        assert "cannot be written: no space left on device." in run_limited(disk / "m.bridle", "")
        assert (disk / "m.bridle").read_bytes() == before
        assert os.listdir(disk) == ["m.bridle"]
    finally:
        subprocess.run(["umount", str(disk)], check=True)


SAVER = """
import sys
import numpy as np
from bridle import modelfile
print("ready", flush=True)
version = 0
while True:
    version += 1
    modelfile.write(sys.argv[1], "model", {"version": version}, {"a": np.full(40_000, float(version))})
"""


def test_killed_at_any_moment_of_saving(path: Path) -> None:
    """Old file or new file, whole, after each of many kills."""
    chance = random.Random(0)
    last = 0
    for _ in range(25):
        child = subprocess.Popen([sys.executable, "-c", SAVER, str(path)], stdout=subprocess.PIPE)
        assert child.stdout is not None and child.stdout.readline() == b"ready\n"
        deadline = time.monotonic() + 10
        while not path.exists() and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(chance.random() * 0.03)
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        header, arrays = modelfile.read(path, "model")
        assert (arrays["a"] == header["version"]).all()
        last = max(last, header["version"])
    assert last > 1
    assert temporaries(path.parent)  # some of the kills came while a file was being written


def test_a_reader_never_sees_a_torn_file(path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", SAVER, str(path)], stdout=subprocess.PIPE)
    try:
        assert child.stdout is not None and child.stdout.readline() == b"ready\n"
        seen = set()
        deadline = time.monotonic() + 10
        while len(seen) < 20 and time.monotonic() < deadline:
            if path.exists():
                header, arrays = modelfile.read(path, "model")
                assert (arrays["a"] == header["version"]).all()
                seen.add(header["version"])
        assert len(seen) >= 2
    finally:
        child.kill()
        child.wait()
        assert child.stdout is not None
        child.stdout.close()
