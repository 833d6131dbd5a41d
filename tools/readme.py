"""Writes the demo's output into README.md, or with --check says whether what stands there is still true."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).parent.parent
START, END = "<!-- demo -->\n```text\n", "```\n<!-- /demo -->"


def demo() -> str:
    """What `make demo` prints on stdout, run in an empty folder."""
    bridle = [sys.executable, "-m", "bridle"]
    env = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}
    with tempfile.TemporaryDirectory() as folder:
        table = pathlib.Path(folder, "demo", "diabetes.csv")
        table.parent.mkdir()
        run = {"cwd": folder, "env": env, "check": True, "capture_output": True}
        table.write_bytes(subprocess.run([*bridle, "example", "diabetes"], **run).stdout)  # type: ignore[call-overload]
        fit = [*bridle, "fit", "demo/diabetes.csv", "--target", "progression"]
        fit += ["--report", "demo/report.html", "--model", "demo/model.bridle"]
        text: str = subprocess.run(fit, **run).stdout.decode()  # type: ignore[call-overload]
    return "".join(line.rstrip() + "\n" for line in text.splitlines())


def main() -> int:
    """0 when the README is (now) true."""
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    before, rest = text.split(START)
    shown, after = rest.split(END)
    now = demo()
    if "--check" in sys.argv:
        if shown != now:
            print("README.md shows another output than the demo prints; run `make readme`.", file=sys.stderr)
        return int(shown != now)
    readme.write_text(before + START + now + END + after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
