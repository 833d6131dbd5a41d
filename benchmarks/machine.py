"""The machine and the versions that a measurement belongs to."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from . import environments

PACKAGES = ("bridle", "numpy", "scipy", "scikit-learn", "joblib")


def describe(threads: int) -> dict[str, Any]:
    """What a reader needs to judge the numbers by."""
    return {
        "cpu": _field("/proc/cpuinfo", "model name") or platform.processor(),
        "cores": os.cpu_count(),
        "threads": threads,
        "memory_gib": round(int((_field("/proc/meminfo", "MemTotal") or "0").split()[0]) / 2**20, 1),
        "system": f"{platform.system()} {platform.release()}",
        "load_before": os.getloadavg()[0],
        "python": platform.python_version(),
        **{name: _version(name) for name in PACKAGES},
        "commit": _output(["git", "rev-parse", "--short", "HEAD"]),
        "peers": {**environments.versions(), **r_versions()},
    }


def r_versions() -> dict[str, Any]:
    """Versions of R, glmnet and doMC as far as they are installed."""
    script = (
        'cat("R", as.character(getRversion()), "\\n"); for (p in c("glmnet", "doMC")) '
        'if (requireNamespace(p, quietly = TRUE)) cat(p, as.character(packageVersion(p)), "\\n")'
    )
    lines = _output(["Rscript", "--vanilla", "-e", script]).splitlines()
    return dict(line.split() for line in lines if line)


def spread(threads: int) -> list[int]:
    """CPUs to run on: as many as threads, on cores of their own where there are enough."""
    available = sorted(os.sched_getaffinity(0))
    chosen: dict[str, int] = {}
    for cpu in available:
        file = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        chosen.setdefault(file.read_text() if file.exists() else str(cpu), cpu)
    rest = [cpu for cpu in available if cpu not in chosen.values()]
    return [*chosen.values(), *rest][:threads]


def _field(file: str, name: str) -> str | None:
    try:
        lines = Path(file).read_text().splitlines()
    except OSError:
        return None
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), None)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _output(command: list[str]) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
