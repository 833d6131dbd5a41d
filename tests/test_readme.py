"""The README shows what the demo prints now."""

import contextlib
import io
import pathlib
import re
import subprocess
import sys

import numpy as np

from bridle.cli import main

ROOT = pathlib.Path(__file__).parent.parent


def test_the_demo_in_the_readme_is_true():
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "readme.py"), "--check"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr


def test_the_readme_starts_with_the_two_commands():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert text.index("make demo") < text.index("make test") < text.index("<!-- demo -->")


def run(code: str) -> tuple[str, dict[str, object]]:
    said, names = io.StringIO(), {}
    with contextlib.redirect_stdout(said):
        exec(code, names)
    return said.getvalue(), names


def test_the_tutorial_in_the_readme_gives_what_scikit_learn_gives():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    code = re.search(r"<!-- tutorial -->\n```python\n(.*?)```", text, re.S).group(1)
    theirs_code = re.sub(r"from bridle import .*", "from sklearn.linear_model import Lasso, Ridge", code)
    assert theirs_code != code
    ours, names = run(code)
    theirs, their_names = run(theirs_code)
    assert ours == theirs and "weights are exactly zero" in ours
    model = names["lasso"].named_steps["lasso"].model_
    assert model.certificate.certified and (model.coef == names["coef"]).all()
    assert ((names["coef"] == 0) == (their_names["coef"] == 0)).all()


def families() -> str:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.search(r"<!-- families -->\n(.*?)<!-- /families -->", text, re.S).group(1)


def test_the_families_in_the_readme_run_in_python():
    said, names = run(re.search(r"```python\n(.*?)```", families(), re.S).group(1))
    first, second = said.splitlines()
    assert first.startswith("binomial ('benign', 'malignant') AUC 0.99") and second.startswith(
        "probability of malignant: "
    )
    assert names["model"].certificate.certified and "Which threshold?" in names["page"]


def test_the_families_in_the_readme_run_in_the_shell(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    age, site = rng.normal(size=(2, 120))
    ill = rng.random(120) < 1 / (1 + np.exp(-age))
    exposure = rng.uniform(0.1, 1.0, 120)
    claims = rng.poisson(exposure * np.exp(0.5 * age))
    tables = {
        "patients.csv": ("age,site,diagnosis", zip(age, site, np.where(ill, "ill", "well"))),
        "policies.csv": ("age,site,log_exposure,claims", zip(age, site, np.log(exposure), claims)),
    }
    monkeypatch.chdir(tmp_path)
    for name, (head, rows) in tables.items():
        lines = [head, *(",".join(map(str, row)) for row in rows)]
        pathlib.Path(name).write_text("\n".join(lines) + "\n")
    commands = re.search(r"```sh\n(.*?)```", families(), re.S).group(1).splitlines()
    assert len(commands) == 3
    for command in commands:
        program, *arguments = command.split()
        more = ["--l1-ratio", "1", "--n-alphas", "10", "--no-nested"] if arguments[0] == "fit" else []
        with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.redirect_stderr(io.StringIO()):
            assert program == "bridle" and main([*arguments, *more]) == 0
    assert len(said.getvalue().splitlines()) == 121
    assert "a miss costing 10.0 false alarms" in (tmp_path / "patients.html").read_text(encoding="utf-8")
