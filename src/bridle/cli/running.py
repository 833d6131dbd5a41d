"""What every command shares: exit statuses, errors as sentences, and the two streams."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import warnings
from collections.abc import Callable, Iterable
from typing import Any, NoReturn, TextIO

import click

from ..errors import BridleError, FileError, NotCertifiedWarning

BUG, USAGE, BAD_DATA, NOT_CERTIFIED, INTERRUPTED = 1, 2, 3, 4, 130
ERROR_SCHEMA = "bridle.error/1"


class ReaderGone(Exception):
    """Whoever read standard output has stopped."""


def run(program: click.Command, arguments: list[str] | None = None) -> int:
    """Run the program; whatever happens becomes an exit status and at most one message, never a traceback."""
    given = sys.argv[1:] if arguments is None else arguments
    as_json = "--json" in given
    try:
        with warnings.catch_warnings():
            _quiet_warnings()
            status = program.main(given, "bridle", standalone_mode=False)
            _flush()
            return status if isinstance(status, int) else 0
    except (KeyboardInterrupt, click.Abort):
        return _fail("Interrupted.", "Interrupted", INTERRUPTED, False)
    except ReaderGone:
        _die_of_broken_pipe()
    except click.ClickException as problem:
        if type(problem).__name__ == "NoArgsIsHelpError":
            say(problem.format_message())
            return USAGE
        return _fail(_usage(problem), "UsageError", problem.exit_code, as_json)
    except BridleError as problem:
        _traceback()
        return _fail(str(problem), type(problem).__name__, problem.code, as_json)
    except MemoryError:
        _traceback()
        return _fail("There is not enough memory for these data.", "MemoryError", BAD_DATA, as_json)
    except Exception as problem:
        where = (
            ""
            if _traceback()
            else " Run it again with BRIDLE_TRACEBACK=1 to see where, and please report it."
        )
        what = f"This is a bug in bridle ({type(problem).__name__}: {problem})."
        return _fail(what + where, type(problem).__name__, BUG, as_json)


def say(text: str) -> None:
    """A line on standard error; characters that would steer the terminal are shown as escapes."""
    if sys.stderr is not None:
        _write(sys.stderr, "".join(_shown(c) for c in text) + "\n", errors="backslashreplace")


def put(text: str) -> None:
    """Text for a person on standard output, in its encoding."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    put_bytes([text.encode(encoding, "replace")])


def put_json(record: dict[str, Any]) -> None:
    """One JSON object on standard output."""
    put_bytes([json.dumps(record, indent=2, allow_nan=False).encode(), b"\n"])


def put_screen(subject: Any, render: Callable[..., str]) -> None:
    """A text for people, ``render(subject, width, color, ascii_only=...)``, as wide as the terminal lets it be."""
    import shutil

    width = min(shutil.get_terminal_size().columns, 100) if is_terminal(sys.stdout) else 80
    put(render(subject, width, colored(sys.stdout), ascii_only=ascii_only(sys.stdout)))


def put_bytes(pieces: Iterable[bytes]) -> None:
    """Data on standard output, as bytes."""
    if sys.stdout is None:
        raise FileError("There is no standard output to write to.")
    stream = getattr(sys.stdout, "buffer", None)
    try:
        sys.stdout.flush()
        for piece in pieces:
            sys.stdout.write(piece.decode()) if stream is None else stream.write(piece)
        sys.stdout.flush()
    except BrokenPipeError as problem:
        raise ReaderGone from problem
    except OSError as problem:
        _abandon_stdout()
        reason = (problem.strerror or str(problem)).lower()
        raise FileError(f"Standard output cannot be written: {reason}.") from problem


def colored(stream: TextIO | None) -> bool:
    """Whether a stream takes colours: a terminal that is not told otherwise (https://no-color.org)."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person looks at the stream."""
    return stream is not None and not stream.closed and stream.isatty()


def ascii_only(stream: TextIO | None) -> bool:
    """Whether a stream's encoding lacks the signs of a summary."""
    try:
        "█±✓−⚠é".encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return True
    return False


def _fail(message: str, kind: str, status: int, as_json: bool) -> int:
    if as_json:
        error = {"kind": kind, "message": message, "exit_status": status}
        with contextlib.suppress(ReaderGone, FileError):  # standard output may be what failed
            put_json({"schema": ERROR_SCHEMA, "error": error})
    say(f"bridle: {message}")
    return status


def _usage(problem: click.ClickException) -> str:
    message = problem.format_message().strip()
    context = getattr(problem, "ctx", None)
    path = context.command_path if context is not None else "bridle"
    return f"{message}{'' if message.endswith(('.', '?')) else '.'} See {path} --help."


def _quiet_warnings() -> None:
    """No library's warnings between a person and the answer; bridle's own as a sentence."""
    if os.environ.get("BRIDLE_TRACEBACK"):
        return
    warnings.simplefilter("ignore")
    warnings.simplefilter("always", NotCertifiedWarning)
    warnings.showwarning = lambda message, *rest, **more: say(f"warning: {message}")


def _traceback() -> bool:
    """Print the traceback of the error at hand, where it is asked for."""
    if not os.environ.get("BRIDLE_TRACEBACK"):
        return False
    import traceback

    say(traceback.format_exc())
    return True


def _shown(character: str) -> str:
    return character if character.isprintable() or character in "\n\t" else ascii(character)[1:-1]


def _write(stream: TextIO, text: str, errors: str) -> None:
    encoding = stream.encoding or "utf-8"
    with contextlib.suppress(OSError, ValueError):  # nobody listens
        stream.write(text.encode(encoding, errors).decode(encoding))
        stream.flush()


def _flush() -> None:
    if sys.stdout is not None:
        put_bytes([])


def _abandon_stdout() -> None:
    """Let nothing more reach a standard output that failed, not even when Python ends."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _die_of_broken_pipe() -> NoReturn:
    """End in silence, as tools do whose reader has gone: by the signal, where there is one."""
    import signal

    _abandon_stdout()
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGPIPE)
    raise SystemExit(BUG)
