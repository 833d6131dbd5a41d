"""Who can take part. One file for each tool: exactly what is timed, and how its full-data path is read off."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Maker:
    """How a tool is started.

    Attributes
    ----------
    environment : a name in ``peers/``; "" is bridle's own, "R" the system's R.
    file : ``tools/<file>``.
    variant : what the file is told besides.
    knob : what its tolerance is called.
    ladder : tolerances to try, one after another, until its full-data path is tight.
    """

    environment: str
    file: str
    variant: str = ""
    knob: str = ""
    ladder: tuple[float, ...] = ()


DUALITY_GAP = (5e-7, 1e-7, 1e-8, 1e-9)  # tol bounds half the relative gap
GLMNET = (1e-8, 1e-9, 1e-10, 1e-11, 1e-12, 1e-13, 1e-14, 1e-16)
GRADIENT = (1e-5, 1e-6, 1e-7, 1e-8, 1e-9)
TOOLS = {
    "bridle": Maker("", "run_bridle"),
    "bridle, float32": Maker("", "run_bridle", "float32"),
    "bridle, stop=auto": Maker("", "run_bridle", "stop"),
    "bridle.path": Maker("", "run_bridle", "path"),
    "bridle.RidgeCV": Maker("", "run_bridle", "estimator"),
    "bridle.LassoCV": Maker("", "run_bridle", "estimator"),
    "bridle.Lasso": Maker("", "run_bridle", "estimator"),
    "dsyrk": Maker("", "run_dsyrk"),
    "scikit-learn": Maker("scikit-learn", "run_sklearn", "", "tol", DUALITY_GAP),
    "scikit-learn-intelex": Maker("scikit-learn-intelex", "run_sklearnex", "", "tol", DUALITY_GAP),
    "celer": Maker("celer", "run_celer", "", "tol", DUALITY_GAP),
    "skglm": Maker("skglm", "run_skglm", "", "tol", GRADIENT),
    "adelie": Maker("adelie", "run_adelie", "", "tol", GLMNET),
    "glmstar": Maker("glmstar", "run_glmstar", "", "thresh", GLMNET),
    "glum": Maker("glum", "run_glum", "", "gradient_tol", GRADIENT),
    "himalaya": Maker("himalaya", "run_himalaya"),
    "glmnet": Maker("R", "run_glmnet.R", "", "thresh", GLMNET),
}
