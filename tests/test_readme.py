"""The README shows what the demo prints now."""

import contextlib
import io
import pathlib
import re
import subprocess
import sys

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
