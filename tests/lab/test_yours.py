"""The lessons on a person's own table, against scikit-learn, brute force, the csv module and laws."""

from __future__ import annotations

import csv
import io
import json
import shlex
import threading
import time
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import ElasticNet, Lasso, Ridge

import bridle
from bridle.cli import main
from bridle.errors import DataError, UsageError
from bridle.lab.aside import aside
from bridle.lab.lessons import compute
from bridle.lab.roles import LETTERS, Roles, read_roles
from bridle.lab.tables import Tables
from bridle.lab.work import Cancelled
from bridle.lab.yours import hold_out
from bridle.selection import make_folds
from bridle.table import open_table

CANCELLED_WITHIN = 0.2
NAMES = ["id", "area", "rooms", "region", "site", "plot", "day", "price"]


@pytest.fixture(scope="module")
def file(tmp_path_factory: Any) -> Path:
    """150 houses: an identifier, a constant, missing numbers, a category, groups and an order."""
    rng = np.random.default_rng(5)
    path: Path = tmp_path_factory.mktemp("yours") / "houses.csv"
    with open(path, "w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(NAMES)
        for n in range(150):
            area, rooms = rng.normal(100, 30), int(rng.integers(1, 7))
            region = str(rng.choice(["east", "north", "south"]))
            price = 2 * area + 9 * rooms + 30 * (region == "south") + rng.normal(0, 25)
            cell = "" if n % 11 == 3 else f"{area:.3f}"
            writer.writerow([7000 + 3 * n, cell, rooms, region, "main", n // 10, 1000 - n, f"{price:.3f}"])
    return path


@pytest.fixture
def tables(file: Path) -> Iterator[tuple[Tables, str]]:
    store = Tables()
    yield store, store.named(str(file)).id
    store.close()


def rows_of(file: Path) -> list[dict[str, str]]:
    with open(file, newline="") as stream:
        return list(csv.DictReader(stream))


def by_hand(rows: list[dict[str, str]], means: dict[str, float]) -> tuple[np.ndarray, np.ndarray]:
    """The design that the columns area, rooms and region make, and the target; missing areas get the mean."""
    out = []
    for row in rows:
        area = float(row["area"]) if row["area"] else means["area"]
        regions = [float(row["region"] == name) for name in ("east", "north", "south")]
        out.append([area, float(row["rooms"]), *regions, float(row["area"] == "")])
    return np.array(out), np.array([float(row["price"]) for row in rows])


def mean_area(rows: list[dict[str, str]]) -> dict[str, float]:
    return {"area": float(np.mean([float(row["area"]) for row in rows if row["area"]]))}


def ask(tables: tuple[Tables, str], kind: str = "yours", **changes: Any) -> dict[str, Any]:
    """A lesson on the houses: price from area, rooms and region, unless told otherwise."""
    values = {
        "family": "auto",
        "l1_ratio": "1",
        "roles": "t7.i0.i4-6",
        "rule": "min",
        "seed": "0",
        "share": "0.2",
    } | changes
    if kind == "yours-methods":
        values = {name: value for name, value in values.items() if name != "l1_ratio"} | {"networks": "0"}
    if kind == "yours-columns":
        values = {"roles": values["roles"]}
    values["table"] = tables[1]
    key = f"{kind}?" + "&".join(f"{name}={values[name]}" for name in sorted(values))
    return compute(key, None, tables[0])


def same(one: Any, other: Any) -> None:
    """To the last bits, which are rounded otherwise where memory lies otherwise."""
    np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-10 * np.abs(other).max())


# Roles


@given(
    st.dictionaries(st.integers(0, 40), st.sampled_from("tiwgos")),
    st.dictionaries(st.integers(0, 40), st.sampled_from("ncbd")),
)
def test_roles_are_written_one_way_and_read_back(roles: dict[int, str], types: dict[int, str]) -> None:
    columns: dict[str, tuple[int, ...]] = {}
    for j, letter in [*roles.items(), *types.items()]:
        if letter in "twgos" and letter in columns:
            continue
        columns[letter] = (*columns.get(letter, ()), j)
    text = Roles(columns).text
    assert {k: set(v) for k, v in read_roles(text).columns.items()} == {k: set(v) for k, v in columns.items()}
    assert read_roles(text).text == text and len(text) > 0


@pytest.mark.parametrize(
    "text",
    ["", "x1", "t1.t2", "t1-2", "t1.i1", "n1.c1", "i2.i1", "i0.i1", "i1-0", "i01", "t1.", "i0-99999.n0-99999.c5", "T1",
     "t-1", "t1.5", "i0-999999"],
)  # fmt: skip
def test_other_spellings_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        read_roles(text)


def test_many_roles_are_refused_at_once() -> None:
    start = time.perf_counter()
    with pytest.raises(UsageError):
        read_roles(".".join(f"{letter}0-99999" for letter in "incbd"))
    assert time.perf_counter() - start < 1
    assert set(LETTERS) == set("twgosincbd")


# Columns


def test_the_columns_are_what_the_file_holds(tables: tuple[Tables, str], file: Path) -> None:
    said, rows = ask(tables, "yours-columns", roles="t7"), rows_of(file)
    assert said["names"] == NAMES and said["n_rows"] == len(rows) == 150
    assert said["missing"].tolist() == [sum(row[name] == "" for row in rows) for name in NAMES]
    assert dict(zip(NAMES, said["roles"]))["price"] == "target"
    assert [name for name, role in zip(NAMES, said["roles"]) if role == "ignored"] == ["id", "site", "day"]
    assert said["head"][3] == [row["region"] for row in rows[:8]]
    assert [float(cell) if cell else None for cell in said["head"][1]] == [
        float(row["area"]) if row["area"] else None for row in rows[:8]
    ]
    warned = {note["column"] for note in said["notes"] if note["warning"]}
    assert {"id"} <= warned and any("14 rows" in n["text"] and n["column"] == "area" for n in said["notes"])


def test_roles_change_what_the_columns_are(tables: tuple[Tables, str]) -> None:
    said = ask(tables, "yours-columns", roles="t7.g5.o6.i0.c2")
    role, kind = (dict(zip(NAMES, said[name])) for name in ("roles", "kinds"))
    assert role["plot"] == "groups" and role["day"] == "order" and role["id"] == "ignored"
    assert kind["rooms"] == "categorical" and said["problem"] == ""


@pytest.mark.parametrize(
    ("roles", "words"),
    [("t3", "classes must be two"), ("t1", "missing in 14 rows of 150: row 4 (line 5)"), ("t4", "different value"),
     ("t7.w6.n3", '"region"')],
)  # fmt: skip
def test_a_column_that_cannot_have_its_role_is_one_sentence(
    tables: tuple[Tables, str], roles: str, words: str
) -> None:
    said = ask(tables, "yours-columns", roles=roles)
    assert words in said["problem"] and said["names"] == NAMES and any(said["kinds"])
    with pytest.raises(DataError) as told:
        ask(tables, roles=roles, share="0")
    assert words in str(told.value)


def test_a_giveaway_is_named(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    lines = ["a,twice,y"] + [f"{rng.normal():.4f},{2 * n},{n}.5" for n in rng.permutation(200)]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    store = Tables()
    said = ask((store, store.named(str(tmp_path / "t.csv")).id), "yours-columns", roles="t2")
    assert [note["column"] for note in said["notes"] if note["kind"] == "giveaway"] == ["twice"]


# The model


@pytest.mark.parametrize("ratio", ["0", "0.5", "1"])
def test_the_path_is_scikit_learns_on_the_columns_by_hand(
    tables: tuple[Tables, str], file: Path, ratio: str
) -> None:
    """One-hot levels, filled means, an indicator, all of unit standard deviation; the target too."""
    said, rows = ask(tables, l1_ratio=ratio, share="0"), rows_of(file)
    X, y = by_hand(rows, mean_area(rows))
    assert said["names"] == [
        "area",
        "rooms",
        "region=east",
        "region=north",
        "region=south",
        "area is missing",
    ]
    sd, target_sd = X.std(0), y.std()
    Z = (X - X.mean(0)) / sd
    for k in (10, 40, said["index_min"]):
        alpha, r = float(said["alphas"][k]), float(ratio)
        peer = (
            Ridge(alpha=alpha * len(y), tol=1e-14, solver="svd")
            if r == 0
            else ElasticNet(alpha=alpha, l1_ratio=r, tol=1e-14, max_iter=1_000_000)
        ).fit(Z, (y - y.mean()) / target_sd)
        fitted = Z @ (said["coefs"][k] * sd / target_sd)
        assert (
            np.abs(fitted - peer.predict(Z)).max() < 1e-7
        )  # levels add up to 1: fits are unique, weights need not be
        np.testing.assert_allclose(said["effects"][k], said["coefs"][k] * sd, rtol=1e-5)
        assert said["n_nonzero"][k] == np.count_nonzero(said["coefs"][k])
    assert said["certified"]


def test_the_errors_on_new_rows_are_those_of_each_fold(tables: tuple[Tables, str], file: Path) -> None:
    """Every fold fitted by scikit-learn on columns made from its own training rows alone."""
    said, rows = ask(tables, share="0"), rows_of(file)
    split = make_folds(len(rows), 5, seed=0).rounds[0].split()
    for k in (20, said["index_min"]):
        errors, sizes = [], []
        for fold in range(1, 6):
            learn = [rows[i] for i in split.rows_of(split.train[fold])]
            test = [rows[i] for i in split.rows_of(split.test[fold])]
            means = mean_area(learn)
            (X, y), (X_new, y_new) = by_hand(learn, means), by_hand(test, means)
            centre, sd = X.mean(0), np.where(X.std(0) > 0, X.std(0), 1.0)
            peer = Lasso(alpha=said["alphas"][k] * y.std(), tol=1e-14, max_iter=1_000_000).fit(
                (X - centre) / sd, y
            )
            errors.append(np.mean((y_new - peer.predict((X_new - centre) / sd)) ** 2))
            sizes.append(len(test))
        assert said["cv_mean"][k] == pytest.approx(np.average(errors, weights=sizes), rel=1e-6)


@pytest.mark.parametrize("rule", ["min", "1se"])
def test_rows_put_away_are_scored_by_hand(tables: tuple[Tables, str], file: Path, rule: str) -> None:
    said, rows = ask(tables, rule=rule), rows_of(file)
    learn, test = hold_out(file, 0.2, seed=0)
    assert (learn.n_rows, test.n_rows) == (120, 30) and said["n_learn"] == 120 and said["held"]["n"] == 30
    ids = [set(part.column("id").values) for part in (learn, test)]
    assert len(ids[0] & ids[1]) == 0 and len(ids[0] | ids[1]) == 150
    kept = [[row for row in rows if float(row["id"]) in side] for side in ids]
    X, y = by_hand(kept[1], mean_area(kept[0]))
    k = said[f"index_{rule}"]
    residual = y - X @ said["coefs"][k] - said["intercepts"][k]
    held = said["held"]
    assert held[f"error_{rule}"] == pytest.approx(np.sqrt(np.mean(residual**2)), rel=1e-10)
    assert held[f"explained_{rule}"] == pytest.approx(
        1 - np.sum(residual**2) / np.sum((y - y.mean()) ** 2), rel=1e-10
    )
    assert held[f"se_{rule}"] == pytest.approx(np.std(residual**2) / np.sqrt(30), rel=1e-10)
    learned = np.mean([float(row["price"]) for row in kept[0]])
    assert held["null"] == pytest.approx(np.sqrt(np.mean((y - learned) ** 2)), rel=1e-10)
    assert "30 of 150 rows were put away first" in str(said["notes"])


def test_nothing_is_chosen_by_rows_put_away(tables: tuple[Tables, str], file: Path, tmp_path: Path) -> None:
    """Whatever stands in them, path, curve and choice are the same."""
    said, rows = ask(tables), rows_of(file)
    away = set(hold_out(file, 0.2, seed=0)[1].column("id").values)
    changed = tmp_path / "changed.csv"
    with open(changed, "w", newline="") as out:
        writer = csv.DictWriter(out, NAMES)
        writer.writeheader()
        for row in rows:
            odd = {"area": "1e6", "region": "nowhere", "price": "-5e7"} if float(row["id"]) in away else {}
            writer.writerow(row | odd)
    store = Tables()
    other = ask((store, store.named(str(changed)).id))
    for name in ("alphas", "coefs", "intercepts", "cv_mean", "cv_se", "index_min", "index_1se", "null_error"):
        same(other[name], said[name])
    assert other["held"]["error_min"] > 1000 * said["held"]["error_min"]
    assert (said["held"]["verdict_min"], other["held"]["verdict_min"]) == ("close", "higher")


def test_groups_are_put_away_whole_and_an_order_at_its_end(file: Path) -> None:
    learn, test = hold_out(file, 0.2, seed=1, groups="plot")
    sides = [set(part.column("plot").values) for part in (learn, test)]
    assert not sides[0] & sides[1] and 20 <= test.n_rows <= 40
    learn, test = hold_out(file, 0.2, order="day")
    assert max(learn.column("day").values) < min(test.column("day").values) and test.n_rows == 30
    again = hold_out(file, 0.2, seed=0)[1].column("id").values
    assert np.array_equal(again, hold_out(file, 0.2, seed=0)[1].column("id").values)
    assert not np.array_equal(again, hold_out(file, 0.2, seed=1)[1].column("id").values)


def test_rows_taken_keep_the_numbers_that_messages_name(file: Path) -> None:
    table = open_table(file)
    part = table.take(np.array([9, 3, 0])).take(np.array([1, 2]))
    assert part.n_rows == 2 and part.where(0) == table.where(3) == "row 4 (line 5)"
    assert part.column("id").values.tolist() == [7009.0, 7000.0]


@pytest.mark.parametrize(
    ("share", "roles"), [("0.2", "t7.i0.i4-6"), ("0", "t7.i0.i4-6.c2"), ("0.3", "t7.g5.i0.i4.i6")]
)
def test_the_python_lines_give_the_same_numbers(tables: tuple[Tables, str], share: str, roles: str) -> None:
    said = ask(tables, share=share, roles=roles, l1_ratio="0.5", rule="1se", seed="2")
    names: dict[str, Any] = {}
    with redirect_stdout(io.StringIO()) as out:
        exec(said["python"], names)
    path, curve = names["path"], names["curve"]
    found = (path.alphas, path.coefs, path.intercepts, curve.mean, curve.standard_error)
    for mine, name in zip(found, ("alphas", "coefs", "intercepts", "cv_mean", "cv_se")):
        same(mine, said[name])
    assert names["model"].selection.chosen.index == said["index_1se"]
    if share != "0":
        assert float(out.getvalue().split()[-1]) == pytest.approx(said["held"]["explained_1se"], rel=1e-12)


def test_the_shell_command_gives_the_same_choice(tables: tuple[Tables, str], capsys: Any) -> None:
    said = ask(tables, share="0", roles="t7.i0.i4-6.c2", rule="1se")
    words = shlex.split(said["shell"])
    assert words[:2] == ["bridle", "fit"] and main([*words[1:], "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert repr(float(said["alphas"][said["index_1se"]])) in json.dumps(found)


@pytest.mark.parametrize("ratio", ["0", "0.5", "1"])
def test_the_strength_in_other_packages_words_gives_their_fit(
    tables: tuple[Tables, str], file: Path, ratio: str
) -> None:
    """Columns scaled by hand, the target as it is: scikit-learn with the translated numbers fits what bridle fitted."""
    said, rows = ask(tables, l1_ratio=ratio, share="0"), rows_of(file)
    X, y = by_hand(rows, mean_area(rows))
    Z = (X - X.mean(0)) / X.std(0)
    k = said["index_min"]
    scales = {one["name"]: dict(zip(one["parameters"], one["values"][k])) for one in said["scales"]}
    if ratio == "0":
        peer = Ridge(**scales["sklearn-ridge"], solver="svd").fit(Z, y)
    else:
        assert "sklearn-ridge" not in scales
        peer = ElasticNet(**scales["sklearn"], tol=1e-14, max_iter=1_000_000).fit(Z, y)
    mine = X @ said["coefs"][k] + said["intercepts"][k]
    assert np.abs(mine - peer.predict(Z)).max() < 1e-6 * y.std()
    assert {"glmnet", "lesson"} <= set(scales) and "sklearn-logistic" not in scales


def test_weights_count_in_the_translation(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    X, w = rng.normal(size=(80, 3)), rng.integers(1, 4, 80)
    y = X @ [1.0, 0.5, 0.0] + rng.normal(size=80)
    lines = ["a,b,c,w,y"] + [",".join(map(repr, map(float, (*x, v, t)))) for x, v, t in zip(X, w, y)]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    store = Tables()
    said = ask((store, store.named(str(tmp_path / "t.csv")).id), roles="t4.w3", l1_ratio="0", share="0")
    k, share = 30, w / w.sum()
    Z = (X - share @ X) / np.sqrt(share @ (X - share @ X) ** 2)
    (found,) = [one for one in said["scales"] if one["name"] == "sklearn-ridge"]
    peer = Ridge(alpha=found["values"][k][0], solver="svd").fit(Z, y, sample_weight=w)
    assert np.abs(X @ said["coefs"][k] + said["intercepts"][k] - peer.predict(Z)).max() < 1e-9


# Corners and methods


def test_corners_hold_correlations_and_an_optimum(tables: tuple[Tables, str], file: Path) -> None:
    said, rows = ask(tables, "yours-corners", share="0"), rows_of(file)
    X, y = by_hand(rows, mean_area(rows))
    together = np.corrcoef(np.column_stack([X, y]).T)
    np.testing.assert_allclose(said["gram"], together[:-1, :-1], atol=1e-12)
    np.testing.assert_allclose(said["cross"], together[:-1, -1], atol=1e-12)
    for k in (5, 50, 90):
        w, alpha = said["betas"][k], said["alphas"][k]
        slope = said["cross"] - said["gram"] @ w
        assert np.abs(slope).max() <= alpha * (1 + 1e-8)
        assert np.abs(slope[w != 0] - alpha * np.sign(w[w != 0])).max(initial=0.0) < 1e-9


def test_a_design_too_wide_for_corners_is_one_sentence(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    lines = ["x,y"] + [f"level{n % 250},{rng.normal():.6f}" for n in range(1000)]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    store = Tables()
    place = store, store.named(str(tmp_path / "t.csv")).id
    with pytest.raises(UsageError, match=r"2[0-9]{2} weights"):
        ask(place, "yours-corners", roles="t1")
    said = ask(place, roles="t1", share="0")
    assert said["n_design"] == 250 and said["coefs"].shape[1] == 250


def test_a_wide_design_sends_its_strongest_columns(tmp_path: Path, monkeypatch: Any) -> None:
    from bridle.lab import modelling

    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 30))
    y = X[:, 4] * 3 - X[:, 17] * 2 + rng.normal(size=60)
    head = ",".join(f"x{j}" for j in range(30)) + ",y"
    lines = [head] + [",".join(map(repr, map(float, row))) for row in np.column_stack([X, y])]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    monkeypatch.setattr(modelling, "MOST_DRAWN", 5)
    store = Tables()
    said = ask((store, store.named(str(tmp_path / "t.csv")).id), roles="t30", share="0")
    assert len(said["names"]) == 5 and {"x4", "x17"} <= set(said["names"]) and said["n_design"] == 30
    path = bridle.path(X, y)
    j = [int(name[1:]) for name in said["names"]]
    np.testing.assert_allclose(said["coefs"], path.coefs[:, j], atol=1e-8)
    assert np.array_equal(said["n_nonzero"], path.n_nonzero)
    strongest = np.abs(path.coefs * X.std(0)).max(0)
    assert set(j) == set(np.argsort(-strongest)[:5])


def test_the_methods_are_compared_and_reproduced(tables: tuple[Tables, str], file: Path) -> None:
    said = ask(tables, "yours-methods", share="0")
    rows = {row["name"]: row for row in said["rows"]}
    assert list(rows) == ["null", "least_squares", "ridge", "lasso", "elastic_net"]
    y = np.array([float(row["price"]) for row in rows_of(file)])
    split = make_folds(150, 5, seed=0).rounds[0].split()
    errors = [
        np.mean((y[split.rows_of(split.test[k])] - y[split.rows_of(split.train[k])].mean()) ** 2)
        for k in range(1, 6)
    ]
    assert rows["null"]["error"] == pytest.approx(np.mean(errors), rel=1e-10)
    assert rows[said["recommended"]]["rmse"] < 0.6 * rows["null"]["rmse"] and said["reason"]
    names: dict[str, Any] = {}
    with redirect_stdout(io.StringIO()):
        exec(said["python"], names)
    same([row.rmse for row in names["found"].rows], [row["rmse"] for row in said["rows"]])


# Files to save


def test_the_model_and_its_report_can_be_saved(
    running: Any, client_of: Any, tmp_path: Path, file: Path
) -> None:
    with running() as (port, keys):
        client = client_of(port, keys.cookie)
        name = b"<img src=x onerror=alert(1)>"
        content = file.read_bytes().replace(b"rooms", name, 1)
        own = {"origin": f"http://127.0.0.1:{port}", "content-type": "application/octet-stream"}
        own["content-length"] = str(len(content))
        id = client.request("POST", "/api/table?name=h.csv", own, content).json()["id"]
        key = quote(
            f"yours?family=auto&l1_ratio=1&roles=t7.i0.i4-6&rule=1se&seed=0&share=0.2&table={id}", safe=""
        )
        answer = client.get(f"/api/model?key={key}")
        assert answer.headers["content-disposition"] == 'attachment; filename="model.bridle"'
        (tmp_path / "m.bridle").write_bytes(answer.content)
        page = client.get(f"/api/report?key={key}")
        assert page.headers["content-disposition"].startswith("attachment") and page.status_code == 200
        assert name not in page.content and b"&lt;img src=x" in page.content
        assert b"30 of 150 rows were put away first" in page.content
        for wrong in (
            "x",
            "home",
            quote("corners?dataset=pair&l1_ratio=1", safe=""),
            key.replace("t7", "t99"),
        ):
            answer = client.get(f"/api/model?key={wrong}")
            assert answer.status_code == 422 and set(answer.json()) == {"message"}
    (tmp_path / "h.csv").write_bytes(content)
    model = bridle.load(tmp_path / "m.bridle")
    learn, test = hold_out(tmp_path / "h.csv", 0.2, seed=0)
    own_fit = bridle.fit(
        learn, target="price", ignore=["id", "site", "plot", "day"], l1_ratios=1, rule="1se", nested=False
    )
    same(model.predict(test), own_fit.predict(test))
    assert model.selection.rule == "1se"


# Leaving in the middle


def test_who_waits_may_leave_at_once() -> None:
    """Work that cannot be asked runs on by itself; the next piece waits for it, and hears that it may leave too."""
    turn, began, end = threading.Lock(), threading.Event(), threading.Event()

    def deaf(tell: Any) -> int:
        began.set()
        end.wait(5)
        return 1

    def leave(stage: str, share: float) -> None:
        if began.is_set():
            raise Cancelled

    start = time.perf_counter()
    with pytest.raises(Cancelled):
        aside(deaf, leave, turn)
    assert time.perf_counter() - start < CANCELLED_WITHIN and turn.locked()
    waited: list[int] = []

    def impatient(stage: str, share: float) -> None:
        waited.append(1)
        if len(waited) > 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        aside(lambda tell: 2, impatient, turn)
    end.set()
    assert aside(lambda tell: 3, lambda stage, share: None, turn) == 3
    with pytest.raises(ZeroDivisionError):
        aside(lambda tell: 1 // 0, lambda stage, share: None, turn)


@pytest.mark.parametrize("stage", ["reading", "looking at the columns", "putting rows away"])
def test_every_stage_can_be_left(tables: tuple[Tables, str], stage: str) -> None:
    heard: list[str] = []
    left_at = 0.0

    def leave(name: str, share: float) -> None:
        nonlocal left_at
        heard.append(name)
        if name == stage:
            left_at = time.perf_counter()
            raise Cancelled

    store, id = tables
    # Who waits asks 50 times a second and may miss a stage of so small a table: the work itself is asked here.
    store.beside = lambda work, tell: work(tell)  # type: ignore[method-assign]
    with pytest.raises(Cancelled):
        compute(f"yours?family=auto&l1_ratio=1&roles=t7&rule=min&seed=0&share=0.2&table={id}", leave, store)
    assert time.perf_counter() - left_at < CANCELLED_WITHIN and stage in heard


def test_reading_a_large_file_is_left_at_once(tmp_path: Path) -> None:
    line = b",".join([b"1.234567"] * 10) + b"\n"
    (tmp_path / "t.csv").write_bytes(b",".join(b"x%d" % j for j in range(10)) + b"\n" + line * 400_000)
    store = Tables()
    id = store.named(str(tmp_path / "t.csv")).id
    started = time.perf_counter()
    asked = 0.0

    def leave(name: str, share: float) -> None:
        nonlocal asked
        if time.perf_counter() - started > 0.1:
            asked = time.perf_counter()
            raise Cancelled

    with pytest.raises(Cancelled):
        compute(f"yours-columns?roles=none&table={id}", leave, store)
    assert time.perf_counter() - asked < CANCELLED_WITHIN
    assert compute(f"yours-columns?roles=none&table={id}", None, store)["n_rows"] == 400_000


def test_what_was_computed_goes_with_its_table(tables: tuple[Tables, str]) -> None:
    store, id = tables
    ask(tables)
    assert len(store._results) == 1
    for seed in ("0", "1", "2"):
        for ratio in ("0", "0.5", "1"):
            ask(tables, seed=seed, l1_ratio=ratio)
    assert len(store._results) <= 6
    store.drop(id)
    assert len(store._results) == 0
    with pytest.raises(UsageError, match="no longer"):
        ask(tables)
    with pytest.raises(UsageError, match="bridle lab TABLE"):
        compute(f"yours-columns?roles=none&table={id}")
