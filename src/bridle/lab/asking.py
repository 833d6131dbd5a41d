"""What a key asks of a person's own table: rows, roles, family, and the lines that give the same numbers elsewhere."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from ..errors import UsageError
from ..families import Family, family_named
from ..table import Note, Table
from ..table.roles import read_offset
from .following import Followed
from .holding import apart
from .keys import Key, number_text
from .refusing import check, check_classes, check_folds, check_offset
from .roles import read_roles
from .suiting import AUTO, Target, proposed, read_it
from .tables import Tables
from .work import Lesson, Progress

MOST_NOTES = 200
_PYTHON_FIT = ("weights", "groups", "order", "offset", "ignore", "types")


class Asked:
    """What a key asks of a table: the rows to learn from, those put away, and the arguments of the fit.

    ``family`` is the one that is fitted; ``given`` what ``bridle.fit`` is told of it, None where it proposes one itself.
    """

    def __init__(self, key: Key, progress: Progress, tables: Tables) -> None:
        self.key, self.held = key, tables.get(str(key.values["table"]))
        self.table = tables.read(self.held.id, progress)
        self.arguments = read_roles(str(key.values["roles"])).arguments(self.table.names)
        if "target" not in self.arguments:
            raise UsageError("Which column is the target? Choose the one to predict.")
        self.share, self.seed = float(key.values["share"]), int(key.values["seed"])
        self.rule = str(key.values["rule"])
        asked = str(key.values["family"])
        self.given = None if asked == AUTO else family_named(asked).text
        whole = self._target(self.table)
        self.family: Family = proposed(whole) if self.given is None else family_named(self.given)
        check(whole, self.family, self.table)
        if "offset" in self.arguments:
            name = self.arguments["offset"]
            check_offset(name, read_offset(self.table, name), self.family)
        self.hold_text = ""
        self.learn: Table = self.table
        self.test: Table | None = None
        if self.share > 0:
            progress("putting rows away", 0.0)
            by = {name: self.arguments.get(name) for name in ("groups", "order")}
            rows, held, self.hold_text = apart(self.table, self.share, self.seed, **by)
            self.learn = Followed(self.table.take(rows), progress)
            self.test = Followed(self.table.take(held), progress)
        if self.family.classes:
            learned = self._target(self.learn)
            check_classes(learned, self.learn)
            check_folds(
                learned, self.learn, self.arguments.get("groups"), self.arguments.get("order"), self.seed
            )

    def _target(self, table: Table) -> Target:
        name = self.arguments["target"]
        return read_it(table, name, self.arguments.get("types", {}).get(name))

    @property
    def source(self) -> str:
        """What the shell and Python call the file: its path where the person gave one, its name otherwise."""
        return self.held.name if self.held.own else self.held.path

    def python(self, call: str, after: tuple[str, ...]) -> str:
        """The lines that give the same numbers; ``call`` takes what follows the table."""
        if self.share > 0:
            extra = "".join(
                f", {name}={self.arguments[name]!r}" for name in ("groups", "order") if name in self.arguments
            )
            lines = [
                "import bridle",
                "from bridle.lab.yours import hold_out",
                f"learn, test = hold_out({self.source!r}, {number_text(self.share)}, seed={self.seed}{extra})",
            ]
            data = "learn"
        else:
            lines, data = ["import bridle"], repr(self.source)
        return "\n".join([*lines, call.format(data=data, roles=self._roles()), *after])

    def _roles(self) -> str:
        said = {"target": self.arguments["target"]} | {
            name: self.arguments[name] for name in _PYTHON_FIT if name in self.arguments
        }
        return "".join(f"{name}={value!r}, " for name, value in {**said, **self._family()}.items())

    def _family(self) -> Mapping[str, str]:
        """What a call has to say of the family: nothing of squared error, which is what numbers get anyway."""
        return {} if self.family.text == "squared" else {"family": self.family.text}

    def shell(self, ratio: float) -> str:
        """The same fit on all rows, as a command."""
        words = ["bridle", "fit", self.source if not self.source.startswith("-") else f"./{self.source}"]
        for name in ("target", "weights", "groups", "order", "offset"):
            if name in self.arguments:
                words += [f"--{name}", self.arguments[name]]
        for name in self.arguments.get("ignore", ()):
            words += ["--ignore", name]
        for name, kind in self.arguments.get("types", {}).items():
            words += ["--type", f"{name}={kind}"]
        for name, value in self._family().items():
            words += [f"--{name}", value]
        words += ["--l1-ratio", number_text(ratio), "--seed", str(self.seed), "--no-nested"]
        words += ["--rule", self.rule] if self.rule != "min" else []
        return " ".join(map(shlex.quote, words))


def about(key: Key, tables: Tables, table: Table, arguments: Mapping[str, Any]) -> Lesson:
    """What every lesson on a table begins with."""
    held = tables.get(str(key.values["table"]))
    return {
        "key": str(key),
        "dataset": held.id,
        "title": held.name,
        "bytes": held.size,
        "target": arguments.get("target", ""),
        "unit": "",
        "n_rows": table.n_rows,
    }


def noted(notes: tuple[Note, ...]) -> list[dict[str, Any]]:
    """Warnings first; a page has no room for thousands."""
    ordered = sorted(notes, key=lambda note: not note.warning)[:MOST_NOTES]
    return [
        {"kind": n.kind, "column": n.variable or "", "text": n.text, "warning": n.warning} for n in ordered
    ]


__all__ = ["Asked", "about", "noted"]
