"""Breaks the lab on purpose, one way at a time, in a copy, and sees that the tests named for each break fail.

    python tools/breaks.py            all of them
    python tools/breaks.py csp any    those whose name holds one of these words
    python tools/breaks.py --why      with the line by which each was noticed

A break is one piece of text of one file replaced by another: a mistake that a person would suffer from. The tests named
with it pass before it is made, or nothing is concluded; after it they must fail. A break that survives is a missing test.
The working tree is never touched: what git knows, and what it does not ignore, is copied to a temporary folder, with the
compiled core of this environment and a link to web/node_modules. Exits with 1 if a break survives.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import util
from pathlib import Path

ROOT = Path(__file__).parent.parent
APP = "src/bridle/lab/app"
LONGEST = 300  # seconds for the tests of one break; what hangs does not pass

LESSONS = "tests/lab/test_lessons.py::"
SERVER = "tests/lab/test_server.py::"
BROWSER = "tests/lab/test_browser_screens.py::"
QUIZ = "tests/lab/test_quiz.py::"
NETWORK = "tests/lab/test_networks.py::"
NETWORK_BROWSER = "tests/lab/test_browser_network.py::"
WIGGLE = "tests/lab/test_wiggle.py::"
OVERFIT = "tests/lab/test_browser_overfit.py::"
MAP = "tests/lab/test_browser_map.py::"
TWINS = "tests/lab/test_twins.py::"
NEEDLES = "tests/lab/test_needles.py::"
PAIR = "tests/lab/test_browser_twins.py::"
YOURS = "tests/lab/test_yours.py::"
UPLOADS = "tests/lab/test_uploads.py::"
OWN = "tests/lab/test_browser_yours.py::"
FAMILIES = "tests/lab/test_yours_families.py::"
OWN_FAMILIES = "tests/lab/test_browser_families.py::"


@dataclass(frozen=True)
class Break:
    """One mistake.

    Attributes
    ----------
    means : what a person would see or suffer.
    old, new : ``old`` occurs exactly once in ``file``.
    tests : what pytest is asked to run.
    app : whether the pages have to be built again for the tests to see it.
    """

    name: str
    means: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    app: bool = False


BREAKS = (
    # The mathematics that is shown
    Break(
        "corner-moved",
        "the point at the diamond's corner is drawn off it, its weight no longer 0",
        "web/src/screens/corners.tsx",
        "  const w = track[k];\n",
        "  const w: Point = [track[k][0], track[k][1] || 0.01];\n",
        (BROWSER + "test_the_ellipse_is_tangent_to_the_body[1.0]",),
        app=True,
    ),
    Break(
        "body-without-its-half",
        "the elastic net's body is drawn too large: the ellipse cuts it",
        "web/src/math/body.ts",
        "((1 - l1) / 2) * (x * x + y * y)",
        "(1 - l1) * (x * x + y * y)",
        (BROWSER + "test_the_ellipse_is_tangent_to_the_body[0.5]",),
        app=True,
    ),
    Break(
        "zero-for-ever",
        "in proximal descent a weight that is 0 cannot return",
        "src/bridle/descent.py",
        "        end = _proximal(w + by_loss, s)\n",
        "        end = np.where(w == 0, 0.0, _proximal(w + by_loss, s))\n",
        (QUIZ + "test_steps_do_what_the_answers_say",),
    ),
    Break(
        "subgradient-lands",
        "the naive L1 step lands on exactly 0, which it never does",
        "src/bridle/descent.py",
        "    return by_loss, by_penalty, w + by_loss + by_penalty\n",
        "    end = w + by_loss + by_penalty\n"
        '    return by_loss, by_penalty, np.where((s.penalty == "l1") & (end * w < 0), 0.0, end)\n',
        (LESSONS + "test_proximal_lands_on_zero_and_the_subgradient_never_does",),
    ),
    Break(
        "decay-of-half",
        "L2 multiplies weights by 1 - lr lambda, not by 1 - 2 lr lambda",
        "src/bridle/descent.py",
        'own = s.alpha * (2.0 * w if s.penalty == "l2"',
        'own = s.alpha * (w if s.penalty == "l2"',
        (LESSONS + "test_a_descent_follows_the_lessons_formula[l2-gradient]",),
    ),
    Break(
        "threshold-doubled",
        "the proximal L1 step shrinks by 2 lr lambda",
        "src/bridle/descent.py",
        "np.abs(v) - s.lr * s.alpha, 0.0",
        "np.abs(v) - 2.0 * s.lr * s.alpha, 0.0",
        (LESSONS + "test_a_descent_follows_the_lessons_formula[l1-proximal]",),
    ),
    Break(
        "divergence-unflagged",
        "a walk that runs away is taken for one that converges",
        "src/bridle/descent.py",
        "diverged_at=int(far[0]) if len(far) else None,",
        "diverged_at=None,",
        (LESSONS + "test_beyond_the_critical_rate_it_runs_away",),
    ),
    Break(
        "divergence-unsaid",
        "the screen does not say that the rate is too large",
        "web/src/screens/descent.tsx",
        "    diverged: payload.diverged === true,\n",
        "    diverged: false,\n",
        (BROWSER + "test_descent_shows_every_step_of_the_engine[0.7-l2-l2-gradient]",),
        app=True,
    ),
    Break(
        "stop-by-training-rows",
        "early stopping takes the step that is best on the rows it learns from",
        "src/bridle/lab/stopping.py",
        "    best = 1 + int(np.nanargmin(error[1:]))\n    stops",
        "    best = 1 + int(np.nanargmin(found.loss[1:]))\n    stops",
        (LESSONS + "test_stopping_is_a_descent_on_the_training_rows_beside_ridge",),
    ),
    Break(
        "stopping-rate-ignored",
        "the learning rate that is chosen for early stopping changes nothing",
        "web/src/screens/stopping.tsx",
        "lr: rate, steps: STEPS",
        "lr: USUAL, steps: STEPS",
        (BROWSER + "test_the_rate_of_early_stopping_is_chosen",),
        app=True,
    ),
    Break(
        "one-se-wrong-side",
        "1-SE takes the weakest penalty within one standard error, not the strongest",
        "src/bridle/selection/choosing.py",
        "    within = np.flatnonzero(means[curve][: k + 1] <= limit)\n    return curve, int(within[0])",
        "    within = np.flatnonzero(means[curve] <= limit)\n    return curve, int(within[-1])",
        (LESSONS + "test_the_rules_follow_from_the_curve",),
    ),
    Break(
        "folds-not-reshuffled",
        "the folds are the same ones for every seed",
        "src/bridle/lab/home.py",
        "standardize=standardize, seed=seed, nested=False, progress=progress",
        "standardize=standardize, seed=0, nested=False, progress=progress",
        (LESSONS + "test_reshuffled_folds_change_errors_and_not_the_path",),
    ),
    Break(
        "reshuffle-button-dead",
        "the button draws no other folds",
        "web/src/screens/home.tsx",
        "update({ seed: (Number(seed) + 1) % 3 })",
        "update({ seed: Number(seed) % 3 })",
        (BROWSER + "test_the_folds_are_drawn_anew_by_the_button",),
        app=True,
    ),
    Break(
        "standardize-always",
        "columns are standardized though that is switched off",
        "src/bridle/lab/home.py",
        "l1_ratios=ratio, standardize=standardize, seed",
        "l1_ratios=ratio, standardize=True, seed",
        (LESSONS + "test_the_path_is_scikit_learns[diabetes-1-0]",),
    ),
    Break(
        "column-not-multiplied",
        "the column times 1,000 is the column as it was",
        "src/bridle/lab/home.py",
        "        X[:, j] *= 1000\n",
        "        X[:, j] *= 1\n",
        (LESSONS + "test_unstandardized_a_column_times_1000_is_next_to_free",),
    ),
    Break(
        "alpha-max-off",
        "the path starts one percent too high: its first stops are empty",
        "src/bridle/objective.py",
        "return float(np.max(pull[used] / v[used])) / l1_ratio",
        "return 1.01 * float(np.max(pull[used] / v[used])) / l1_ratio",
        (LESSONS + "test_at_alpha_max_the_first_column_is_about_to_enter[diabetes]",),
    ),
    Break(
        "factor-in-the-view",
        "errors are shown one percent too large, by arithmetic in the browser",
        "web/src/screens/home.tsx",
        "(squared ? Math.sqrt(Math.max(0, m)) : m)",
        "(squared ? 1.01 * Math.sqrt(Math.max(0, m)) : m)",
        (BROWSER + "test_home_shows_what_the_engine_says[1.0]",),
        app=True,
    ),
    Break(
        "factor-beside-ridge",
        "the errors beside early stopping are mean squares, not typical errors",
        "web/src/screens/stopping.tsx",
        "Float64Array.from(v, (m) => Math.sqrt(m))",
        "Float64Array.from(v, (m) => m)",
        (BROWSER + "test_early_stopping_stands_beside_ridge[0.05]",),
        app=True,
    ),
    # Controls
    Break(
        "scrubber-between-stops",
        "the scrubber stops at strengths that nothing was solved for",
        "web/src/ground/scrubber.tsx",
        "        step={1}\n",
        '        step="any"\n',
        (BROWSER + "test_the_scrubber_stops_only_where_something_was_solved",),
        app=True,
    ),
    Break(
        "no-arrow-keys",
        "the view in 3D cannot be rotated from the keyboard",
        "web/src/screens/bowl.tsx",
        "          if (!step) return;\n",
        "          if (step || !step) return;\n",
        (BROWSER + "test_three_dimensions_turn_by_button_key_and_drag",),
        app=True,
    ),
    Break(
        "motion-forced",
        "pictures sweep for those who asked for no motion",
        "web/src/ground/hooks.ts",
        "  if (isStill() || from === to) {",
        "  if (from === to) {",
        (BROWSER + "test_nothing_moves_by_itself_where_motion_is_unwelcome[reduce]",),
        app=True,
    ),
    Break(
        "names-as-html",
        "a column's name is taken for HTML",
        "web/src/screens/home.tsx",
        '<span class="name">{d.names[j]}</span>',
        '<span class="name" dangerouslySetInnerHTML={{ __html: d.names[j] }} />',
        (BROWSER + "test_a_columns_name_is_text_whatever_it_holds[home]",),
        app=True,
    ),
    # Overfit, and the map
    Break(
        "noise-left-out",
        "the error on new points is that on points without noise",
        "src/bridle/lab/wiggle.py",
        "((fits - wanted) ** 2).mean(axis=1) + noise**2",
        "((fits - wanted) ** 2).mean(axis=1)",
        (
            WIGGLE + "test_the_error_on_new_points_is_that_of_new_points",
            WIGGLE + "test_the_error_is_noise_and_bias_and_variance",
        ),
    ),
    Break(
        "bias-of-every-fit",
        "the bias is taken fit by fit, so that the variance is counted twice",
        "src/bridle/lab/wiggle.py",
        "((mean - wanted) ** 2).mean(axis=0), ((fits - mean) ** 2)",
        "((fits - wanted) ** 2).mean(axis=(0, 1)), ((fits - mean) ** 2)",
        (WIGGLE + "test_the_error_is_noise_and_bias_and_variance",),
    ),
    Break(
        "verdict-reversed",
        "a wild curve is said to underfit and a stiff one to overfit",
        "src/bridle/lab/wiggle.py",
        "np.sign(np.arange(len(expected)) - np.argmin(expected))",
        "np.sign(np.argmin(expected) - np.arange(len(expected)))",
        (WIGGLE + "test_underfitting_and_overfitting_are_named",),
    ),
    Break(
        "powers-from-zero",
        "the powers begin with x^0, so that the degree is one too low",
        "src/bridle/lab/wiggle.py",
        "x[:, None] ** np.arange(1, degree + 1)",
        "x[:, None] ** np.arange(degree)",
        (WIGGLE + "test_without_a_penalty_it_is_least_squares",),
    ),
    Break(
        "same-points-again",
        "resampling shows the points of the first data set with the fit to others",
        "web/src/screens/overfit.tsx",
        '    x: own("x"), y: own("y"),\n',
        '    x: row(matrix(payload, "x"), 0), y: row(matrix(payload, "y"), 0),\n',
        (OVERFIT + "test_the_curve_is_drawn_where_the_axes_say",),
        app=True,
    ),
    Break(
        "fit-without-intercept",
        "the curve is drawn without its intercept",
        "web/src/screens/overfit.tsx",
        "  return out + intercept;\n",
        "  return out + 0 * intercept;\n",
        (OVERFIT + "test_overfit_shows_what_the_engine_says",),
        app=True,
    ),
    Break(
        "errors-swapped",
        "the training error is called the error on new points, and the other way round",
        "web/src/screens/overfit.tsx",
        '[root(own("train_error")), root(own("test_error"))]',
        '[root(own("test_error")), root(own("train_error"))]',
        (OVERFIT + "test_overfit_shows_what_the_engine_says",),
        app=True,
    ),
    Break(
        "visits-not-kept",
        "the map forgets where one was when the page is opened anew",
        "web/src/screens/map.tsx",
        "    if (names.length) localStorage.setItem(KEY, JSON.stringify(names));\n",
        "    if (names.length) sessionStorage.removeItem(KEY);\n",
        (MAP + "test_the_map_says_where_one_was_and_forgets",),
        app=True,
    ),
    Break(
        "row-hides-its-stop",
        "on a narrow screen the row of stops does not bring the focused one into view",
        "web/src/screens/map.tsx",
        '.scrollIntoView({ block: "nearest", inline: "nearest" })',
        ".getBoundingClientRect()",
        (MAP + "test_every_stop_is_reached_by_keyboard",),
        app=True,
    ),
    Break(
        "focus-lost",
        "a new screen leaves the keyboard nowhere",
        "web/src/ground/parts.tsx",
        "    if (justArrived()) ref.current?.focus({ preventScroll: true });\n",
        "    if (justArrived()) ref.current?.getBoundingClientRect();\n",
        (MAP + "test_a_new_screen_puts_the_focus_on_its_headline",),
        app=True,
    ),
    # The quiz
    Break(
        "wrong-answer-right",
        "a wrong answer counts as the right one",
        "web/src/quiz/questions.ts",
        '{ text: "It makes them smaller.", why:',
        '{ text: "It makes them smaller.", right: true, why:',
        (QUIZ + "test_every_question_has_one_right_answer_and_every_answer_a_reason",),
    ),
    Break(
        "right-answer-moved",
        "another of the answers is the right one",
        "web/src/quiz/questions.ts",
        '{ text: "It sets some of them to exactly zero.", right: true, why: "Its pull stays the same down to zero, so a '
        "weight that the data support less than that is held at exactly zero. L2's pull fades away near zero.\" },\n"
        '      { text: "It brings all of them to about the same size.", why:',
        '{ text: "It sets some of them to exactly zero.", why: "Its pull stays the same down to zero, so a '
        "weight that the data support less than that is held at exactly zero. L2's pull fades away near zero.\" },\n"
        '      { text: "It brings all of them to about the same size.", right: true, why:',
        (QUIZ + "test_the_right_answers_are_the_right_ones",),
    ),
    Break(
        "variant-never-asked",
        "what was answered wrongly does not come back in other words",
        "web/src/quiz/progress.ts",
        "queue: [item, ...before, other(item), ...rest.slice(APART)]",
        "queue: [item, ...before, ...rest.slice(APART)]",
        (QUIZ + "test_what_was_missed_comes_back_in_other_words",),
    ),
    # Networks
    Break(
        "dropout-scaled-twice",
        "predictions are scaled though the masks of training already were: dropout counts twice",
        "src/bridle/torch/network.py",
        "                    if masks is not None:\n                        z = z * masks[layer]\n",
        "                    z = z * (1 - self.architecture.dropout if masks is None else masks[layer])\n",
        (NETWORK + "test_masks_average_to_the_picture_without_them",),
    ),
    Break(
        "masks-undivided",
        "dropout's masks are not divided by the share that stays: units are weaker in training than at prediction",
        "src/bridle/torch/passes.py",
        "mask.bernoulli_(1 - rate, generator=random).div_(1 - rate)",
        "mask.bernoulli_(1 - rate, generator=random)",
        (NETWORK + "test_the_held_out_losses_are_those_of_torchs_own_layers[dropout]",),
    ),
    Break(
        "l2-without-its-half",
        "the squares of the elastic net count double in networks: the half of l2 / 2 is forgotten",
        "src/bridle/torch/fused.py",
        "        add = [_times(scale, job.l2, like)",
        "        add = [_times(2.0 * scale, job.l2, like)",
        (
            "tests/torch/test_proximal_training.py::test_full_batches_end_at_the_engines_answer[adam-elastic-net]",
        ),
    ),
    Break(
        "network-zero-for-ever",
        "a network's weight that L1 has put at 0 cannot return",
        "src/bridle/torch/proximal.py",
        "        before_step(self.optimizer, paying)\n",
        "        before_step(self.optimizer, paying)\n"
        "        for p in (p for one in paying for p in _moving(one)):\n"
        "            p.grad.mul_(p != 0)\n",
        ("tests/torch/test_proximal_training.py::test_a_weight_at_zero_comes_back",),
    ),
    Break(
        "stop-on-own-points",
        "early stopping watches the points that it learns from",
        "src/bridle/lab/networks.py",
        "for rows in (train, held)]",
        "for rows in (train, train)]",
        (NETWORK + "test_the_held_out_losses_are_those_of_torchs_own_layers[none]",),
    ),
    Break(
        "last-weights-kept",
        "early stopping says that it put back the weights of the epoch where it ended",
        "src/bridle/lab/networks.py",
        '"restored": int(third.best_epoch[0]),',
        '"restored": int(third.epochs),',
        (NETWORK + "test_early_stopping_goes_the_same_way_and_takes_the_best_back",),
    ),
    Break(
        "pytorch-at-once",
        "opening any screen loads PyTorch",
        "src/bridle/lab/networks.py",
        "from .aside import aside\n",
        "from ..torch.training import train as _\nfrom .aside import aside\n",
        (NETWORK + "test_nothing_but_a_training_loads_pytorch",),
    ),
    Break(
        "pictures-flood",
        "a training sends pictures as fast as it can, whoever can look at them",
        "src/bridle/lab/streaming.py",
        "        if now - self._shown >= SLOW:\n",
        "        if now >= self._shown:\n",
        (NETWORK + "test_parts_are_frames_of_their_own_at_most_twenty_a_second",),
    ),
    Break(
        "line-beside-even-odds",
        "the line is drawn where a cell ends, not where the odds are even",
        "web/src/math/contour.ts",
        "cuts.push(i + a / (a - b), j);",
        "cuts.push(i + 0.5, j);",
        (NETWORK_BROWSER + "test_contours_of_a_known_field_are_where_they_are",),
        app=True,
    ),
    Break(
        "stop-unheard",
        "the button Stop does not end the training",
        "web/src/screens/network.tsx",
        "useLesson(stopped === key ? undefined : key)",
        "useLesson(key)",
        (NETWORK_BROWSER + "test_a_training_grows_is_stopped_and_begun_again",),
        app=True,
    ),
    Break(
        "told-before-asked",
        "the held-out losses are drawn before one has said what they will do",
        "web/src/screens/network.tsx",
        '        {told && <path class="net-held"',
        '        {<path class="net-held"',
        (NETWORK_BROWSER + "test_one_commits_before_the_held_out_loss_is_shown",),
        app=True,
    ),
    Break(
        "marker-at-the-end",
        "early stopping is marked where it ended, not at the epoch whose weights it put back",
        "web/src/screens/network.tsx",
        "return m === STOPPING && d.at[s] > d.done[m] && d.restored !== null ? d.restored : d.at[s];",
        "return m === STOPPING && d.at[s] > d.done[m] ? d.done[m] : d.at[s];",
        (NETWORK_BROWSER + "test_early_stopping_says_what_it_put_back",),
        app=True,
    ),
    # The server and the folder
    Break(
        "any-token",
        "any token opens the lab",
        "src/bridle/lab/security.py",
        'if [name for name, _ in given] != ["token"] or not self.keys.opens(given[0][1]):',
        'if [name for name, _ in given] != ["token"]:',
        (SERVER + "test_a_wrong_token_opens_nothing",),
    ),
    Break(
        "no-cookie-needed",
        "every program and page on the machine may ask the lab",
        "src/bridle/lab/security.py",
        "        if not any(_same(value, self.keys.cookie) for value in _cookies(scope, self.cookie_name)):\n",
        "        if not self.keys.cookie:\n",
        (SERVER + "test_nothing_is_answered_without_the_cookie",),
    ),
    Break(
        "any-host",
        "a foreign name that points at this machine is answered (DNS rebinding)",
        "src/bridle/lab/security.py",
        "if len(hosts) != 1 or hosts[0].lower() not in self.hosts:",
        "if len(hosts) != 1:",
        (SERVER + "test_a_foreign_host_is_refused",),
    ),
    Break(
        "any-origin",
        "another page in the same browser may ask the lab",
        "src/bridle/lab/security.py",
        "        if any(origin.lower() != ",
        "        if origins is None and any(origin.lower() != ",
        (SERVER + "test_a_foreign_origin_is_refused",),
    ),
    Break(
        "no-csp",
        "nothing holds a script in that slipped into the page",
        "src/bridle/lab/security.py",
        '    "content-security-policy": CSP,\n',
        "",
        (SERVER + "test_files_have_their_types_and_the_headers_that_hold_a_page_in",),
    ),
    Break(
        "cancel-unheard",
        "the server goes on computing what nobody waits for any more",
        "src/bridle/lab/streaming.py",
        "_Telling(lambda: gone.is_set() or self.stopping.is_set(), hand_over)",
        "_Telling(self.stopping.is_set, hand_over)",
        (SERVER + "test_work_ends_when_the_client_goes_away[idle]",),
    ),
    Break(
        "page-holds-on",
        "the page does not give up a lesson that its settings have left behind",
        "web/src/ground/hooks.ts",
        "    return () => stop.abort();\n",
        "    return () => undefined;\n",
        (BROWSER + "test_a_lesson_nobody_waits_for_is_given_up",),
        app=True,
    ),
    Break(
        "folder-calls-home",
        "the static folder asks a server in the network",
        "web/src/ground/load.ts",
        "  await script(`data/${slug(key)}.js`);\n",
        '  await fetch("http://127.0.0.1:9/").catch(() => undefined);\n  await script(`data/${slug(key)}.js`);\n',
        (BROWSER + "test_the_folder_opens_from_a_file",),
        app=True,
    ),
    Break(
        "folder-overwrites",
        "writing the lesson as a folder replaces a person's own files",
        "src/bridle/lab/static.py",
        "    if foreign:\n",
        "    if foreign and not target:\n",
        ("tests/lab/test_static.py::test_a_folder_with_other_files_is_left_alone",),
    ),
    # Twins and needles
    Break(
        "twins-never-drawn",
        "every resample holds all rows once, so nothing differs between them",
        "src/bridle/lab/twins.py",
        "    return np.random.default_rng([seed, n, RESAMPLES]).integers(0, n, (RESAMPLES, n))\n",
        "    return np.tile(np.arange(n), (RESAMPLES, 1))\n",
        (TWINS + "test_resamples_are_drawn_with_replacement",),
    ),
    Break(
        "twins-counted-twice",
        "a resample that keeps both twins counts as one that keeps only the first, too",
        "src/bridle/lab/twins.py",
        "first, second = kept[..., 0].sum(axis=2) - both, kept",
        "first, second = kept[..., 0].sum(axis=2), kept",
        (TWINS + "test_what_is_counted_is_what_is_there",),
    ),
    Break(
        "twins-in-other-units",
        "weights are shown in standard deviations of each resample and called weights",
        "src/bridle/lab/twins.py",
        "return np.asarray((standard * scale[:, None]).swapaxes(1, 2))",
        "return np.asarray((standard * (scale[:, None] > 0)).swapaxes(1, 2))",
        (TWINS + "test_every_resamples_weights_are_those_of_the_only_sign_pattern_that_fits[40-0.997]",),
    ),
    Break(
        "twins-mixed-up",
        "where only x1 was kept the page says x2",
        "web/src/screens/twins.tsx",
        "(u !== 0 ? (v !== 0 ? 0 : 1) : v !== 0 ? 2 : 3)",
        "(u !== 0 ? (v !== 0 ? 0 : 2) : v !== 0 ? 1 : 3)",
        (PAIR + "test_twins_show_what_the_engine_says[40-0.997-1]",),
        app=True,
    ),
    Break(
        "twins-play-unasked",
        "the drawing plays by itself for those who asked for no motion",
        "web/src/screens/twins.tsx",
        "    if (!isStill()) setPlaying(true);\n",
        "    setPlaying(true);\n",
        (PAIR + "test_the_drawing_plays_by_itself_only_where_motion_is_welcome[reduce]",),
        app=True,
    ),
    Break(
        "needles-seen-before",
        "the error on fresh rows is that on the rows it learned from",
        "src/bridle/lab/needles.py",
        "((fresh_y[:, None] - fresh @ coefs.T - intercepts) ** 2)",
        "((y[:, None] - X @ coefs.T - intercepts) ** 2)",
        (NEEDLES + "test_errors_and_counts_are_those_of_the_weights",),
    ),
    Break(
        "needles-miscounted",
        "other features than the real ones count as found",
        "src/bridle/lab/needles.py",
        "(coefs[:, real] != 0)",
        "(coefs[:, :REAL] != 0)",
        (NEEDLES + "test_errors_and_counts_are_those_of_the_weights",),
    ),
    Break(
        "needles-other-folds",
        "ridge is cross-validated on other folds than the methods beside it",
        "src/bridle/lab/needles.py",
        "folds = make_folds(len(y), 5, seed=seed)",
        "folds = make_folds(len(y), 5, seed=seed + 1)",
        (NEEDLES + "test_the_cross_validated_errors_are_scikit_learns",),
    ),
    Break(
        "needles-given-away",
        "the picture shows which features are real before anybody has guessed",
        "web/src/screens/needles.tsx",
        "const real = known && d.weights[j] !== 0;",
        "const real = d.weights[j] !== 0;",
        (PAIR + "test_one_commits_to_a_guess_before_the_needles_show",),
        app=True,
    ),
    Break(
        "needles-one-off",
        "a feature is drawn in its neighbour's place",
        "web/src/screens/needles.tsx",
        "out[g] += straw(g, ((j % across) + 0.5) * cell,",
        "out[g] += straw(g, (((j + 1) % across) + 0.5) * cell,",
        (PAIR + "test_the_features_are_drawn_as_what_they_are",),
        app=True,
    ),
    # A table of one's own
    Break(
        "held-rows-learned",
        "the rows put away are learned from too: their score is flattered",
        "src/bridle/lab/asking.py",
        "            self.learn = Followed(self.table.take(rows), progress)\n",
        "            self.learn = self.table\n",
        (YOURS + "test_nothing_is_chosen_by_rows_put_away",),
    ),
    Break(
        "strength-of-another-target",
        "the strength is told to other packages as if their target were standardized",
        "src/bridle/lab/translating.py",
        ".on_raw_target(model.target_sd)",
        "",
        (YOURS + "test_the_strength_in_other_packages_words_gives_their_fit",),
    ),
    Break(
        "offset-forgotten",
        "the rows put away are predicted without their offset",
        "src/bridle/lab/scoring.py",
        "return np.zeros(rows.design.n) if rows.offset is None else rows.offset",
        "return np.zeros(rows.design.n)",
        (FAMILIES + "test_counts_put_away_are_scored_by_scikit_learn",),
    ),
    Break(
        "intercept-stands-still",
        "the curvature of two weights leaves the intercept where it is",
        "src/bridle/lab/pairs.py",
        "z = x - (bend @ x / total if total > 0 else share @ x)",
        "z = x",
        (FAMILIES + "test_slope_and_curvature_are_those_of_the_loss",),
    ),
    Break(
        "row-of-what-is-left",
        "a target that a family cannot have is named by its place among the rows to learn from",
        "src/bridle/lab/asking.py",
        "check(whole, self.family, self.table)",
        "None",
        (FAMILIES + "test_a_family_that_does_not_suit_names_the_row_of_the_file",),
    ),
    Break(
        "root-of-a-deviance",
        "the root of a mean deviance is shown, as if it were a mean square",
        "web/src/screens/home.tsx",
        "const squared = payload.squared !== false;",
        "const squared = true;",
        (OWN_FAMILIES + "test_two_classes_from_drop_to_report",),
        app=True,
    ),
    Break(
        "score-before-the-guess",
        "the error on the rows put away is shown before anybody predicted it",
        "web/src/screens/yours-held.tsx",
        "made={guess} onGuess",
        'made={guess ?? "skip"} onGuess',
        (OWN + "test_the_score_is_hidden_until_a_guess_is_made",),
        app=True,
    ),
    Break(
        "name-in-the-path",
        "the name that a page gives a file becomes part of a path",
        "src/bridle/lab/uploads.py",
        "tempfile.mkstemp(dir=folder)",
        'tempfile.mkstemp(dir=folder, prefix=name.replace("/", "_"))',
        (UPLOADS + "test_a_name_is_only_shown",),
    ),
    Break(
        "any-page-drops-tables",
        "another page open in the browser may send tables and drop them",
        "src/bridle/lab/security.py",
        "if changes and len(origins) != 1:",
        "if changes and len(origins) > 1:",
        (UPLOADS + "test_only_the_labs_own_page_may_send_or_drop",),
    ),
    Break(
        "no-end-of-uploads",
        "any number of files comes in at once",
        "src/bridle/lab/uploads.py",
        "if self._now >= self.most:",
        "if self._now > 1000 * self.most:",
        (UPLOADS + "test_the_fifth_at_once_is_asked_to_come_again",),
    ),
    Break(
        "tables-left-behind",
        "the person's table stays on the disk when the lab is ended",
        "src/bridle/lab/server.py",
        "        self._tables.close()  # here",
        "        # here",
        (UPLOADS + "test_nothing_is_left_when_the_program_is_ended",),
    ),
    Break(
        "deaf-while-reading",
        "whoever gives up a large table waits until it is read",
        "src/bridle/lab/aside.py",
        "        while not done.wait(ASKED_EVERY):\n            progress(*told)\n",
        "        done.wait()\n",
        (YOURS + "test_who_waits_may_leave_at_once",),
    ),
)

# An editable installation finds its own sources before anything on PYTHONPATH; in the copy it has to step aside.
STEP_ASIDE = """import sys

sys.meta_path[:] = [f for f in sys.meta_path if "bridle" not in getattr(f, "known_source_files", ())]
"""
WHERE = """import sys, pathlib, bridle, bridle._core, bridle.descent, bridle.lab.stopping
at = pathlib.Path(sys.argv[1]).resolve()
for module in (bridle, bridle._core, bridle.descent, bridle.lab.stopping):
    assert pathlib.Path(module.__file__).resolve().is_relative_to(at), module.__file__
"""


class Copy:
    """A copy of the working tree that tests run in."""

    def __init__(self, folder: Path) -> None:
        self.root, self.kept = folder / "tree", folder / "app"
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT, check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
        for name in filter(None, listed.split("\0")):
            if (ROOT / name).is_file():  # not one that was deleted
                (self.root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.root / name)
        core = util.find_spec("bridle._core")
        if core is None or core.origin is None:
            raise SystemExit("The compiled core is missing; run `make test` first.")
        shutil.copy2(core.origin, self.root / "src" / "bridle")
        (self.root / "web" / "node_modules").symlink_to((ROOT / "web" / "node_modules").resolve())
        hooks = folder / "hooks"
        hooks.mkdir()
        (hooks / "sitecustomize.py").write_text(STEP_ASIDE)
        self.env = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(hooks), str(self.root / "src")]),
            # Compiled files are told apart by the second and the size, which a break may share with what it replaces.
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        subprocess.run([sys.executable, "-c", WHERE, str(self.root / "src")], env=self.env, check=True)
        if not self.build():
            raise SystemExit("The lab's pages cannot be built: run `make web`.")
        shutil.copytree(self.root / APP, self.kept)

    def build(self) -> bool:
        """Builds the lab's pages from the copy's sources."""
        done = subprocess.run(["node", "web/build.mjs"], cwd=self.root, capture_output=True, text=True)
        if done.returncode:
            print(done.stderr, file=sys.stderr)
        return done.returncode == 0

    def restore_app(self) -> None:
        """The pages as they were before any break."""
        shutil.rmtree(self.root / APP)
        shutil.copytree(self.kept, self.root / APP)

    def passes(self, tests: Iterable[str]) -> bool:
        """Whether the tests pass; False where one fails or hangs. Anything else is an error."""
        command = [sys.executable, "-m", "pytest", "-x", "-p", "no:cacheprovider", *tests]
        run = subprocess.Popen(
            command, cwd=self.root, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True,
        )  # fmt: skip
        self.said = ""
        try:
            said, _ = run.communicate(timeout=LONGEST)
        except subprocess.TimeoutExpired:
            os.killpg(run.pid, signal.SIGKILL)
            run.communicate()
            return False
        if run.returncode not in (0, 1) or " skipped" in said.splitlines()[-1]:
            raise SystemExit(f"{said}\nThese tests could not be run: {' '.join(tests)}")
        self.said = said
        return run.returncode == 0

    def survives(self, one: Break) -> bool:
        """Whether the tests still pass with the break in place."""
        file = self.root / one.file
        whole = file.read_bytes()
        text = whole.decode()
        if text.count(one.old) != 1:
            raise SystemExit(f"{one.name}: its text occurs {text.count(one.old)} times in {one.file}.")
        file.write_bytes(text.replace(one.old, one.new).encode())
        try:
            if one.app and not self.build():
                raise SystemExit(f"{one.name}: the pages cannot be built with it.")
            return self.passes(one.tests)
        finally:
            file.write_bytes(whole)
            if one.app:
                self.restore_app()


def main(words: Sequence[str]) -> int:
    """0 when every break is noticed."""
    why, words = "--why" in words, [word for word in words if word != "--why"]
    chosen = [one for one in BREAKS if not words or any(word in one.name for word in words)]
    if not chosen:
        print(f"There is no such break; there are {', '.join(one.name for one in BREAKS)}.", file=sys.stderr)
        return 2
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="bridle-breaks-") as folder:
        copy = Copy(Path(folder))
        tests = sorted({test for one in chosen for test in one.tests})
        if not copy.passes(tests):
            print(f"{copy.said}\nThe tests fail with nothing broken.", file=sys.stderr)
            return 1
        print(f"Unbroken, {len(tests)} selections pass ({time.perf_counter() - began:.0f} s).", flush=True)
        survived = []
        for one in chosen:
            start = time.perf_counter()
            lives = copy.survives(one)
            survived += [one.name] * lives
            verdict = "SURVIVED" if lives else "noticed"
            print(
                f"{one.name:24}{verdict:10}{time.perf_counter() - start:4.0f} s  {one.means}",
                flush=True,
            )
            if why and not lives:
                print(next((line for line in copy.said.splitlines() if line.startswith("E ")), "E  it hung"))
    took = time.perf_counter() - began
    print(f"{len(chosen) - len(survived)} of {len(chosen)} breaks noticed in {took:.0f} s.")
    return int(bool(survived))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
