"""A process of its own for every hostile case, at the price of a fork.

Server processes load bridle once; for every case it forks a child with a limit on its memory, which tries the ways to
fit one after another. A crash, a hang or a memory blow-up is the failure of that way alone: the next child goes on
with the rest.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

HERE = Path(__file__).parent
if str(HERE) not in sys.path:  # the tests share hostile_kit.py, and so does the server
    sys.path.insert(0, str(HERE))


SERVERS = 2


class Server:
    """One server process and the cases that it is asked for."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "hostile_server.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, file: str, function: str, case: str, ways: Sequence[str]) -> dict[str, str]:
        """What went wrong by way; "" where nothing did."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps([file, function, case, list(ways)]) + "\n")
        self.process.stdin.flush()
        found: dict[str, str] = json.loads(self.process.stdout.readline())
        return found

    def close(self) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()


class Outcomes:
    """What is known; the first question about a check has all its cases tried, by two servers."""

    def __init__(self) -> None:
        self.idle: SimpleQueue[Server] = SimpleQueue()
        self.pool = ThreadPoolExecutor(SERVERS)
        self.servers: list[Server] = []
        self.known: dict[tuple[str, str, str], dict[str, str]] = {}

    def of(
        self, file: str, function: str, case: str, way: str, cases: Iterable[str], ways: Sequence[str]
    ) -> str:
        if (file, function, case) not in self.known:
            if not self.servers:
                self.servers = [Server() for _ in range(SERVERS)]
                for server in self.servers:
                    self.idle.put(server)
            asked = list(cases)
            for one, found in zip(
                asked, self.pool.map(lambda one: self._ask(file, function, one, ways), asked)
            ):
                self.known[file, function, one] = found
        return self.known[file, function, case][way]

    def _ask(self, file: str, function: str, case: str, ways: Sequence[str]) -> dict[str, str]:
        server = self.idle.get()
        try:
            return server.ask(file, function, case, ways)
        finally:
            self.idle.put(server)

    def close(self) -> None:
        self.pool.shutdown()
        for server in self.servers:
            server.close()


@pytest.fixture(scope="session")
def outcomes() -> Iterator[Outcomes]:
    own = Outcomes()
    yield own
    own.close()


@pytest.fixture
def alone(outcomes: Outcomes) -> Callable[..., None]:
    """alone(check, case, way, cases, ways): check(case, way) in a process of its own, beside the other cases and ways."""

    def run(
        check: Callable[[str, str], Any], case: str, way: str, cases: Iterable[str], ways: Sequence[str]
    ) -> None:
        wrong = outcomes.of(check.__code__.co_filename, check.__name__, case, way, cases, ways)
        if wrong:
            pytest.fail(wrong, pytrace=False)

    return run
