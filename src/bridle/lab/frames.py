"""The pieces of a stream: uint32 length of what follows (little-endian), one byte of kind, the content.

Kinds are "P" (progress: JSON {stage, share}), "S" (what there is so far), "R" (the result), both the bytes of ``wire``, and
"E" (an error: JSON {message}).
"""

from __future__ import annotations

import json
import struct
from typing import Any

PROGRESS, PARTIAL, RESULT, ERROR = b"P", b"S", b"R", b"E"


def frame(kind: bytes, content: bytes) -> bytes:
    """One piece of a stream."""
    return struct.pack("<I", 1 + len(content)) + kind + content


def message(kind: bytes, **fields: Any) -> bytes:
    """A frame of JSON."""
    return frame(kind, json.dumps(fields, allow_nan=False).encode())


def frames(content: bytes) -> list[tuple[bytes, bytes]]:
    """The frames of a whole stream.

    Raises
    ------
    ValueError
        For a stream that ends in the middle of one.
    """
    out, at = [], 0
    while at < len(content):
        end = at + 4 + (struct.unpack_from("<I", content, at)[0] if at + 5 <= len(content) else len(content))
        if end > len(content) or end < at + 5:
            raise ValueError("The stream ends in the middle of a frame.")
        out.append((content[at + 4 : at + 5], content[at + 5 : end]))
        at = end
    return out


__all__ = ["ERROR", "PARTIAL", "PROGRESS", "RESULT", "frame", "frames", "message"]
