// Writes the quiz, the theory's text and some answers of the pictures' mathematics as JSON: tests/lab/test_quiz.py reads it.
//   node web/dev/questions.mjs
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const web = join(dirname(fileURLToPath(import.meta.url)), "..");
const entry = `
  import { h } from "preact";
  import { QUESTIONS } from "./src/quiz/questions";
  import * as progress from "./src/quiz/progress";
  import { SECTIONS } from "./src/theory/sections";
  import * as exact from "./src/theory/exact";
  import { PROBLEM } from "./src/theory/figures/contact";
  import figures from "./src/theory/figures.json";
  export { h, QUESTIONS, SECTIONS, progress, exact, PROBLEM, figures };
`;
// With `marked`, every number that comes from facts.json is replaced by its name in brackets: what is left was typed.
const marks = {
  name: "marks",
  setup(build) {
    build.onLoad({ filter: /facts\.json$/ }, ({ path }) => {
      const names = Object.keys(JSON.parse(readFileSync(path, "utf8")));
      return { contents: JSON.stringify(Object.fromEntries(names.map((name) => [name, `[[${name}]]`]))), loader: "json" };
    });
  },
};
const load = async (marked) => {
  const built = await build({
    stdin: { contents: entry, resolveDir: web, loader: "tsx" },
    absWorkingDir: web,
    bundle: true,
    write: false,
    format: "esm",
    jsx: "automatic",
    jsxImportSource: "preact",
    logLevel: "warning",
    plugins: marked ? [marks] : [],
  });
  return import(`data:text/javascript;base64,${Buffer.from(built.outputFiles[0].contents).toString("base64")}`);
};
const { QUESTIONS, SECTIONS, progress, exact, PROBLEM, figures } = await load(false);
const marked = await load(true);

// The words of a section: the text of its nodes; formulas are left out but for what they say.
const words = (node) => {
  if (node === null || node === undefined || typeof node === "boolean") return "";
  if (Array.isArray(node)) return node.map(words).join("");
  if (typeof node !== "object") return String(node);
  if (node.props.say) return `${node.props.say}\n`;
  if (node.props.of) return node.props.of;
  return `${words(node.props.children)}${node.type === "p" ? "\n" : ""}`;
};
const section = ({ id, title, body, see, sources }) => ({ id, title, text: words(body), see, sources });

// One run through the quiz: the first question missed every time it is asked in its first wording, the others right.
const right = (item) => progress.asked(item).options.findIndex((o) => o.right);
const run = (seed, misses) => {
  const log = [];
  let state = progress.fresh(seed);
  const start = [...state.queue];
  while (state.queue.length && log.length < 500) {
    const item = state.queue[0];
    const answer = right(item);
    const wrong = progress.asked(item).options.findIndex((o) => !o.right);
    const given = misses(item, log.length, start) ? wrong : answer;
    log.push([item, given === answer]);
    state = progress.next(progress.answer(state, given));
  }
  const { met, first, settled, again } = progress.tally(state);
  return { start, log, met, first, settled, again: again.map((q) => q.id) };
};
const state = progress.fresh(5);
const runs = {
  allRight: run(5, () => false),
  firstWrong: run(5, (item, _, start) => item === start[0]),
  lastWrong: run(5, (item, _, start) => item === start.at(-1)),
  everyOnceWrong: run(6, (item) => !item.endsWith("*")),
};
const orders = QUESTIONS.map((q) => [progress.order(state, q.id), progress.order(progress.fresh(5), q.id)]);
const kept = JSON.parse(JSON.stringify(progress.answer(state, 0)));
const restored = {
  same: JSON.stringify(progress.checked(kept)) === JSON.stringify(kept),
  bad: [null, 3, {}, { ...kept, queue: ["nobody"] }, { ...kept, chosen: 99 }, { ...kept, log: [["twins", 17]] }].map(
    (v) => progress.checked(v) === undefined,
  ),
};

const two = (t) => [1, 0.5, 0].map((ratio) => [0.05, 0.1, 0.4, 0.7, 1.2].map((alpha) => exact.solveTwo(t, alpha, ratio)));
const [a, b, , d] = figures.twins.gram;
const tangent = [1, 0.5, 0].flatMap((ratio) =>
  [0.1, 0.4, 0.7].map((alpha) => {
    // Around the body that the answer lies on, no point has a smaller loss than the answer.
    const w = exact.solveTwo(PROBLEM, alpha, ratio);
    const around = exact.body(exact.penalty(w, ratio), ratio, 4000).map((p) => exact.loss(PROBLEM, p));
    return { ratio, alpha, w, excess: Math.min(...around) - exact.loss(PROBLEM, w) };
  }),
);
const answers = {
  problem: { ...PROBLEM, solutions: two(PROBLEM) },
  twins: { gram: figures.twins.gram, cross: figures.twins.cross, solutions: two({ a, b, d, cross: figures.twins.cross }) },
  tangent,
  polynomial: [1e-4, 1e-2, 1].map((alpha) => {
    const { coef, error } = exact.polynomial(figures.wave.x, figures.wave.y, 9, alpha);
    return { alpha, coef, error };
  }),
  decay: exact.decaySteps(2, 0.1, 0.5, 200),
  stopped: [exact.stopped(0.1, 0.5, 16), exact.ridged(0.1, 1 / 8)],
};
console.log(JSON.stringify({ questions: QUESTIONS, sections: SECTIONS.map(section), runs, orders, restored, answers, marked: { questions: marked.QUESTIONS, sections: marked.SECTIONS.map(section) } }));
