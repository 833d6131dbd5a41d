"""The quiz and the theory page: complete, true to bridle, and pointing at what there is.

The content is read through ``web/dev/questions.mjs`` (Node); the numbers in it are those of ``web/dev/theory_facts.py``,
computed again here. Numbers that were typed into a sentence stand in one of the two tables below.
"""

from __future__ import annotations

import importlib.util
import itertools
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
import pytest

import bridle
from bridle.conventions import convert
from bridle.lab.catalog import ABOUT
from bridle.lab.keys import NETWORKS, Key, offered
from bridle.lab.lessons import compute

WEB = Path(__file__).parents[2] / "web"
NUMERAL = re.compile(r"(?<![A-Za-z\d.,])\d+(?:,\d{3})*(?:\.\d+)?")
MARK = re.compile(r"\[\[(\w+)\]\]")
LESSON = {"l1-zeros", "fifty-of-1000", "lambda-journey", "net-reason"}
ASKED_FOR = {
    "training-rises", "times-1000", "intercept", "zero-irrelevant", "kept-190", "exact-zeros", "decay-factor", "adamw",
    "names-of-strength", "one-se", "scale-then-split", "flattering-minimum", "dropout-predict", "stop-on-test", "p-values",
    "ridge-zero", "twins", "lambda-zero", "more-data", "importance",
}  # fmt: skip


def one_weight(l1_ratio: float, alpha: float) -> float:
    """bridle's weight of a single standardized feature whose least-squares weight is 3."""
    x = np.array([1.0, -1.0, 1.0, -1.0])
    return float(
        bridle.path(x[:, None], 3 * x, alphas=[alpha], l1_ratio=l1_ratio, standardize=False).coefs[0, 0]
    )


def after_one_step() -> float:
    """A weight of 2 after one step of rate 0.1 with lambda 0.5, on a loss that is flat."""
    x = np.zeros((2, 1))
    return float(bridle.descend(x, np.zeros(2), alpha=0.5, lr=0.1, steps=1, start=[2.0]).positions[1, 0])


# Numbers that were typed because they describe what is fitted: sizes of the made tables, strengths, examples of a unit.
SET = {
    "fifty-of-1000": {"500"}, "intercept": {"100"}, "decay-factor": {"2"}, "adamw*": {"2"}, "more-data": {"60", "6,000"},
    "p-values": {"200", "100", "50", "0.05"}, "importance*": {"10,000"}, "lasso-at-most-n": {"0.1"},
    "log-grid": {"0.02", "2"},
    "l2": {"10", "0.1", "2", "0.2"}, "l1": {"0.01", "100"}, "elastic": {"0.1", "30", "100", "50"},
    "which": {"1,000", "50", "200"}, "overfitting": {"60", "40", "6,000"}, "lambda": {"0.01", "0.02", "1.01", "1.02"},
    "standardize": {"1,000"}, "decay": {"2", "0.5"},
}  # fmt: skip
# Numbers that were typed as results, each with the line that computes it.
COMPUTED: dict[tuple[str, str], Callable[[], float]] = {
    ("decay-factor*", "1.8"): after_one_step,
    ("decay-factor*", "0.9"): lambda: after_one_step() / 2,
    ("one-se*", "52"): lambda: 50 + 2,
    ("importance*", "10"): lambda: 0.001 * 10_000,
    ("bias-of-kept*", "2.5"): lambda: one_weight(1.0, 0.5),
    ("bias-of-kept*", "2"): lambda: one_weight(0.0, 0.5),
}


@pytest.fixture(scope="module")
def content() -> dict[str, Any]:
    node = shutil.which("node") or shutil.which("node", path=str(Path(sys.executable).parent))
    if node is None or not (WEB / "node_modules" / "esbuild").is_dir():
        pytest.fail("The quiz was not checked: it needs Node and `npm --prefix web ci`.")
    done = subprocess.run(
        [node, str(WEB / "dev" / "questions.mjs")], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def questions(content: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = content["questions"]
    return found


@pytest.fixture(scope="module")
def maker() -> Any:
    spec = importlib.util.spec_from_file_location("theory_facts", WEB / "dev" / "theory_facts.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def facts() -> dict[str, str]:
    found: dict[str, str] = json.loads((WEB / "src" / "theory" / "facts.json").read_text(encoding="utf-8"))
    return found


def asks(questions: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """Every question in both wordings, by its item: the id, with a star for the variant."""
    return [(q["id"] + star, a) for q in questions for star, a in (("", q), ("*", q["variant"]))]


def test_the_lesson_and_the_misconceptions_are_asked(questions: list[dict[str, Any]]) -> None:
    ids = [q["id"] for q in questions]
    assert len(ids) >= 24 and len(set(ids)) == len(ids)
    assert set(ids[:4]) == LESSON and set(ids) >= ASKED_FOR
    assert all(re.fullmatch(r"[a-z0-9-]+", i) for i in ids)
    assert len({q["idea"] for q in questions}) == len(ids)


def test_every_question_has_one_right_answer_and_every_answer_a_reason(
    questions: list[dict[str, Any]],
) -> None:
    seen = set()
    for item, ask in asks(questions):
        options = ask["options"]
        assert 3 <= len(options) <= 4, item
        assert [o["right"] for o in options if "right" in o] == [True], item
        assert len({o["text"] for o in options}) == len(options), item
        assert ask["ask"] not in seen, item
        seen.add(ask["ask"])
        for option in options:
            assert 0 < len(option["text"]) <= 140, (item, option["text"])
            assert len(option["why"]) >= 25, (item, option["text"])
        assert len({o["why"] for o in options}) == len(options), item


def test_the_right_answers_are_the_right_ones(content: dict[str, Any]) -> None:
    """Written down a second time: an answer that changes sides by accident shows. Numbers stand as their facts' names."""
    known = json.loads((Path(__file__).parent / "right_answers.json").read_text(encoding="utf-8"))
    marked = asks(content["marked"]["questions"])
    assert {i: next(o["text"] for o in a["options"] if o.get("right")) for i, a in marked} == known


def test_the_right_answer_is_not_given_away_by_its_length(questions: list[dict[str, Any]]) -> None:
    found = asks(questions)
    longest = [max(a["options"], key=lambda o: len(o["text"])).get("right", False) for _, a in found]
    by_chance = sum(1 / len(a["options"]) for _, a in found)
    assert 0.5 * by_chance < sum(longest) < 1.5 * by_chance


def test_a_variant_asks_anew(questions: list[dict[str, Any]]) -> None:
    for q in questions:
        right = [next(o["text"] for o in a["options"] if o.get("right")) for a in (q, q["variant"])]
        assert q["ask"] != q["variant"]["ask"] and right[0] != right[1], q["id"]


def lesson_of(demo: str) -> tuple[str, dict[str, str], str | None]:
    """What the lab's screens make of a hash: the screen, its settings, and the key of the lesson that it loads."""
    match = re.fullmatch(r"#/(home|corners|descent|twins|needles|overfit|network|theory)(?:\?(.*))?", demo)
    assert match, demo
    pairs = parse_qsl(match[2] or "", strict_parsing=bool(match[2]))
    state = dict(pairs)
    assert len(pairs) == len(state) and all(re.fullmatch("[a-z0-9]{1,12}", name) for name in state), demo
    dataset, l1 = state.get("dataset", "diabetes"), state.get("l1", "1")
    if match[1] == "home":
        scale = f"{state['scale']}*1000" if "scale" in state else "none"
        end = f"scale={scale}&seed={state.get('seed', 0)}&standardize={state.get('std', 1)}"
        return "home", state, f"home?dataset={dataset}&l1_ratio={l1}&{end}"
    if match[1] == "corners":
        return "corners", state, f"corners?dataset={dataset}&l1_ratio={l1}"
    if match[1] == "descent":
        if "stop" in state:
            return "descent", state, f"stopping?dataset=overfit&lr={state.get('rate', '0.05')}&steps=400"
        method, penalty = {
            "l2": ("gradient", "l2"),
            "sub": ("subgradient", "l1"),
            "prox": ("proximal", "l1"),
        }[state["way"]]
        key = (
            f"descent?alpha={state['alpha']}&dataset=pair&lr={state['lr']}&method={method}&penalty={penalty}"
        )
        return "descent", state, key + "&start=far&steps=200"
    if match[1] == "twins":
        return "twins", state, f"twins?correlation={state['cor']}&n={state['n']}&seed={state.get('seed', 0)}"
    if match[1] == "needles":
        return "needles", state, f"needles?n={state['n']}&seed={state.get('seed', 0)}"
    if match[1] == "overfit":
        end = f"n={state.get('n', 30)}&noise={state.get('noise', '0.3')}"
        return "overfit", state, f"wiggle?degree={state.get('degree', 15)}&l1_ratio={state['l1']}&{end}"
    if match[1] == "network":  # as it opens: the training that was recorded
        return "network", state, str(Key("network", NETWORKS[0]))
    return "theory", state, None


KNOWN = {
    "home": {"dataset", "l1", "k", "std", "scale", "seed", "pick", "folds"},
    "corners": {"dataset", "l1", "k", "i", "j", "dim"},
    "descent": {"alpha", "lr", "way", "t", "stop", "rate"},
    "twins": {"cor", "k", "l1", "n", "seed"},
    "needles": {"k", "l1", "n", "seed"},
    "overfit": {"degree", "k", "l1", "n", "noise"},
    "network": {"masks"},
    "theory": {"at"},
}


def test_every_demo_opens_something_that_exists(content: dict[str, Any]) -> None:
    sections = {s["id"] for s in content["sections"]}
    static = {str(key) for key in offered()}
    demos = [q["demo"] for q in content["questions"]] + [s["see"][0] for s in content["sections"]]
    for demo in demos:
        screen, state, key = lesson_of(demo)
        assert set(state) <= KNOWN[screen], demo
        if key is None:
            assert state["at"] in sections, demo
            continue
        assert str(Key.parse(key)) == key and key in static, f"{demo}: the static folder has no {key}"
        if screen in ("home", "corners"):
            names = ABOUT[state["dataset"]].names
            assert all(state[s] in names for s in ("pick", "scale", "i", "j") if s in state), demo
            assert 0 <= int(state.get("k", 0)) <= 99, demo
    assert all(q["theory"] in sections and q["see"] for q in content["questions"])
    assert len({s["id"] for s in content["sections"]}) == len(content["sections"]) == 11


def test_the_demos_show_what_they_promise(questions: list[dict[str, Any]]) -> None:
    demo = {q["id"]: lesson_of(q["demo"]) for q in questions}

    def weights(id: str) -> dict[str, float]:
        _, state, key = demo[id]
        assert key is not None
        lesson = compute(key)
        path = lesson["betas"] if "betas" in lesson else lesson["coefs"]
        return dict(zip(lesson["names"], path[int(state["k"])]))

    def of(id: str) -> dict[str, Any]:
        key = demo[id][2]
        assert key is not None
        return compute(key)

    for corner in ("l1-zeros", "any-l1-has-corners"):
        assert weights(corner)["s6"] == 0 != weights(corner)["s5"]
    for id, m in (("twins", 2), ("net-reason", 1)):
        assert demo[id][1]["l1"] == f"{of(id)['l1_ratios'][m]:g}"
    both, first, second, neither = of("twins")["counts"][:, int(demo["twins"][1]["k"])].T
    assert demo["twins"] == ("twins", demo["net-reason"][1] | {"l1": "1"}, demo["net-reason"][2])
    assert (both[1], neither[2]) == (200, 0) and min(first[2], second[2]) > 50
    assert weights("zero-irrelevant")["s4"] == 0
    assert weights("leaves-again")["s3"] == 0
    assert weights("bias-of-kept")["s5"] > 0
    assert not any(weights("intercept").values())
    assert all(weights("ridge-zero").values())
    assert int(demo["one-se"][1]["k"]) == of("one-se")["index_1se"]
    assert int(demo["flattering-minimum"][1]["k"]) == of("flattering-minimum")["index_min"]
    for id in ("kept-190", "fifty-of-1000"):
        k = int(demo[id][1]["k"])
        assert demo[id][1]["l1"] == "1" and of(id)["choices"][2][0] == k
        assert of(id)["true_kept"][2, k] >= 45 and of(id)["n_nonzero"][2, k] > 3 * of(id)["true_kept"][2, k]
        assert of(id)["fresh_error"][2, k] < 0.5 * of(id)["fresh_error"][0].min()
    curve = of("training-rises")
    k = int(demo["training-rises"][1]["k"])
    assert k == len(curve["alphas"]) - 1 and curve["verdict"][k] == 1
    assert (np.diff(curve["train_error"][0]) <= 0).all() and curve["best"] < k
    assert of("exact-zeros")["landed_at"] == [None, None]
    # s5 times 1,000, nothing standardized: it is the first to come in, and long alone
    path = of("times-1000")
    assert [n for n, w in zip(path["names"], path["coefs"][3]) if w] == ["s5"]


def test_every_computed_number_is_what_bridle_computes_now(maker: Any, facts: dict[str, str]) -> None:
    assert maker.facts() == facts
    pictures = (WEB / "src" / "theory" / "figures.json").read_text(encoding="utf-8")
    assert maker.written(maker.figures()) == pictures


def test_some_of_the_numbers_by_other_means(maker: Any, facts: dict[str, str]) -> None:
    X, y, names = maker.diabetes()
    free = np.linalg.lstsq(np.c_[np.ones(len(y)), X], y, rcond=None)[0][1:]
    own = dict(zip(names, free))
    effect = dict(zip(names, free * X.std(0)))
    assert facts["least_bmi"] == f"{own['bmi']:.1f}" and facts["least_s5"] == f"{own['s5']:.1f}"
    assert facts["effect_bmi"] == f"{effect['bmi']:.1f}"
    assert facts["least_s1"] == f"{effect['s1']:.1f}".replace("-", "−")
    Z, t = (X - X.mean(0)) / X.std(0), y - y.mean()
    ridge = np.linalg.solve(Z.T @ Z / 442 + 0.1 * np.eye(10), Z.T @ t / 442)
    assert facts["ridge_s1"] == f"{ridge[names.index('s1')]:.1f}".replace("-", "−")
    twice = np.c_[Z, Z[:, names.index("bmi")]]
    shared = np.linalg.solve(twice.T @ twice / 442 + 0.1 * np.eye(11), twice.T @ t / 442)
    assert facts["bmi_twice"] == f"{shared[-1]:.1f}" == f"{shared[names.index('bmi')]:.1f}"
    assert facts["alpha_max"] == f"{np.abs(Z.T @ t).max() / 442 / y.std():.3f}"
    assert facts["ridge_1_is"] == f"{1 / 442:.5f}" and facts["rows"] == "442"
    assert facts["more_6000_least"] == facts["more_6000_ridge"]  # "both"
    assert maker.peeked()[1] < 0.05  # "done so, the claim disappears"
    assert maker.more(6000)[2] < maker.more(60)[2] / 10  # "far smaller"
    low, _, high = facts["seeds_kept"].partition(" or ")
    assert int(low) + 1 == int(high)


def test_no_number_is_typed_without_saying_where_it_is_from(
    content: dict[str, Any], facts: dict[str, str]
) -> None:
    """Numbers from facts.json are marked here; of the others, each is in its question, in SET or in COMPUTED."""
    marked = content["marked"]
    found = set()

    def typed(text: str) -> set[str]:
        return set(NUMERAL.findall(MARK.sub("", text))) - {"0", "1"}

    def check(item: str, numbers: set[str]) -> None:
        computed = {numeral for name, numeral in COMPUTED if name == item}
        assert numbers <= SET.get(item, set()) | computed, (item, numbers)
        found.update((item, numeral) for numeral in numbers)

    for item, ask in asks(marked["questions"]):
        right = next(o["text"] for o in ask["options"] if o.get("right"))
        told = set().union(typed(right), *(typed(o["why"]) for o in ask["options"]))
        check(item, told - typed(ask["ask"]))
    for section in marked["sections"]:
        check(section["id"], typed(section["text"]))
    listed = {(item, numeral) for item, numerals in SET.items() for numeral in numerals} | set(COMPUTED)
    assert found == listed  # nothing is listed that is not said
    elsewhere = {"sparse_null", "dense_null", "more_6000_least"}  # in a picture, or above
    assert set(MARK.findall(json.dumps(marked))) | elsewhere == set(facts)


@pytest.mark.parametrize(("item", "numeral"), COMPUTED)
def test_a_typed_result_is_computed(item: str, numeral: str) -> None:
    assert COMPUTED[item, numeral]() == pytest.approx(float(numeral), abs=1e-12)


def test_what_the_answers_claim_holds(maker: Any) -> None:
    """Claims without a number, on the tables they speak of."""
    X, y, names = maker.diabetes()
    for ratio in (0.0, 0.5, 1.0):  # the training error only ever rises with lambda
        assert (np.diff(bridle.path(X, y, l1_ratio=ratio).train_error) <= 1e-9).all()
    path = bridle.path(X, y)
    top = bridle.path(X, y, alphas=[1e6])
    assert not top.coefs.any() and top.intercepts[0] == pytest.approx(y.mean())
    free = [bridle.path(X, y, l1_ratio=r, alphas=[0.0]).coefs[0] for r in (0.0, 0.5, 1.0)]
    assert np.allclose(free[0], free[1], rtol=1e-9) and np.allclose(free[1], free[2], rtol=1e-9)
    s3 = path.coefs[:, names.index("s3")]
    out = np.flatnonzero((s3[1:] == 0) & (s3[:-1] != 0))[0] + 1
    assert s3[out - 1] < 0 < s3[-1]  # it leaves and returns with the other sign
    # Celsius and kelvin: only the intercept differs
    warm = bridle.path(X, y + 273.15, l1_ratio=0.0, alphas=[0.1])
    cold = bridle.path(X, y, l1_ratio=0.0, alphas=[0.1])
    assert np.allclose(warm.coefs, cold.coefs) and warm.intercepts[0] - cold.intercepts[0] == pytest.approx(
        273.15
    )
    # kilometres instead of metres: ridge shrinks that feature harder
    small = X.copy()
    small[:, names.index("bmi")] /= 1000
    own = bridle.path(X, y, l1_ratio=0.0, alphas=[1.0], standardize=False).coefs[0][names.index("bmi")]
    other = (
        bridle.path(small, y, l1_ratio=0.0, alphas=[1.0], standardize=False).coefs[0][names.index("bmi")]
        / 1000
    )
    assert 0 < other < 0.01 * own
    with pytest.raises(bridle.UsageError, match="minimizes no objective"):
        convert("adamw", "sklearn-ridge", {"weight_decay": 0.01}, rows=442)
    strong, weak = (
        convert("sklearn-logistic", "bridle", {"C": c, "l1_ratio": 0.0}, rows=442)["alpha"]
        for c in (0.1, 1.0)
    )
    assert strong > weak  # a small C is a strong penalty


def test_steps_do_what_the_answers_say() -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 3))
    y = X @ [1.0, -0.5, 0.05] + 0.1 * rng.standard_normal(60)
    walks = {
        m: bridle.descend(X, y, alpha=0.4, penalty="l1", method=m, lr=0.1, steps=2000)
        for m in ("subgradient", "proximal")
    }
    assert not (walks["subgradient"].positions[1:] == 0).any()
    # the lesson's lambda is twice bridle's alpha
    exact = bridle.path(X, y, alphas=[0.2], standardize=False, fit_intercept=False).coefs[0]
    assert walks["proximal"].positions[-1] == pytest.approx(exact, abs=1e-10) and (exact == 0).any()
    assert ((exact == 0) == (walks["proximal"].positions[-1] == 0)).all()


def test_dropout_on_a_linear_model_is_a_ridge() -> None:
    """The expected loss over all masks, written out, has the minimum of a ridge on standardized columns."""
    rng = np.random.default_rng(1)
    X, y = rng.standard_normal((20, 3)) * [1, 2, 5], rng.standard_normal(20)
    X, y, keep = X - X.mean(0), y - y.mean(), 0.8
    gram, cross = np.zeros((3, 3)), np.zeros(3)
    for mask in itertools.product((0, 1), repeat=3):
        share = keep ** sum(mask) * (1 - keep) ** (3 - sum(mask))
        seen = X * np.array(mask) / keep
        gram += share * seen.T @ seen
        cross += share * seen.T @ y
    ridge = bridle.path(X, y, l1_ratio=0.0, alphas=[(1 - keep) / keep]).coefs[0]
    assert np.linalg.solve(gram, cross) == pytest.approx(ridge, rel=1e-9)


def moments(gram: np.ndarray, cross: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows whose X'X/n and X'y/n are these."""
    root = np.linalg.cholesky(gram).T
    X = np.sqrt(2) * root
    return X, np.sqrt(2) * np.linalg.solve(root.T, cross)


def test_the_pictures_solve_their_two_weights_exactly(content: dict[str, Any], maker: Any) -> None:
    problem, twins = content["answers"]["problem"], content["answers"]["twins"]
    grams = (
        (
            np.array([[problem["a"], problem["b"]], [problem["b"], problem["d"]]]),
            problem["cross"],
            problem["solutions"],
        ),
        (np.reshape(twins["gram"], (2, 2)), twins["cross"], twins["solutions"]),
    )
    for gram, cross, solutions in grams:
        X, y = moments(gram, np.array(cross))
        for ratio, found in zip((1.0, 0.5, 0.0), solutions):
            path = bridle.path(
                X,
                y,
                alphas=[1.2, 0.7, 0.4, 0.1, 0.05],
                l1_ratio=ratio,
                standardize=False,
                fit_intercept=False,
            )
            assert np.array(found)[::-1] == pytest.approx(path.coefs, abs=1e-9)
            assert ((np.array(found)[::-1] == 0) == (path.coefs == 0)).all()
    X, y = maker.twins()
    units = np.array(
        json.loads((WEB / "src" / "theory" / "figures.json").read_text(encoding="utf-8"))["twins"]["units"]
    )
    for ratio, found in zip((1.0, 0.5, 0.0), twins["solutions"]):
        own = bridle.path(X, y, alphas=[0.1], l1_ratio=ratio).coefs[0]
        assert np.array(found[1]) * units == pytest.approx(own, rel=1e-3)


def test_the_ellipse_touches_the_body_from_outside(content: dict[str, Any]) -> None:
    """Nowhere on the body is the loss smaller than at the answer: the curves touch and do not cross."""
    found = content["answers"]["tangent"]
    assert len(found) == 9 and all(-1e-12 <= t["excess"] < 1e-5 for t in found), found
    assert [t["w"][1] for t in found if t["ratio"] == 1 and t["alpha"] == 0.7] == [0]


def test_the_curve_through_points_is_bridles(content: dict[str, Any], maker: Any) -> None:
    x, y = maker.wave()
    for shown in content["answers"]["polynomial"]:
        path = bridle.path(maker.powers(x), np.round(y, 4), l1_ratio=0.0, alphas=[shown["alpha"]])
        assert shown["coef"] == pytest.approx(path.coefs[0], rel=2e-3)  # x is rounded in the picture
        assert shown["error"] == pytest.approx(np.sqrt(path.train_error[0]), rel=1e-3)


def test_the_walks_of_the_pictures_are_bridles(content: dict[str, Any]) -> None:
    x = np.array([[1.0], [-1.0]])
    walk = bridle.descend(x, x[:, 0], alpha=0.5, penalty="l2", lr=0.1, steps=200, start=[2.0])
    assert content["answers"]["decay"] == pytest.approx(walk.positions[:, 0], abs=1e-12)
    assert walk.positions[-1, 0] == pytest.approx(1 / 1.5)
    # a direction of strength 0.1, loss d (w - 1)^2 / 2 at rate 0.5: mean (y - xw)^2 at half that rate
    weak = np.sqrt(0.1) * x
    early = bridle.descend(weak, weak[:, 0], penalty="none", lr=0.25, steps=16)
    ridge = bridle.path(weak, weak[:, 0], l1_ratio=0.0, alphas=[1 / 8], standardize=False).coefs[0, 0]
    assert content["answers"]["stopped"] == pytest.approx([early.positions[-1, 0], ridge], abs=1e-12)


def test_what_was_missed_comes_back_in_other_words(content: dict[str, Any]) -> None:
    runs = content["runs"]
    count = len(content["questions"])
    smooth = runs["allRight"]
    assert (
        smooth["first"] == smooth["settled"] == smooth["met"] == len(smooth["log"]) == count
        and not smooth["again"]
    )
    assert {item for item, _ in smooth["log"]} == {q["id"] for q in content["questions"]}
    assert set(smooth["start"][:4]) == LESSON
    for name in ("firstWrong", "lastWrong"):
        items = [item for item, _ in runs[name]["log"]]
        missed = next(item for item, right in runs[name]["log"] if not right)
        assert items.index(missed + "*") - items.index(missed) == 4  # three others in between
        assert runs[name]["settled"] == count and runs[name]["first"] == count - 1
        assert runs[name]["again"] == [missed]
    hard = runs["everyOnceWrong"]
    assert hard["first"] == 0 and hard["settled"] == count and len(hard["again"]) == count
    items = [item for item, _ in hard["log"]]
    gaps = [items.index(q["id"] + "*") - items.index(q["id"]) for q in content["questions"]]
    assert len(items) == 2 * count and sum(gap >= 4 for gap in gaps) >= count - 4
    assert all(before != after for before, after in itertools.pairwise(i.rstrip("*") for i in items))


def test_the_order_is_settled_by_the_seed(content: dict[str, Any]) -> None:
    orders = content["orders"]
    assert all(first == second for first, second in orders)
    assert all(sorted(first) == list(range(len(first))) for first, _ in orders)
    assert any(first != sorted(first) for first, _ in orders)
    assert content["runs"]["allRight"]["start"] != content["runs"]["everyOnceWrong"]["start"]


def test_a_stored_state_is_checked_before_use(content: dict[str, Any]) -> None:
    assert content["restored"]["same"] and all(content["restored"]["bad"])


def test_the_theory_answers_at_readable_length(content: dict[str, Any]) -> None:
    for section in content["sections"]:
        assert 120 <= len(section["text"].split()) <= 220, section["id"]
        assert section["sources"] and section["title"]


APP = Path(bridle.__file__).parent / "lab" / "app" / "index.html"
NO_STORE = "Object.defineProperty(window, 'localStorage', { get() { throw new Error('none') } })"


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """The shipped page, opened as a file: theory and quiz need no data. Whatever it complains of fails the test."""
    context = browser.new_context(viewport={"width": 360, "height": 800}, reduced_motion="reduce")
    found, trouble = context.new_page(), []
    found.on("console", lambda m: m.type == "error" and trouble.append(m.text))
    found.on("pageerror", lambda e: trouble.append(str(e)))
    yield found
    context.close()
    assert trouble == []


def tab_to(page: Any, what: str) -> None:
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate(what):
            return
    pytest.fail(f"the keyboard does not reach {what}")


def give(page: Any, questions: list[dict[str, Any]], right: bool) -> str:
    """Answers the question on the table by the keyboard alone; its item comes back."""
    said = page.locator(".qz-ask").inner_text().removeprefix("In other words: ")
    item, ask = next((i, a) for i, a in asks(questions) if a["ask"] == said)
    shown = page.locator(".qz-option label").all_inner_texts()
    wished = next(
        k
        for k, text in enumerate(shown)
        for o in ask["options"]
        if o["text"] == text and ("right" in o) == right
    )
    tab_to(page, "document.activeElement.type === 'radio'")
    page.keyboard.press("Space")
    for _ in range(wished):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_selector(".qz-verdict")
    verdict = page.evaluate("document.activeElement.textContent")
    status = page.locator(".qz-status").inner_text()
    assert verdict.startswith("✓ Right" if right else "✗ Not right") and status.startswith(
        "Right." if right else "Not right."
    )
    for option in ask["options"]:  # every reason is on the page now
        assert option["why"] in page.locator(".qz-card").inner_text()
    link = page.locator(".qz-idea a").first.get_attribute("href")
    assert link == next(q["demo"] for q in questions if q["id"] == item.rstrip("*"))
    return item


def advance(page: Any) -> None:
    tab_to(page, "document.activeElement.textContent === 'Next question'")
    page.keyboard.press("Enter")
    page.wait_for_selector(".qz-verdict", state="detached")
    assert page.evaluate("document.activeElement.classList.contains('qz-ask')")


@pytest.mark.browser
def test_the_quiz_by_keyboard_alone(page: Any, questions: list[dict[str, Any]]) -> None:
    page.goto(APP.as_uri() + "#/quiz?seed=3")
    page.wait_for_selector(".qz-card")
    missed = give(page, questions, right=False)
    advance(page)
    for _ in range(2):
        give(page, questions, right=True)
        advance(page)
    give(page, questions, right=True)
    page.reload()  # what was answered is still there
    page.wait_for_selector(".qz-verdict")
    assert "3 of 30 ideas settled; 3 of 4 right at the first try" in page.locator(".qz-progress").inner_text()
    advance(page)
    assert page.locator(".qz-ask").inner_text().startswith("In other words: ")
    assert give(page, questions, right=True) == missed + "*"
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_role("button", name="Summary so far").click()
    idea = next(q for q in questions if q["id"] == missed)
    assert idea["idea"] in page.locator(".qz-summary li").inner_text()
    assert page.locator(".qz-summary li a").first.get_attribute("href") == idea["demo"]
    page.get_by_role("button", name="Start again").click()
    assert "30 ideas to settle" in page.locator(".qz-progress").inner_text()


@pytest.mark.browser
def test_the_quiz_works_where_nothing_can_be_stored(page: Any, questions: list[dict[str, Any]]) -> None:
    page.add_init_script(NO_STORE)
    page.goto(APP.as_uri() + "#/quiz")
    page.wait_for_selector(".qz-card")
    give(page, questions, right=True)
    page.get_by_role("link", name="Theory", exact=True).click()
    page.wait_for_selector(".th-section")
    page.get_by_role("link", name="Quiz", exact=True).click()
    page.wait_for_selector(".qz-verdict")


@pytest.mark.browser
def test_an_answer_has_to_be_chosen_first(page: Any) -> None:
    page.goto(APP.as_uri() + "#/quiz")
    page.get_by_role("button", name="Check the answer").click()
    assert page.get_by_role("alert").inner_text() == "Choose one of the answers first."
    assert page.locator(".qz-verdict").count() == 0


@pytest.mark.browser
def test_a_stored_wreck_is_replaced(page: Any) -> None:
    page.add_init_script("localStorage.setItem('bridle-lab-quiz-1', '{\"queue\": [\"nobody\"]}')")
    page.goto(APP.as_uri() + "#/quiz")
    page.wait_for_selector(".qz-card")


@pytest.mark.browser
def test_the_contents_lead_to_the_sections(page: Any, content: dict[str, Any]) -> None:
    page.goto(APP.as_uri() + "#/theory?at=lambda")
    page.wait_for_selector(".th-section")
    at = "(id) => Math.abs(document.getElementById('theory-' + id).getBoundingClientRect().top) < 60"
    page.wait_for_function(at, arg="lambda")
    for section in content["sections"][:3]:
        page.get_by_role("navigation", name="Questions").get_by_role(
            "link", name=section["title"], exact=True
        ).click()
        page.wait_for_function(at, arg=section["id"])
        assert page.evaluate("document.activeElement.textContent") == section["title"]
        assert page.evaluate("location.hash") == f"#/theory?at={section['id']}"


@pytest.mark.browser
def test_the_pictures_follow_the_keys(page: Any) -> None:
    page.goto(APP.as_uri() + "#/theory")
    page.wait_for_selector(".th-section")
    for slider in page.locator(".th-figure input[type=range]").all():
        says = slider.locator("xpath=ancestor::figure").locator(".th-says")
        slider.focus()
        told = set()
        for key in ("Home", "End", "ArrowLeft"):
            page.keyboard.press(key)
            told.add(says.inner_text())
        assert len(told) >= 2, told
    corners = page.locator("#theory-corners")
    corners.locator("input[type=range]").fill("0.7")
    corners.get_by_label("L1", exact=True).check()
    exact = bridle.path(*moments(np.array([[1, 0.6], [0.6, 1]]), np.array([1.11, 0.89])), alphas=[0.7], standardize=False,
                        fit_intercept=False).coefs[0]  # fmt: skip
    assert exact[1] == 0
    assert (
        corners.locator(".th-says")
        .inner_text()
        .startswith(f"L1, λ = 0.70: the weights are {exact[0]:.3f} and 0.000.")
    )
    for figure in page.locator(".th-figure").all():
        figure.locator("summary").click()
        assert figure.locator("td").count() >= 2
        inside = figure.inner_html()
        assert "NaN" not in inside and "Infinity" not in inside and "undefined" not in inside
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.locator(".th [style]").count() == page.locator(".qz [style]").count() == 0
