// Home: coefficient paths and the cross-validation curve over one shared lambda.

import type { JSX } from "preact";
import { useCallback, useMemo } from "preact/hooks";
import { Chart, logPlaces, type Curve, type Rule } from "../ground/chart";
import { useFacts } from "../ground/facts";
import { logTicks, plural, say, signed } from "../ground/format";
import { sweep, useLesson, useRoom } from "../ground/hooks";
import { lessonKey } from "../ground/load";
import { Abs, Formulas, Frac, I, Inline, N, O, Row, Sub, Sum, Sup } from "../ground/math";
import { Button, Check, Choices, CopyPython, DataChoice, DataTable, Figure, Headline, Note, Predict, Select, Sentence, Waiting } from "../ground/parts";
import { Scrubber } from "../ground/scrubber";
import { update, type Settings } from "../ground/state";
import { column, matrix, maybe, scalar, strings, text, vector, type Payload } from "../ground/wire";
import { LabMap, MapLink } from "./map";

const LABELLED = 10;
const NAMES: { readonly [l1: string]: string } = { "0": "ridge", "0.5": "the elastic net", "1": "the lasso" };

/** Which solved strength a setting means: a number, "min" or "1se". */
export function stopOf(setting: string | undefined, count: number, min: number, oneSe: number): number {
  if (setting === undefined || setting === "min") return min;
  if (setting === "1se") return oneSe;
  const k = Number(setting);
  return Number.isInteger(k) ? Math.min(count - 1, Math.max(0, k)) : min;
}

export function alphaTicks(alphas: ArrayLike<number>): { at: number; label: string }[] {
  const first = Math.log(alphas[0]);
  const last = Math.log(alphas[alphas.length - 1]);
  return logTicks(alphas[alphas.length - 1], alphas[0], 7).reverse().map((t) => ({ at: (Math.log(t) - first) / (last - first || 1), label: say(t) }));
}

export function read(payload: Payload) {
  const effects = matrix(payload, "effects");
  const alphas = vector(payload, "alphas");
  const mean = vector(payload, "cv_mean");
  const se = vector(payload, "cv_se");
  const min = scalar(payload, "index_min");
  // Of squared error the root is shown, of another family's deviance its mean as it is.
  const squared = payload.squared !== false;
  const root = (v: ArrayLike<number>): Float64Array => Float64Array.from(v, (m) => (squared ? Math.sqrt(Math.max(0, m)) : m));
  const cv = root(mean);
  const low = root(mean.map((m, k) => m - se[k]));
  const high = root(mean.map((m, k) => m + se[k]));
  const train = root(vector(payload, "train_error"));
  const nullError = root([scalar(payload, "null_error")])[0];
  const columns = Array.from({ length: effects.columns }, (_, j) => column(effects, j));
  const order = columns.map((_, j) => j).sort((a, b) => Math.abs(columns[b][min]) - Math.abs(columns[a][min]) || a - b);
  const folds = matrix(payload, "fold_errors");
  const kept = vector(payload, "n_nonzero");
  const last = alphas.length - 1;
  let bottom = Infinity;
  let top = -Infinity;
  for (const v of effects.data) {
    if (v < bottom) bottom = v;
    if (v > top) top = v;
  }
  const pad = 0.04 * (top - bottom || 1);
  const lowest = Math.min(...[...train, ...low].filter(Number.isFinite));
  // The mean deviance of a fold may be as large as it likes where the penalty is weak: its curve then leaves the picture.
  const most = squared ? Infinity : nullError + 3 * (nullError - lowest);
  const highest = Math.min(most, Math.max(...[nullError, ...high].filter(Number.isFinite)));
  return {
    payload, squared, alphas, columns, order, cv, low, high, train, nullError, min, kept, last,
    coefs: matrix(payload, "coefs"),
    names: strings(payload, "names"),
    target: text(payload, "target"),
    oneSe: scalar(payload, "index_1se"),
    folds: Array.from({ length: folds.rows }, (_, f) => root(folds.data.subarray(f * folds.columns, (f + 1) * folds.columns))),
    x: logPlaces(alphas),
    ticks: alphaTicks(alphas),
    keptTicks: [...kept].map((n, k) => ({ k, n })).filter(({ k, n }) => k === 0 || n !== kept[k - 1]).map(({ k, n }) => ({ at: logPlaces(alphas)[k], label: String(n) })),
    effectRange: [bottom - pad, top + pad] as const,
    errorRange: [lowest - 0.03 * (highest - lowest), highest + 0.05 * (highest - lowest)] as const,
    shape: cv[last] > cv[min] + 0.5 * (high[min] - cv[min]) ? "valley" : "falls",
  };
}

export function Home({ settings }: { settings: Settings }): JSX.Element {
  const dataset = settings.dataset ?? "wide100";
  const l1 = settings.l1 ?? "1";
  const std = settings.std ?? "1";
  const seed = settings.seed ?? "0";
  const scale = settings.scale ?? "none";
  const key = lessonKey("home", { dataset, l1_ratio: l1, scale: scale === "none" ? "none" : `${scale}*1000`, seed, standardize: std });
  const lesson = useLesson(key);
  const d = useMemo(() => lesson.payload && read(lesson.payload), [lesson.payload]);
  return (
    <>
      <div class="titled">
        <Headline>A penalty on large weights</Headline>
        <MapLink />
      </div>
      {d ? <Screen d={d} busy={lesson.busy} settings={{ ...settings, dataset, l1, std, seed, scale }} /> : <Waiting lesson={lesson} />}
      {d && (lesson.error || lesson.missing) && <Waiting lesson={lesson} />}
      {d && <LabMap here="home" asked={settings.at === "map"} />}
    </>
  );
}

const SKETCHES: { readonly [id: string]: string } = {
  falls: "M4 6 C 14 26, 30 33, 60 34",
  valley: "M4 8 C 16 44, 34 40, 60 12",
  rises: "M4 34 C 30 33, 48 26, 60 6",
};

function sketch(id: string, label: string): JSX.Element {
  return (
    <>
      <svg width="64" height="40" viewBox="0 0 64 40" aria-hidden="true"><path class="curve up" d={SKETCHES[id]} /></svg>
      <span>{label}</span>
    </>
  );
}

const GUESSES = [
  { id: "falls", label: sketch("falls", "fall all the way") },
  { id: "valley", label: sketch("valley", "fall, then rise") },
  { id: "rises", label: sketch("rises", "rise all the way") },
];

const NOTE = (
  <Note title="What is being minimized">
    <p>The model pays twice: for its errors, and for the size of its weights. λ says how dear size is.</p>
    <Formulas label="minimize one half the mean squared error plus lambda times the sum of rho times absolute w plus one minus rho over two times w squared">
      {[
        <>
          <Frac top={<N>1</N>} under={<Row><N>2</N><I>n</I></Row>} /><Sum over={<I>i</I>} />
          <Sup of={<Row><O>(</O><Sub of={<I>y</I>} at={<I>i</I>} /><O>−</O><Sub of={<I>b</I>} at={<N>0</N>} /><O>−</O><Sub of={<I>x</I>} at={<I>i</I>} /><O>·</O><I>w</I><O>)</O></Row>} to={<N>2</N>} />
        </>,
        <>
          <O>+</O><I>λ</I><Sum over={<I>j</I>} />
          <Row><O>(</O><I>ρ</I><Abs><Sub of={<I>w</I>} at={<I>j</I>} /></Abs><O>+</O>
          <Frac top={<Row><N>1</N><O>−</O><I>ρ</I></Row>} under={<N>2</N>} /><msubsup><mi>w</mi><mi>j</mi><mn>2</mn></msubsup><O>)</O></Row>
        </>,
      ]}
    </Formulas>
    <p>
      <Inline><I>ρ</I><O>=</O><N>1</N></Inline> is the lasso, <Inline><I>ρ</I><O>=</O><N>0</N></Inline> ridge, between them the elastic net; in bridle they are <code>alpha</code> (λ)
      and <code>l1_ratio</code> (ρ). The intercept <Inline><Sub of={<I>b</I>} at={<N>0</N>} /></Inline> is never penalized. “min” is the λ with the lowest error on new rows; “1-SE” the strongest λ whose
      error is within one standard error of that: fewer features for an error that cannot be told from the best.
    </p>
  </Note>
);

function Screen({ d, settings, busy }: { d: ReturnType<typeof read>; settings: Settings; busy: boolean }): JSX.Element {
  const { dataset, l1, std, seed, scale, pick } = settings;
  const count = d.alphas.length;
  const k = stopOf(settings.k, count, d.min, d.oneSe);
  const picked = pick === undefined ? -1 : d.names.indexOf(pick);
  const shown = settings.guess !== undefined || settings.k !== undefined || settings.pick !== undefined || scale !== "none";
  const showFolds = settings.folds === "1";
  const ridge = l1 === "0";
  const tall = useRoom(450, [0.55, 0.45], [[180, 320], [160, 240]], [260, 220]);

  const move = useCallback((next: number) => update({ k: next }), []);
  const isolate = useCallback((j: number) => update({ pick: j < 0 || d.names[j] === pick ? null : d.names[j] }), [d, pick]);

  const curves = useMemo<Curve[]>(() => {
    const labelled = new Set(d.order.slice(0, LABELLED));
    return d.columns.map((y, j) => {
      const v = y[d.min];
      const alone = picked >= 0;
      return {
        y,
        tone: v > 0 ? "up" : v < 0 ? "down" : "off",
        label: alone ? (j === picked ? d.names[j] : undefined) : labelled.has(j) ? d.names[j] : undefined,
        width: j === picked ? 3 : v === 0 ? 1.1 : 1.8,
        faint: (alone && j !== picked) || (!alone && d.columns.length > 30 && !labelled.has(j)),
      } as const;
    });
  }, [d, picked]);
  const dots = useMemo(() => (picked >= 0 ? [picked] : d.order.slice(0, LABELLED)), [d, picked]);
  const errors = useMemo<Curve[]>(() => [
    ...(showFolds ? d.folds.map((y) => ({ y, tone: "muted" as const, width: 0.9 })) : []),
    { y: d.train, tone: "train", dashed: true, label: "training", width: 2 },
    { y: d.cv, tone: "up", width: 2.6, label: "new rows" },
  ], [d, showFolds]);
  const [scales, features] = useMemo(() => {
    const all = d.names.map((name) => ({ value: name, label: name }));
    return [[{ value: "none", label: "no column" }, ...all], [{ value: "", label: "all of them" }, ...all]];
  }, [d]);
  const rules = useMemo<Rule[]>(() => [
    { at: d.oneSe, label: "1-SE" },
    { at: d.min, label: "min", strong: true },
  ], [d]);
  const band = useMemo(() => ({ low: d.low, high: d.high }), [d]);
  const level = useMemo(() => ({ y: d.nullError, label: "the mean" }), [d]);

  const kept = d.kept[k];
  const p = d.names.length;
  const alpha = d.alphas[k];
  const where = k === d.min ? " No other penalty does better." : k === d.oneSe ? " That is within one standard error of the best." : "";
  const sentence =
    `At λ = ${say(alpha)} ${NAMES[l1]} keeps ${ridge ? `all ${kept}` : `${kept} of ${p}`} features. ` +
    `On rows it has not seen its error is ${say(d.cv[k])}, against ${say(d.nullError)} for always saying the mean.${where}`;
  useFacts(() => ({
    screen: "home", key: d.payload.key, k, count, alpha, kept, rmse: d.cv[k], train: d.train[k], null: d.nullError,
    min: d.min, oneSe: d.oneSe, alphaMax: maybe(d.payload, "alpha_max"), effects: d.columns.map((c) => c[k]),
    picked: picked >= 0 ? d.names[picked] : null, busy,
  }));

  const guessed = (guess: string): void => {
    update({ guess });
    sweep(0, d.min, 1.6, (now) => update({ k: now }));
  };
  const entered = scale && scale !== "none" ? d.columns[d.names.indexOf(scale)]?.findIndex((v) => v !== 0) : undefined;
  // Nothing of this depends on lambda: it is not looked at while the scrubber moves.
  const controls = useMemo(() => (
    <>
      <Choices label="Penalty" value={l1} onChange={(v) => update({ l1: v })}
        options={[{ value: "0", label: "ridge" }, { value: "0.5", label: "elastic net" }, { value: "1", label: "lasso" }]} />
      <DataChoice value={dataset} only={["diabetes", "wide100"]} />
      <div class="group">
        <Check label="Show each fold" checked={showFolds} onChange={(on) => update({ folds: on ? 1 : null, guess: settings.guess ?? "skip" })} />
        <Button onClick={() => update({ seed: (Number(seed) + 1) % 3 })}>Reshuffle the folds</Button>
      </div>
      <div class="group">
        <Check label="Standardize columns" checked={std === "1"} onChange={(on) => update({ std: on ? 1 : 0 })} />
        <Select label="Multiply by 1,000" value={scale} onChange={(v) => update({ scale: v === "none" ? null : v, guess: settings.guess ?? "skip" })}
          options={scales} />
        {scale !== "none" && entered !== undefined && (
          <p class="small" role="status">
            {std === "1"
              ? `Standardized first, ${scale} in other units is the same column: nothing changes.`
              : `${scale} in units 1,000 times finer needs a weight 1,000 times smaller, which costs the penalty next to nothing: it is in from stop ${entered + 1} of ${count}.`}
          </p>
        )}
        {std === "0" && scale === "none" && <p class="small" role="status">Now the unit of a column decides what its weight costs. Multiply one by 1,000.</p>}
      </div>
      <Select label="Follow one feature" value={pick ?? ""} onChange={(v) => update({ pick: v === "" ? null : v })}
        options={features} />
    </>
  ), [d, scales, features, l1, dataset, std, seed, scale, pick, showFolds, settings.guess, entered]);
  const bars = picked >= 0 && !d.order.slice(0, LABELLED).includes(picked) ? [picked, ...d.order.slice(0, LABELLED - 1)] : d.order.slice(0, LABELLED);
  const widest = Math.max(Math.abs(d.effectRange[0]), Math.abs(d.effectRange[1]));

  return (
    <>
      <Sentence text={sentence}>
        At <em>λ = {say(alpha)}</em> {NAMES[l1]} keeps <em>{ridge ? `all ${kept}` : `${kept} of ${p}`} features</em>.{" "}
        {shown ? <>On rows it has not seen its error is <em>{say(d.cv[k])}</em>, against {say(d.nullError)} for always saying the mean.{where}</> : <>How well does it do on rows it has not seen?</>}
      </Sentence>
      <div class="stage">
        <div class="pictures">
          <Figure busy={busy} title={ridge ? "Every weight shrinks, none reaches 0" : "Weights shrink to 0, one after another"}
            note={`Each line is a feature: what one standard deviation more of it adds to ${d.target}.`}>
            <Chart label={`Effects of ${p} features along ${count} penalties; at the present one ${kept} differ from zero.`} yLabel={`effect on ${d.target}`} x={d.x} xTicks={d.ticks} xLabel="λ"
              curves={curves} height={tall[0]} yRange={d.effectRange} at={k} dots={dots} rules={shown ? rules : undefined} onScrub={move} onPick={isolate} />
          </Figure>
          <Figure busy={busy} title="The error on new rows tells where to stop"
            note={shown ? `Solid: rows left out in turn (${text(d.payload, "fold_text")}), with one standard error. Dashed: the rows it learned from.` : undefined}>
            {!shown && (
          <Predict question="From left to right the penalty gets weaker. What will the error on new rows do?"
            guesses={GUESSES} right={d.shape} made={undefined} onGuess={guessed}>
              {null}
            </Predict>
            )}
            {shown && (
              <Chart label={`Error on new rows along the penalties: ${say(d.cv[0])} at the strongest, ${say(d.cv[d.min])} at the best, ${say(d.cv[d.last])} at the weakest.`} yLabel="typical error (root mean square)" x={d.x} xTicks={d.ticks} xLabel="λ" curves={errors} band={band}
              level={level} height={tall[1]} yRange={d.errorRange} at={k} dots={[errors.length - 2, errors.length - 1]} rules={rules} onScrub={move}
              topTicks={d.keptTicks} topLabel="kept" />
            )}
          </Figure>
          <Scrubber label="Penalty λ" count={count} k={k} onMove={move} ends={["stronger", "weaker"]}
            say={`lambda ${say(alpha)}, ${plural(kept, "feature")} kept, error ${say(d.cv[k])}`}
            stops={[{ at: d.oneSe, label: "1-SE" }, { at: d.min, label: "min" }]} />
          {shown && (
            <Predict question={null} guesses={GUESSES} right={d.shape} made={settings.guess ?? "skip"} onGuess={guessed}>
              {d.shape === "valley"
              ? "Too strong a penalty misses what is there; too weak a one learns noise. The error on new rows makes a U, and its bottom is where to stop. On the rows it learned from, the error only falls."
              : "With few features and many rows there is little noise to learn: the error falls and then stays. A U appears where features are many."}
            </Predict>
          )}
        </div>
        <div class="panel" role="group" aria-label="Settings">
          {controls}
          <div class="bars">
            <h2>{p > LABELLED ? "The ten strongest" : "Effects now"}</h2>
            <ul>
              {bars.map((j) => {
                const v = d.columns[j][k];
                return (
                  <li key={j} class={j === picked ? "own" : undefined}>
                    <span class="name">{d.names[j]}</span>
                    <svg viewBox="-50 0 100 10" preserveAspectRatio="none" aria-hidden="true">
                      <line class="zero" x1="0" x2="0" y1="0" y2="10" vector-effect="non-scaling-stroke" />
                      <rect class={v > 0 ? "bar up" : "bar down"} x={v < 0 ? (50 * v) / widest : 0} y="1.5" width={(50 * Math.abs(v)) / widest} height="7" />
                    </svg>
                    <span class={v === 0 ? "value none" : "value"}>{v === 0 ? "0" : signed(v)}</span>
                  </li>
                );
              })}
            </ul>
          </div>
        </div>
        <div class="below">
          <DataTable caption="All features at this λ" columns={["feature", "coefficient", "effect"]} count={p}
            row={(n) => [d.names[d.order[n]], say(d.coefs.data[k * p + d.order[n]], 5), signed(d.columns[d.order[n]][k], 4)]} />
          <DataTable caption="All penalties" columns={["λ", "kept", "new rows", "± se", "training"]} count={count} current={k}
            row={(n) => [say(d.alphas[n]), String(d.kept[n]), say(d.cv[n], 4), say((d.high[n] - d.low[n]) / 2, 2), say(d.train[n], 4)]} />
          <DataTable caption={`The path of ${d.names[Math.max(0, picked)]}`} columns={["λ", "coefficient", "effect"]} count={count} current={k}
            row={(n) => [say(d.alphas[n]), say(d.coefs.data[n * p + Math.max(0, picked)], 5), signed(d.columns[Math.max(0, picked)][n], 4)]}>
            <p class="small">“Follow one feature” chooses whose path this is.</p>
          </DataTable>
          <CopyPython code={text(d.payload, "python")} />
          {NOTE}
        </div>
      </div>
    </>
  );
}
