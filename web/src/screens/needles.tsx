// Needles: 1,000 features of which 50 are real; what each method keeps, and how well it does on fresh rows.

import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import { Chart, logPlaces, type Curve, type Rule } from "../ground/chart";
import { useFacts } from "../ground/facts";
import { plural, say, signed } from "../ground/format";
import { sweep, useLesson, useRoom, useWidth } from "../ground/hooks";
import { lessonKey } from "../ground/load";
import { Abs, Formulas, I, N, O, Row, Sub } from "../ground/math";
import { Button, Choices, CopyPython, DataTable, Figure, Headline, Note, Predict, Sentence, Waiting } from "../ground/parts";
import { Scrubber } from "../ground/scrubber";
import { update, type Settings } from "../ground/state";
import { matrix, row, scalar, text, vector, type Payload } from "../ground/wire";
import { alphaTicks } from "./home";
import { METHODS, Side, methodOf, stopAt } from "./methods";

const ROWS = ["150", "300", "600"];
const KINDS = ["found", "missed", "false", "out", "kept"];
const grouped = (n: number): string => n.toLocaleString("en");

function read(payload: Payload) {
  const root = (v: ArrayLike<number>): Float64Array => Float64Array.from(v, (e) => Math.sqrt(Math.max(0, e)));
  const table = (name: string): Float64Array[] => {
    const found = matrix(payload, name);
    return Array.from({ length: found.rows }, (_, m) => row(found, m));
  };
  const alphas = table("alphas");
  const se = table("cv_se");
  const mean = table("cv_mean");
  const weights = vector(payload, "weights");
  const p = weights.length;
  const dense = matrix(payload, "ridge_coefs");
  const sparse = METHODS.map((_, m) =>
    m === 0 ? undefined : { starts: vector(payload, `starts_${m}`), columns: vector(payload, `columns_${m}`), values: vector(payload, `values_${m}`) },
  );
  const cv = mean.map(root);
  const fresh = table("fresh_error").map(root);
  const low = mean.map((v, m) => root(v.map((e, k) => e - se[m][k])));
  const high = mean.map((v, m) => root(v.map((e, k) => e + se[m][k])));
  const nothing = Math.sqrt(scalar(payload, "null_error"));
  const noise = Math.sqrt(scalar(payload, "noise_error"));
  const top = Math.max(nothing, ...fresh.flatMap((v) => [...v]), ...high.flatMap((v) => [...v]));
  const choices = matrix(payload, "choices");
  return {
    payload, alphas, weights, p, cv, fresh, low, high, nothing, noise,
    kept: table("n_nonzero"),
    found: table("true_kept"),
    real: weights.reduce((sum, w) => sum + Number(w !== 0), 0),
    steps: alphas[0].length,
    rules: METHODS.map((_, m) => ({ min: choices.data[2 * m], oneSe: choices.data[2 * m + 1] })),
    x: alphas.map(logPlaces),
    ticks: alphas.map(alphaTicks),
    range: [0, 1.04 * top] as const,
    /** All weights of a method at a stop. */
    coefs: (m: number, k: number): Float64Array => {
      const own = sparse[m];
      if (!own) return row(dense, k);
      const out = new Float64Array(p);
      for (let at = own.starts[k]; at < own.starts[k + 1]; at++) out[own.columns[at]] = own.values[at];
      return out;
    },
  };
}
type Data = ReturnType<typeof read>;

export function Needles({ settings }: { settings: Settings }): JSX.Element {
  const n = settings.n ?? "300";
  const seed = settings.seed ?? "0";
  const lesson = useLesson(lessonKey("needles", { n, seed }));
  const d = useMemo(() => lesson.payload && read(lesson.payload), [lesson.payload]);
  return (
    <>
      <Headline>Needles in a haystack</Headline>
      {d ? <Screen d={d} busy={lesson.busy} settings={{ ...settings, n, seed }} /> : <Waiting lesson={lesson} />}
      {d && (lesson.error || lesson.missing) && <Waiting lesson={lesson} />}
    </>
  );
}

const NOTE = (
  <Note title="Selected is not true">
    <p>The lasso keeps a feature where its correlation with what is left over reaches the penalty. With columns in standard deviations, each weight at the solution obeys</p>
    <Formulas label="the absolute product of column j with the residual, over n, is at most lambda, and exactly lambda where w j is not zero">
      <><Abs><msubsup><I>x</I><I>j</I><mo>⊤</mo></msubsup><O>(</O><I>y</I><O>−</O><I>X</I><I>w</I><O>)</O></Abs><O>/</O><I>n</I></>
      <><O>≤</O><I>λ</I><O>,</O></>
      <Row><mtext>{"and\u00a0"}</mtext><O>=</O><I>λ</I><mtext>{"\u00a0where\u00a0"}</mtext><Sub of={<I>w</I>} at={<I>j</I>} /><O>≠</O><N>0</N></Row>
    </Formulas>
    <p>
      Among 1,000 features many reach it by chance. The λ that predicts best is weak, because a strong one would also shrink the real weights; so it lets chance in. Each false
      one costs little, for its weight is small, and prediction is all that cross-validation is asked about. 1-SE keeps fewer of both kinds.
    </p>
    <p>Why L1 wins here all the same: the truth is sparse. Ridge must spread over 1,000 weights what belongs to 50. Where every feature matters a little, ridge is hard to beat.</p>
  </Note>
);

const GUESSES = [
  { id: "nearly", label: "Nearly all of them" },
  { id: "half", label: "About half" },
  { id: "few", label: "A third or fewer" },
];

function Screen({ d, settings, busy }: { d: Data; settings: Settings; busy: boolean }): JSX.Element {
  const { n, seed } = settings;
  const m = methodOf(settings.l1);
  const method = METHODS[m];
  const { min, oneSe } = d.rules[m];
  const k = settings.k === "1se" ? oneSe : stopAt(settings.k, d.steps, min);
  const alpha = d.alphas[m][k];
  const [kept, found, error] = [d.kept[m][k], d.found[m][k], d.fresh[m][k]];
  const wrong = kept - found;
  const shown = settings.guess ?? (settings.k !== undefined ? "skip" : undefined);
  const known = shown !== undefined;
  // A guess was about the table that it was made for: elsewhere there is the explanation without a verdict.
  const explained = known ? "skip" : null;
  const coefs = useMemo(() => d.coefs(m, k), [d, m, k]);
  const picked = settings.f === undefined ? NaN : Number(settings.f);
  const feature = Number.isInteger(picked) && picked >= 1 && picked <= d.p ? picked - 1 : undefined;
  useFacts(() => ({
    screen: "needles", key: d.payload.key, k, alpha, method: method.id, kept, found, wrong, missed: d.real - found, error, cv: d.cv[m][k], min, oneSe,
    nothing: d.nothing, noise: d.noise, feature: feature === undefined ? null : [feature + 1, coefs[feature], d.weights[feature]],
    nonzero: coefs.reduce((sum, w) => sum + Number(w !== 0), 0), busy,
  }));

  const best = d.rules[2].min;
  const precision = d.kept[2][best] ? d.found[2][best] / d.kept[2][best] : 0;
  const right = precision >= 0.8 ? "nearly" : precision > 0.36 ? "half" : "few";
  const where = k === min ? " Cross-validation finds no better λ." : k === oneSe ? " That is within one standard error of the best." : "";
  const sentence = known
    ? `At λ = ${say(alpha)} ${method.name} keeps ${kept === d.p ? "all 1,000" : `${kept} of 1,000`} features: ${found} of the ${d.real} real ones and ${wrong} that do nothing. ` +
      `On 2,000 fresh rows its error is ${say(error)}, against ${say(d.nothing)} for always saying the mean.${where}`
    : `At λ = ${say(alpha)}, which cross-validation likes best, ${method.name} keeps ${kept} of 1,000 features. ${d.real} of the 1,000 are real.`;

  const move = (next: number): void => update({ k: next, guess: settings.guess ?? "skip" });
  const guess = (id: string): void => {
    update({ guess: id, l1: "1" });
    sweep(0, best, 1.4, (now) => update({ k: now }));
  };
  const curves = useMemo<Curve[]>(
    () => [
      { y: d.cv[m], tone: "muted", width: 1.8, dashed: true, label: "left out" },
      { y: d.fresh[m], tone: "up", width: 2.4, label: "fresh" },
    ],
    [d, m],
  );
  const rules = useMemo<Rule[]>(() => (oneSe === min ? [{ at: min, label: "min = 1-SE", strong: true }] : [{ at: oneSe, label: "1-SE" }, { at: min, label: "min", strong: true }]), [min, oneSe]);
  const band = useMemo(() => ({ low: d.low[m], high: d.high[m] }), [d, m]);
  const level = useMemo(() => ({ y: d.nothing, label: "the mean" }), [d]);
  const [hayTall, tall] = useRoom(515, [0.56, 0.44], [[212, 340], [168, 260]], [0, 220]);

  return (
    <>
      <Sentence text={sentence} />
      <div class="stage with-predict">
        <Predict
          question={<>{n} rows, {grouped(d.p)} features, {d.real} of them real. Cross-validation chooses λ for the lasso. How many of the features it keeps are real ones?</>}
          guesses={GUESSES} right={right} made={shown} onGuess={guess}>
          {`Of the ${d.kept[2][best]} that the lasso keeps at its best λ, ${d.found[2][best]} are real. It predicts better than ridge (${say(d.fresh[2][best])} against ${say(d.fresh[0][d.rules[0].min])}), and still most of a selection may be chance: selected is not true.`}
        </Predict>
        <div class="pictures">
          <Figure busy={busy} title={known ? `The ${grouped(d.p)} features at this λ` : "What the lasso keeps"}
            note={known ? undefined : "Filled: kept. Which of them are real?"}>
            {known && <Legend counts={[found, d.real - found, wrong, d.p - d.real - wrong]} />}
            <Haystack d={d} coefs={coefs} known={known} feature={feature} tall={hayTall} label={sentence} onPick={(j) => update({ f: j + 1, guess: settings.guess ?? "skip", k })} />
          </Figure>
          {known && (
            <Figure busy={busy} title="The error on rows it has not seen"
              note={`Solid: 2,000 fresh rows. Dashed: rows left out in turn, with one standard error. Noise alone: ${say(d.noise)}.`}>
              <Chart label={`Error of ${method.name} on fresh rows: ${say(d.fresh[m][0])} at the strongest penalty, ${say(d.fresh[m][min])} where cross-validation stops, ${say(d.fresh[m][d.steps - 1])} at the weakest.`}
                yLabel="typical error (root mean square)" x={d.x[m]} xTicks={d.ticks[m]} xLabel="λ" curves={curves} band={band} level={level} height={tall} yRange={d.range}
                at={k} dots={[0, 1]} rules={rules} onScrub={move} />
            </Figure>
          )}
          <Scrubber label="Penalty λ" count={d.steps} k={k} onMove={move} ends={["stronger", "weaker"]}
            say={known ? `lambda ${say(alpha)}: ${found} real ones found, ${wrong} false, error ${say(error)}` : `lambda ${say(alpha)}: ${plural(kept, "feature")} kept`}
            stops={[{ at: oneSe, label: "1-SE" }, { at: min, label: "min" }]} />
        </div>
        <div class="panel" role="group" aria-label="Settings">
          <Choices label="Penalty" value={method.l1} onChange={(v) => update({ l1: v, k: k === oneSe && oneSe !== min ? "1se" : null, guess: settings.guess ?? "skip" })}
            options={METHODS.map(({ l1, short }) => ({ value: l1, label: short }))} />
          <Choices label="Rows" value={n} onChange={(v) => update({ n: v, k: null, guess: explained })} options={ROWS.map((v) => ({ value: v, label: v }))} />
          <div class="group"><Button onClick={() => update({ seed: (Number(seed) + 1) % 3, k: null, guess: explained })}>Another haystack</Button></div>
          {known && (
            <dl class="reading">
              <div><dt>kept</dt><dd>{grouped(kept)}</dd></div>
              <div><dt>real ones among them</dt><dd>{found}</dd></div>
              <div><dt>false ones</dt><dd class={wrong ? "hit" : undefined}>{wrong}</dd></div>
              <div><dt>real ones missed</dt><dd>{d.real - found}</dd></div>
              <div><dt>error on fresh rows</dt><dd>{say(error)}</dd></div>
            </dl>
          )}
        </div>
        <div class="below">
          {known && (
            <Side caption="Side by side" columns={["error", "kept", "real", "false"]}
              rows={(["min", "oneSe"] as const).flatMap((rule) =>
                METHODS.map((own, at) => {
                  const stop = d.rules[at][rule];
                  return {
                    name: `${own.short}, ${rule === "min" ? "min" : "1-SE"}`,
                    picked: at === m && stop === k,
                    cells: [say(d.fresh[at][stop]), grouped(d.kept[at][stop]), String(d.found[at][stop]), String(d.kept[at][stop] - d.found[at][stop])],
                  };
                }),
              )} />
          )}
          <DataTable caption="All features at this λ" columns={["feature", "weight", ...(known ? ["true weight"] : [])]} count={d.p} current={feature}
            row={(j) => [`x${j + 1}`, say(coefs[j], 4), ...(known ? [say(d.weights[j], 4)] : [])]} />
          {known && (
            <DataTable caption="All penalties" columns={["λ", "kept", "real", "false", "fresh rows", "left out"]} count={d.steps} current={k}
              row={(s) => [say(d.alphas[m][s]), String(d.kept[m][s]), String(d.found[m][s]), String(d.kept[m][s] - d.found[m][s]), say(d.fresh[m][s], 4), say(d.cv[m][s], 4)]} />
          )}
          <CopyPython code={text(d.payload, "python")} />
          {NOTE}
        </div>
      </div>
    </>
  );
}

const SAID = ["real, kept", "real, missed", "false, kept", "left out"];

function Legend({ counts }: { counts: readonly number[] }): JSX.Element {
  return (
    <ul class="legend">
      {SAID.map((name, g) => (
        <li key={name}>
          <svg class="glyph" width="14" height="14" viewBox="0 0 14 14" aria-hidden="true"><path class={`straw ${KINDS[g]}`} d={straw(g, 7, 7, 4.4)} /></svg>
          <strong>{counts[g]}</strong> {name}
        </li>
      ))}
    </ul>
  );
}

/** A feature's mark: real ones are diamonds, the rest squares; a dot where nothing is kept. */
function straw(kind: number, x: number, y: number, r: number): string {
  const at = (u: number, v: number): string => `${u.toFixed(1)} ${v.toFixed(1)}`;
  if (kind === 3) return `M${at(x - 1, y - 1)}h2v2h-2Z`;
  if (kind === 2 || kind === 4) return `M${at(x - 0.75 * r, y - 0.75 * r)}h${(1.5 * r).toFixed(1)}v${(1.5 * r).toFixed(1)}h${(-1.5 * r).toFixed(1)}Z`;
  const s = 1.25 * r;
  return `M${at(x, y - s)}L${at(x + s, y)}L${at(x, y + s)}L${at(x - s, y)}Z`;
}

function Haystack(props: { d: Data; coefs: Float64Array; known: boolean; feature: number | undefined; tall: number; label: string; onPick: (j: number) => void }): JSX.Element {
  const { d, coefs, known } = props;
  const [box, width] = useWidth<HTMLDivElement>();
  const [over, setOver] = useState<number>();
  const across = width > 520 ? 40 : 25;
  const down = Math.ceil(d.p / across);
  const cell = width / across;
  const high = props.tall > 0 ? Math.min(cell, props.tall / down) : Math.min(cell, 12.5);
  const tall = high * down;
  const r = Math.min(cell, high) * 0.38;
  const paths = useMemo(() => {
    const out = ["", "", "", "", ""];
    if (width > 0)
      for (let j = 0; j < d.p; j++) {
        const real = known && d.weights[j] !== 0;
        const g = coefs[j] !== 0 ? (known ? (real ? 0 : 2) : 4) : real ? 1 : 3;
        out[g] += straw(g, ((j % across) + 0.5) * cell, (Math.floor(j / across) + 0.5) * high, r);
      }
    return out;
  }, [d, coefs, known, width, high]);
  const j = over ?? props.feature;
  const find = (e: PointerEvent & { readonly currentTarget: HTMLElement }): number | undefined => {
    const frame = e.currentTarget.getBoundingClientRect();
    const [c, l] = [Math.floor((e.clientX - frame.left) / cell), Math.floor((e.clientY - frame.top) / high)];
    const which = l * across + c;
    return c >= 0 && c < across && which >= 0 && which < d.p ? which : undefined;
  };
  const verdict = (which: number): string => {
    const [own, real] = [coefs[which], d.weights[which]];
    return `x${which + 1}: weight ${own === 0 ? "0" : signed(own)}${known ? `, true weight ${real === 0 ? "0" : signed(real)}` : ""}`;
  };
  return (
    <div ref={box} class="hay">
      <div class="hay-field" role="group" tabIndex={0} aria-label={`${props.label} The arrow keys go from feature to feature.`}
        onPointerMove={(e) => e.pointerType === "mouse" && setOver(find(e))} onPointerLeave={() => setOver(undefined)}
        onPointerDown={(e) => {
          const which = find(e);
          if (which !== undefined && e.button === 0) props.onPick(which);
        }}
        onKeyDown={(e) => {
          const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -across, ArrowDown: across }[e.key];
          if (step === undefined) return;
          e.preventDefault();
          const from = props.feature;
          setOver(undefined);
          props.onPick(from === undefined ? 0 : Math.min(d.p - 1, Math.max(0, from + step)));
        }}>
        {width > 0 && (
          <svg width={width} height={tall} aria-hidden="true">
            {[3, 2, 4, 1, 0].map((g) => paths[g] && <path key={g} class={`straw ${KINDS[g]}`} d={paths[g]} />)}
            {j !== undefined && <circle class="now" cx={((j % across) + 0.5) * cell} cy={(Math.floor(j / across) + 0.5) * high} r={r + 4} />}
          </svg>
        )}
      </div>
      <p class="small" role="status">{j === undefined ? "Point at a feature, or press an arrow key, for its weight." : verdict(j)}</p>
    </div>
  );
}
