"""A frozen network: its file, its predictions with and without PyTorch, and what is said of its objective."""

from __future__ import annotations

import hashlib
import json
import pickle
import re
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
import torch
from sklearn.metrics import accuracy_score, r2_score
from sklearn.preprocessing import StandardScaler

import bridle
import bridle.selection
from bridle import modelfile
from bridle.errors import DataError, ModelFileError, UsageError
from bridle.table import Schema
from bridle.torch import NetworkModel
from bridle.torch import fit as fit_network
from bridle.torch.network import Architecture, Network
from bridle.torch.penalty import Strengths
from bridle.torch.statement import Stationarity

ROOT = Path(__file__).parents[2]
WITHOUT = """
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Blocker())
"""


def table(n: int = 90) -> dict[str, Any]:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(n, 3))
    columns: dict[str, Any] = {f"x{j}": x[:, j] for j in range(3)}
    columns["x1"] = np.where(np.arange(n) % 5 == 0, np.nan, columns["x1"])
    columns["kind"] = np.array(["a", "b", "c"])[rng.integers(0, 3, n)].tolist()
    return columns | {"y": x[:, 0] * x[:, 1] + 2 * x[:, 2] + rng.normal(size=n)}


@pytest.fixture(scope="module")
def model() -> NetworkModel:
    return fit_network(
        table(), target="y", hidden=(6, 4), n_alphas=3, folds=3, epochs=12, dropout=0.1, early_stopping=True,
        penalize="inputs", l1_ratio=0.9,
    )  # fmt: skip


def classifier(classes: tuple[Any, ...], seed: int = 0) -> NetworkModel:
    """Random weights under hand-made labels."""
    rng = np.random.default_rng(seed)
    outputs = 1 if len(classes) == 2 else len(classes)
    sizes = ((5, 4), (outputs, 5))
    network = Network(
        Architecture(4, (5,), outputs), "binomial" if outputs == 1 else "multinomial",
        tuple(rng.normal(size=size) for size in sizes), tuple(rng.normal(size=size[0]) for size in sizes),
        np.zeros(4), np.ones(4), np.zeros(outputs), np.ones(outputs),
    )  # fmt: skip
    given = bridle.selection.Selection.given(0.1, 1.0, train_error=0.5, n_columns=4, n_variables=4)
    return NetworkModel(
        Schema((), None, matrix_columns=4), network, Strengths(l1=0.1), given,
        Stationarity(0.5, 0.1, 0.2, 0.7, 3, 3), np.zeros(4), 50, classes=classes,
    )  # fmt: skip


@pytest.fixture
def saved(model: NetworkModel, tmp_path: Path) -> Path:
    model.save(tmp_path / "net.bridle")
    return tmp_path / "net.bridle"


def fails(path: Path, *words: str) -> None:
    with pytest.raises(ModelFileError) as caught:
        bridle.load(path)
    message = str(caught.value)
    assert message.endswith(".") and len(message) < 400 and "\n" not in message
    assert all(word in message for word in words), message


def alone(code: str, blocked: tuple[str, ...] = ("torch",)) -> str:
    script = WITHOUT.format(blocked=blocked) + code
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


# The file


def test_everything_comes_back(model: NetworkModel, saved: Path, tmp_path: Path) -> None:
    again = bridle.load(saved)
    assert type(again) is NetworkModel
    assert np.array_equal(again.predict(table()), model.predict(table()))
    for name in (
        "schema",
        "strengths",
        "stationarity",
        "n_rows",
        "target_name",
        "target_mean",
        "target_sd",
        "notes",
        "seeds",
    ):
        assert getattr(again, name) == getattr(model, name), name
    assert again.selection.choices == model.selection.choices
    assert np.array_equal(again.selection.curves[0].fold_errors, model.selection.curves[0].fold_errors)
    for of in ("history", "path"):
        for part in fields(getattr(model, of)):
            assert np.array_equal(
                getattr(getattr(again, of), part.name), getattr(getattr(model, of), part.name)
            )
    assert np.array_equal(again.held_rows, model.held_rows) and len(again.held_rows) > 0
    assert again.network.architecture == model.network.architecture
    again.save(tmp_path / "again.bridle")
    assert (tmp_path / "again.bridle").read_bytes() == saved.read_bytes()


def test_the_weights_can_be_cut_out_as_the_documentation_says(model: NetworkModel, saved: Path) -> None:
    text = (ROOT / "docs" / "model-file.md").read_text(encoding="utf-8")
    lines = re.search(r"((?:^    .*\n)+)(?=\nReading and writing)", text, re.M)
    assert lines is not None
    code = re.sub(r"(?m)^    ", "", lines[1])
    assert len(code.splitlines()) == 3
    subprocess.run([sys.executable, "-I", "-c", code], cwd=saved.parent, check=True)
    tensors = safetensors.numpy.load_file(saved.parent / "weights.safetensors")
    for layer, (weight, bias) in enumerate(zip(model.network.weights, model.network.biases)):
        assert np.array_equal(tensors[f"layers.{layer}.weight"], weight)
        assert np.array_equal(tensors[f"layers.{layer}.bias"], bias)
    assert np.array_equal(tensors["x_scale"], model.network.x_scale)


def test_any_flipped_byte_is_found(saved: Path, tmp_path: Path) -> None:
    content = saved.read_bytes()
    for at in [*range(0, len(content), 173), len(content) - 1]:
        flipped = bytearray(content)
        flipped[at] ^= 0x41
        (tmp_path / "flipped").write_bytes(flipped)
        with pytest.raises(ModelFileError):
            bridle.load(tmp_path / "flipped")


def test_what_is_no_such_file(saved: Path, tmp_path: Path, model: NetworkModel) -> None:
    content, bad = saved.read_bytes(), tmp_path / "bad"
    bad.write_bytes(content[:-100])
    fails(bad, "damaged or cut short")
    newer = content.replace(b"format 1, needs bridle 0.1.0", b"format 2, needs bridle 0.9.0", 1)[:-72]
    bad.write_bytes(newer + b"sha256 %s\n" % hashlib.sha256(newer).hexdigest().encode())
    fails(bad, "needs bridle 0.9.0 or newer")
    bad.write_bytes(pickle.dumps({"weights": [1.0]}))
    fails(bad, "a Python pickle")
    modelfile.write(bad, "moments", {}, {})
    fails(bad, "is a bridle moments file, not a bridle model file")


@pytest.mark.parametrize(
    "change",
    [
        lambda header, arrays: arrays.update({"weights.safetensors": np.frombuffer(b"no tensors at all", np.uint8)}),
        lambda header, arrays: arrays.update({"weights.safetensors": np.frombuffer(pickle.dumps(1), np.uint8)}),
        lambda header, arrays: arrays.pop("weights.safetensors"),
        lambda header, arrays: header["architecture"].update(hidden=[6, 5]),
        lambda header, arrays: header["architecture"].update(activation="sin"),
        lambda header, arrays: header.update(family="poisson"),
        lambda header, arrays: header.update(classes=["a", "b"]),
        lambda header, arrays: header.pop("strengths"),
        lambda header, arrays: arrays.update(fill_values=np.zeros(2)),
        lambda header, arrays: header["stationarity"].update(gap=1.0),
    ],
)  # fmt: skip
def test_a_whole_file_that_does_not_add_up_is_refused(saved: Path, change: Any) -> None:
    header, arrays = modelfile.read(saved, "network")
    change(header, arrays)
    modelfile.write(saved, "network", header, arrays)
    fails(saved)


def test_tensors_that_are_no_numbers_are_refused(saved: Path) -> None:
    header, arrays = modelfile.read(saved, "network")
    tensors = safetensors.numpy.load(arrays["weights.safetensors"].tobytes())
    bad = tensors | {"layers.0.bias": np.full_like(tensors["layers.0.bias"], np.nan)}
    stored = np.frombuffer(safetensors.numpy.save(bad), np.uint8)
    modelfile.write(saved, "network", header, {**arrays, "weights.safetensors": stored})
    fails(saved, "layers.0.bias")


def test_without_safetensors_the_error_says_how_to_get_it(saved: Path) -> None:
    said = alone(
        f"import bridle\ntry:\n    bridle.load({str(saved)!r})\n"
        "except bridle.BridleError as error:\n    print(error)",
        blocked=("safetensors",),
    )
    assert 'pip install "bridle[torch]"' in said


# Predictions


def test_it_predicts_verifies_and_reports_without_pytorch(model: NetworkModel, saved: Path) -> None:
    cells = {k: np.asarray(v).tolist() for k, v in table().items()}
    said = alone(
        "import json, bridle\nnan = float('nan')\n"
        f"data = {cells!r}\nnet = bridle.load({str(saved)!r})\n"
        "page = bridle.report(net)\nfound = bridle.verify(net, data)\n"
        "print(json.dumps([net.predict(data).tolist(), page[:15], found['min'].reproduced, 'torch' in sys.modules]))"
    )
    predictions, page, reproduced, loaded = json.loads(said)
    assert np.array_equal(predictions, model.predict(table()))
    assert (page, reproduced, loaded) == ("<!doctype html>", True, False)


def test_it_predicts_what_its_torch_module_computes(model: NetworkModel) -> None:
    design = model.encode(table())[0]
    X = design.columns(np.arange(design.p))
    scaled = StandardScaler()
    scaled.mean_, scaled.scale_ = (
        model.network.x_mean,
        np.where(model.network.x_scale > 0, model.network.x_scale, 1),
    )
    with torch.no_grad():
        z = model.module()(torch.tensor(scaled.transform(X), dtype=torch.float32)).numpy()[:, 0]
    expected = z * model.network.y_scale + model.network.y_mean
    assert np.allclose(model.predict(table()), expected, rtol=1e-5, atol=1e-5)
    assert model.score(table()) == pytest.approx(r2_score(table()["y"], model.predict(table())), rel=1e-12)


def test_missing_numbers_are_filled_with_the_training_means(model: NetworkModel) -> None:
    lacking, filled = table(), table()
    column = model.schema.column_names().index("x1")
    filled["x1"] = np.where(np.isnan(filled["x1"]), model.fill_values[column], filled["x1"])
    marked = model.encode(lacking)[0].columns(np.arange(model.schema.n_columns))
    plain = model.encode(filled)[0].columns(np.arange(model.schema.n_columns))
    assert np.array_equal(marked[:, column], plain[:, column])


def test_a_value_beyond_all_bounds_is_named(model: NetworkModel) -> None:
    with pytest.raises(DataError, match="row 1"):
        fit_network(
            np.random.default_rng(0).normal(size=(40, 2)), np.arange(40.0), n_alphas=2, folds=2, epochs=3
        ).predict(np.array([[1e308, 1e308]]))


@pytest.mark.parametrize("classes", [("no", "yes"), (3, 1, 2), (False, True)])
def test_classes_are_labels_with_probabilities(classes: tuple[Any, ...], tmp_path: Path) -> None:
    net = classifier(classes)
    X = np.random.default_rng(1).normal(size=(40, 4))
    with torch.no_grad():
        logits = net.module()(torch.tensor(X))
    if logits.shape[1] == 1:
        logits = torch.cat([torch.zeros_like(logits), logits], dim=1)
    assert np.allclose(net.predict_proba(X), torch.softmax(logits, 1).numpy(), atol=1e-12)
    labels = [classes[k] for k in logits.argmax(1).tolist()]
    assert net.predict(X).tolist() == labels
    truth = labels[20:] + labels[:20]
    assert net.score(X, truth) == pytest.approx(accuracy_score(truth, labels))
    net.save(tmp_path / "c.bridle")
    again = bridle.load(tmp_path / "c.bridle")
    assert again.classes == classes and again.predict(X).tolist() == labels
    with pytest.raises(DataError, match="none of the model's classes"):
        net.score(X, ["another"] * 40)


def test_a_regression_has_no_probabilities_and_one_rule(model: NetworkModel) -> None:
    with pytest.raises(UsageError, match="use predict"):
        model.predict_proba(table())
    with pytest.raises(UsageError, match='rule="1se"'):
        model.predict(table(), rule="1se")
    assert np.array_equal(model.predict(table(), rule="min"), model.predict(table()))


def test_kept_are_the_variables_with_any_weight_in_the_first_layer(model: NetworkModel) -> None:
    weights = tuple(w.copy() for w in model.network.weights)
    weights[0][:] = 0
    columns = model.schema.columns()
    weights[0][2, [j for j, (name, _) in enumerate(columns) if name in ("x2", "kind")][-1]] = 1e-30
    sparse = replace(model, network=replace(model.network, weights=weights))
    assert sparse.kept == ("kind",)


# What is said


def test_the_statement_never_promises_too_much() -> None:
    still, moving = (Stationarity(0.2, 0.1, d, 0.5, 10, 10) for d in (4e-4, 4e-2))
    assert still.sentence.startswith("Stationary up to 0.0004") and moving.sentence.startswith(
        "Not stationary"
    )
    for statement in (still, moving):
        assert "nothing more is proven" in statement.sentence
        assert not re.search("optimal|certified|converged", statement.sentence, re.I)


def test_reproduced_is_a_matter_of_the_fifth_digit() -> None:
    found = Stationarity(0.2, 0.1, 0.0, 0.5, 10, 10, recorded=0.3 * (1 + 0.9e-5))
    assert found.reproduced and not replace(found, recorded=0.3 * (1 + 1.2e-5)).reproduced
    assert "Not reproduced" in replace(found, recorded=0.31).agreement
