"""A network's page, console text and JSON, registered with ``bridle.report`` and its kin."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from .. import __version__
from ..reporting.page import page_of
from ..reporting.record import errors_record, notes_record, record_of, selection_record
from ..reporting.terminal import Layout, text_of
from .model import NetworkModel
from .report_layout import page_values
from .report_words import UNPROVEN, NetworkSummary, network_summary, plain_strengths

if TYPE_CHECKING:
    from rich.console import Console

SCHEMA = "bridle.fit-network/1"


@page_of.register
def _page(model: NetworkModel) -> str:
    values = page_values(model, network_summary(model))
    return str(_template().render(css=_read("bridle.reporting", "report.css"), version=__version__, **values))


@cache
def _template() -> Any:
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    from ..reporting.page import raised, tabular

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters["svg"] = Markup  # bridle's own SVG and CSS; names were escaped where the SVG was made
    environment.filters["raised"] = raised
    environment.filters["tabular"] = tabular
    return environment.from_string(_read("bridle.torch", "network.html.j2"))


@cache
def _read(package: str, name: str) -> str:
    return (files(package) / "templates" / name).read_text(encoding="utf-8")


@text_of.register(NetworkModel)
def _text(model: NetworkModel, screen: Console, ascii_only: bool) -> None:
    said = network_summary(model)
    layout = _Layout(screen, ascii_only)
    layout.answer(said)
    layout.errors(
        said, said.scale.name + (f", in units of {said.scale.target}" if said.scale.squared else "")
    )
    layout.network(said)
    layout.remarks(said)
    layout.statement(said)


class _Layout(Layout):
    """The parts that only a network has."""

    def network(self, said: NetworkSummary) -> None:
        self.heading("The network", said.method.removeprefix("network with "))
        self.paragraph(said.kept_sentence, indent=2)
        self.paragraph(said.zeros, indent=2)
        self.paragraph(said.training, indent=2)

    def statement(self, said: NetworkSummary) -> None:
        self.heading("Certificate")
        self.paragraph(f"{UNPROVEN} {said.statement}", indent=2)


@record_of.register
def _record(model: NetworkModel) -> dict[str, Any]:
    """The schema "bridle.fit-network/1": as "bridle.fit/1" where the two have the same, ``network`` for the model and
    ``stationarity`` for the certificate. Errors of a classifier are mean log losses; "rmse" holds them as they are."""
    said, selection = network_summary(model), model.selection
    architecture = model.network.architecture
    return {
        "schema": SCHEMA,
        "kind": "network",
        "target": said.target,
        "n_rows": said.n_rows,
        "family": model.family,
        "classes": None if model.classes is None else list(model.classes),
        "answer": list(said.answer),
        "network": {
            "method": said.method,
            "rule": selection.rule,
            "alpha": model.alpha,
            "l1_ratio": model.l1_ratio,
            "strengths": plain_strengths(model),
            "hidden": list(architecture.hidden),
            "activation": architecture.activation,
            "dropout": architecture.dropout,
            "n_parameters": architecture.n_parameters,
            "n_nonzero": model.network.n_nonzero,
            "layers": [
                {"name": row.name, "weights": row.weights, "zeros": row.zeros, "dead_units": row.dead}
                for row in said.layers
            ],
            "kept": list(said.kept),
            "dropped": list(said.dropped),
        },
        "errors": errors_record(said.errors, said.estimated),
        "fit": {
            "verdict": said.verdict,
            "sentence": said.fit,
            "honest": said.honest,
            "other_rule": said.other,
        },
        "selection": selection_record(selection),
        "path": None
        if model.path is None
        else {
            "alphas": model.path.alphas,
            "n_inputs_used": model.path.inputs_used.sum(axis=1),
            "n_nonzero": model.path.n_nonzero,
        },
        "history": None
        if model.history is None
        else {"train": model.history.train, "held": model.history.held},
        "notes": notes_record(model.notes),
        "certificate": None,
        "stationarity": {
            "sentence": said.statement,
            "stationary": model.stationarity.stationary,
            "objective": model.stationarity.objective,
            **model.stationarity.to_dict(),
        },
        "seeds": dict(model.seeds),
        "call": dict(model.call),
    }
