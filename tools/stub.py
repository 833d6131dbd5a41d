"""Writes src/bridle/_core.pyi from the compiled module, or with --check says whether it is up to date."""

from __future__ import annotations

import pathlib
import sys

from nanobind.stubgen import StubGen

import bridle._core as core

TARGET = pathlib.Path(__file__).parent.parent / "src" / "bridle" / "_core.pyi"


def main() -> int:
    """0 when the stub is (now) true."""
    generator = StubGen(core)
    generator.put(core)
    text = generator.get()
    if "--check" not in sys.argv:
        TARGET.write_text(text)
        return 0
    if TARGET.exists() and TARGET.read_text() == text:
        return 0
    print(f"{TARGET.name} is not what the compiled module says; run `make stub`.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
