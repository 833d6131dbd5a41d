"""scikit-learn's own tests, and these tests on its oldest version, run beside the others, in processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
OLDEST = ROOT / "build" / "sklearn-oldest"
# scikit-learn's test files by the process that runs them.
FILES = {
    "descent": ("tests.test_coordinate_descent",),
    "ridge": ("tests.test_ridge",),
    "generalized": ("tests.test_logistic", "_glm.tests.test_glm", "tests.test_huber"),
}
PARTS = ("checks", "interface", "agreement", "generalized_interface", "generalized_agreement")
TIMEOUT = 900  # seconds


@dataclass
class Run:
    """A pytest in the background."""

    process: subprocess.Popen[str]
    log: Path
    summary: Path | None = None

    def output(self) -> str:
        """What it printed, once it has ended."""
        self.process.wait(TIMEOUT)
        return self.log.read_text()

    def outcome(self) -> dict[str, Any]:
        """What the plugin left."""
        output = self.output()
        assert self.summary is not None and self.summary.exists(), (
            f"scikit-learn's tests did not run:\n{output}"
        )
        found: dict[str, Any] = json.loads(self.summary.read_text())
        assert self.process.returncode in (0, 1), output
        return found


def start(name: str, arguments: list[str], folder: Path, path: list[Path], plugin: bool) -> Run:
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("SKLEARN_", "PYTEST_"))
    }
    # One thread each: two processes that spin for the same processor are far slower than one after the other.
    environment.update({"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"})
    environment["PYTHONPATH"] = os.pathsep.join([*map(str, path), os.environ.get("PYTHONPATH", "")]).rstrip(
        os.pathsep
    )
    summary = folder / f"{name}.json" if plugin else None
    if summary is not None:
        environment["BRIDLE_UPSTREAM"] = str(summary)
    log = folder / f"{name}.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", *arguments],
            cwd=ROOT,
            env=environment,
            text=True,
            stdout=out,
            stderr=out,
        )
    return Run(process, log, summary)


def start_upstream(name: str, folder: Path, path: list[Path], without: tuple[str, ...] = ()) -> list[Run]:
    return [
        start(
            f"{name}-{group}",
            [
                "-c",
                str(HERE / "upstream.ini"),
                "-p",
                "upstream",
                "--pyargs",
                *(f"sklearn.linear_model.{file}" for file in files if file not in without),
            ],
            folder,
            [HERE, *path],
            plugin=True,
        )
        for group, files in FILES.items()
    ]


@pytest.fixture(scope="session", autouse=True)
def runs(request: pytest.FixtureRequest) -> Iterator[dict[str, list[Run]]]:
    """Started before the first test, where a test asks for them."""
    asked = {item.path.name for item in request.session.items}
    out: dict[str, list[Run]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if "test_upstream.py" in asked:
            out["upstream"] = start_upstream("upstream", folder, [])
        if "test_versions.py" in asked and (OLDEST / "sklearn").exists():
            # There test_logistic takes its classes from a private module, where nothing is replaced.
            out["oldest upstream"] = start_upstream("oldest", folder, [OLDEST], ("tests.test_logistic",))
            files = [str(HERE / f"test_{part}.py") for part in PARTS]
            # One sparse and one dense way to store a matrix are enough here.
            some = ["-p", "no:cacheprovider", "-k", "not (csr_ or csc_matrix or F-order or square)"]
            out["oldest"] = [start("oldest", [*files, *some], folder, [OLDEST], plugin=False)]
        yield out
        for run in (run for several in out.values() for run in several):
            if run.process.poll() is None:
                run.process.kill()
                run.process.wait()


def joined(runs: list[Run]) -> dict[str, Any]:
    """The outcomes of several files as one."""
    parts = [run.outcome() for run in runs]
    total: dict[str, Any] = {key: parts[0][key] for key in ("version", "reasons")}
    for key in ("outcomes", "skip_reasons", "calls"):
        total[key] = sum((Counter(part[key]) for part in parts), Counter())
    for key in ("failed", "skipped", "skipped_by_bridle"):
        total[key] = sorted(name for part in parts for name in part[key])
    total["deselected"] = {
        pattern: sorted(name for part in parts for name in part["deselected"][pattern])
        for pattern in parts[0]["deselected"]
    }
    for key in ("run", "tests_that_called"):
        total[key] = sum(part[key] for part in parts)
    total["output"] = "\n".join(run.output()[-6000:] for run in runs if run.process.returncode)
    return total


@pytest.fixture(scope="session")
def upstream(runs: dict[str, list[Run]]) -> dict[str, Any]:
    """The outcome of scikit-learn's own tests on its pinned version."""
    return joined(runs["upstream"])


@pytest.fixture(scope="session")
def oldest_upstream(runs: dict[str, list[Run]]) -> dict[str, Any]:
    """The same on the oldest supported version."""
    needs_oldest()
    return joined(runs["oldest upstream"])


def needs_oldest() -> None:
    if (OLDEST / "sklearn").exists():
        return
    message = f"There is no scikit-learn in {OLDEST.relative_to(ROOT)}: `make {OLDEST.relative_to(ROOT)}` installs it."
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def oldest_run(runs: dict[str, list[Run]]) -> Run:
    """These tests on the oldest supported version."""
    needs_oldest()
    return runs["oldest"][0]
