// Twins: two nearly identical features over 200 resamples of the rows; whose weight is 0 is often a matter of luck.

import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { useFacts } from "../ground/facts";
import { plural, say, share } from "../ground/format";
import { isStill, useLesson, useRoom, useWidth } from "../ground/hooks";
import { lessonKey } from "../ground/load";
import { Abs, Formula, Frac, I, Inline, N, O, Row, Sub, Sup } from "../ground/math";
import { Button, Choices, CopyPython, DataTable, Figure, Headline, Note, Predict, Sentence, Waiting } from "../ground/parts";
import { Plane, type Pixels, type View } from "../ground/plane";
import { Scrubber } from "../ground/scrubber";
import { update, type Settings } from "../ground/state";
import { matrix, text, vector, type Numbers, type Payload } from "../ground/wire";
import { METHODS, Side, methodOf, stopAt } from "./methods";

const CORRELATIONS = ["0", "0.5", "0.8", "0.92", "0.97", "0.99", "0.997", "0.999"];
const ROWS = ["40", "60", "200"];
const NAMES = ["both kept", "only x1", "only x2", "neither"];
const KINDS = ["both", "first", "second", "neither"];
/** The window on the two weights; what lies outside is drawn at its rim. */
const VIEW: View = { x: 0.9, y: 0.9, halfX: 1.5, halfY: 1.5, half: 1.5 };

function read(payload: Payload) {
  const shape = (payload.weights as Numbers).shape;
  const counts = vector(payload, "counts");
  const steps = shape[1];
  const weights = vector(payload, "weights");
  return {
    payload, steps, weights,
    total: shape[2],
    alphas: vector(payload, "alphas"),
    choices: matrix(payload, "choices"),
    apart: matrix(payload, "apart"),
    counts: (m: number, k: number): readonly number[] => [...counts.subarray(4 * (m * steps + k), 4 * (m * steps + k + 1))],
    /** The twins' weights in resample b. */
    at: (m: number, k: number, b: number): readonly [number, number] => {
      const from = 2 * ((m * steps + k) * shape[2] + b);
      return [weights[from], weights[from + 1]];
    },
  };
}
type Data = ReturnType<typeof read>;

const kindOf = ([u, v]: readonly [number, number]): number => (u !== 0 ? (v !== 0 ? 0 : 1) : v !== 0 ? 2 : 3);

export function Twins({ settings }: { settings: Settings }): JSX.Element {
  const correlation = settings.cor ?? "0.997";
  const n = settings.n ?? "40";
  const seed = settings.seed ?? "0";
  const lesson = useLesson(lessonKey("twins", { correlation, n, seed }));
  const d = useMemo(() => lesson.payload && read(lesson.payload), [lesson.payload]);
  return (
    <>
      <Headline>Twins: who gets the weight?</Headline>
      {d ? <Screen d={d} busy={lesson.busy} settings={{ ...settings, cor: correlation, n, seed }} /> : <Waiting lesson={lesson} />}
      {d && (lesson.error || lesson.missing) && <Waiting lesson={lesson} />}
    </>
  );
}

const NOTE = (
  <Note title="Why L1 does not mind and L2 does">
    <p>
      If two features are the same, only the sum of their weights matters to the loss. L1 charges <Inline><Abs><Sub of={<I>w</I>} at={<N>1</N>} /></Abs><O>+</O><Abs><Sub of={<I>w</I>} at={<N>2</N>} /></Abs></Inline>,
      the same for every split of that sum, so the rows that happened to be drawn decide. L2 charges
    </p>
    <Formula label="w 1 squared plus w 2 squared, at least half the square of w 1 plus w 2">
      <Sup of={<Sub of={<I>w</I>} at={<N>1</N>} />} to={<N>2</N>} /><O>+</O><Sup of={<Sub of={<I>w</I>} at={<N>2</N>} />} to={<N>2</N>} /><O>≥</O>
      <Frac top={<N>1</N>} under={<N>2</N>} /><Sup of={<Row><O>(</O><Sub of={<I>w</I>} at={<N>1</N>} /><O>+</O><Sub of={<I>w</I>} at={<N>2</N>} /><O>)</O></Row>} to={<N>2</N>} />
    </Formula>
    <p>and least where both are equal. In the elastic net this part holds twins together: in standard deviations, where both have the same sign, they are at most</p>
    <Formula label="the absolute difference of w 1 and w 2 is at most the root of two times one minus r, over lambda times one minus the L1 ratio">
      <Abs><Sub of={<I>w</I>} at={<N>1</N>} /><O>−</O><Sub of={<I>w</I>} at={<N>2</N>} /></Abs><O>≤</O>
      <Frac top={<msqrt><N>2</N><O>(</O><N>1</N><O>−</O><I>r</I><O>)</O></msqrt>} under={<Row><I>λ</I><O>(</O><N>1</N><O>−</O><I>ρ</I><O>)</O></Row>} />
    </Formula>
    <p>apart, for a correlation r and an L1 share ρ. The lasso has ρ = 1 and no such hold. A feature that the lasso left out may be as real as its twin.</p>
  </Note>
);

function Screen({ d, settings, busy }: { d: Data; settings: Settings; busy: boolean }): JSX.Element {
  const { cor, n, seed } = settings;
  const m = methodOf(settings.l1);
  const method = METHODS[m];
  const [min, oneSe] = [d.choices.data[2 * m], d.choices.data[2 * m + 1]];
  // One λ for all three methods: where 1-SE puts the lasso.
  const lassoAt = d.choices.data[5];
  const k = stopAt(settings.k, d.steps, lassoAt);
  const alpha = d.alphas[k];
  const shown = settings.guess ?? (settings.k !== undefined || settings.r !== undefined ? "skip" : undefined);
  // A guess was about the table that it was made for: elsewhere there is the explanation without a verdict.
  const explained = settings.guess === undefined ? null : "skip";
  const asked = settings.r === undefined ? d.total : Number(settings.r);
  const upTo = shown === undefined ? 1 : Number.isInteger(asked) ? Math.min(d.total, Math.max(1, asked)) : d.total;
  const all = upTo === d.total;
  const [playing, setPlaying] = useState(false);
  const now = useRef(upTo);
  now.current = upTo;
  const step = (to: number): void => update({ r: to >= d.total ? null : Math.max(1, to) });
  useEffect(() => {
    if (!playing) return;
    const timer = window.setInterval(() => {
      if (now.current >= d.total) setPlaying(false);
      else step(now.current + 1);
    }, isStill() ? 400 : 45);
    return () => window.clearInterval(timer);
  }, [playing, d]);
  const play = (): void => {
    if (!playing && all) step(1);
    setPlaying(!playing);
  };
  const stepped = (to: number): void => {
    setPlaying(false);
    step(to);
  };

  const kinds = useMemo(() => Array.from({ length: d.total }, (_, b) => kindOf(d.at(m, k, b))), [d, m, k]);
  const counts = [0, 0, 0, 0];
  for (let b = 0; b < upTo; b++) counts[kinds[b]]++;
  const apart = d.apart.data[m * d.steps + k];
  const last = d.at(m, k, upTo - 1);
  useFacts(() => ({
    screen: "twins", key: d.payload.key, k, alpha, method: method.id, shown: upTo, counts, ofAll: d.counts(m, k), apart, min, oneSe, last,
    playing, busy,
  }));

  const one = counts[1] + counts[2];
  const result =
    counts[0] === upTo
      ? `keeps both twins in every one of ${upTo} resamples`
      : counts[3] === upTo
        ? `keeps neither twin in any of ${upTo} resamples`
        : `keeps exactly one twin in ${share(one / upTo)} of ${upTo} resamples (only x1 in ${counts[1]}, only x2 in ${counts[2]}) and both in ${counts[0]}`;
  const here = kinds[upTo - 1];
  const drawn =
    here === 0 ? `keeps both, with weights of ${say(last[0])} and ${say(last[1])}` : here === 3 ? "keeps neither" : `keeps only x${here}, with a weight of ${say(last[here - 1])}`;
  const sentence = all
    ? `At a correlation of ${cor} and λ = ${say(alpha)}, ${method.name} ${result}. On average the two weights lie ${say(apart, 2)} apart.`
    : `Resample ${upTo} of ${d.total}: at λ = ${say(alpha)} ${method.name} ${drawn}.${upTo > 1 ? ` So far it kept both in ${counts[0]}, only x1 in ${counts[1]}, only x2 in ${counts[2]}.` : ""}`;

  const lasso = d.counts(2, lassoAt);
  const single = lasso[1] + lasso[2];
  const right = 2 * single > d.total ? (Math.min(lasso[1], lasso[2]) > 0.2 * single ? "flips" : "same") : "both";
  const guess = (id: string): void => {
    update({ guess: id, k: lassoAt, r: isStill() ? null : 1, l1: "1" });
    if (!isStill()) setPlaying(true);
  };
  const [tall] = useRoom(545, [1], [[250, 460]], [340]);

  return (
    <>
      <Sentence text={sentence} />
      <div class="stage with-predict">
        <Predict
          question={<>Two features with a correlation of {cor} matter equally. Draw {n} rows again and again, {d.total} times: what does the lasso keep?</>}
          guesses={[
            { id: "both", label: "Both, most of the time" },
            { id: "same", label: "One, always the same one" },
            { id: "flips", label: "One, now this, now that" },
          ]}
          right={right} made={shown} onGuess={guess}>
          {right === "both"
            ? `At a correlation of ${cor} with ${n} rows each twin still says enough of its own: where 1-SE stops, the lasso keeps both in ${lasso[0]} of ${d.total} resamples.`
            : `The table prefers neither, so the rows that were drawn decide. Where 1-SE stops, the lasso keeps only x1 in ${lasso[1]} resamples, only x2 in ${lasso[2]}, and, for it is no law, both in ${lasso[0]}.`}
        </Predict>
        <div class="pictures">
          <Figure busy={busy} title="The two weights, one mark for each resample"
            note={<>On an axis the other twin’s weight is exactly 0. The ring: the true weights, 1 and 1.</>}>
            <Plane label={sentence} view={VIEW} names={["weight of x1", "weight of x2"]} tall={tall}>
              {(pixels) => <Marks pixels={pixels} d={d} m={m} k={k} kinds={kinds} upTo={upTo} current={!all} />}
            </Plane>
          </Figure>
          <figure>
            <div class="drawn">
              <figcaption><strong>In the order of drawing</strong><span>Up: only x1. Down: only x2. Full: both. A dot: neither.</span></figcaption>
              <div class="row resamples" role="group" aria-label="Resamples">
                <Button label="One resample back" disabled={upTo === 1} onClick={() => stepped(upTo - 1)}>←</Button>
                <Button pressed={playing} onClick={play}>{playing ? "Pause" : "Play"}</Button>
                <Button label="One resample on" disabled={all} onClick={() => stepped(upTo + 1)}>→</Button>
                <Button disabled={all} onClick={() => stepped(d.total)}>{`all ${d.total}`}</Button>
              </div>
            </div>
            <Strip kinds={kinds} upTo={upTo} total={d.total} current={!all} />
          </figure>
          <Scrubber label="Penalty λ" count={d.steps} k={k} onMove={(next) => update({ k: next, guess: settings.guess ?? "skip" })} ends={["stronger", "weaker"]}
            say={`lambda ${say(alpha)}: both ${counts[0]}, only x1 ${counts[1]}, only x2 ${counts[2]}, neither ${counts[3]}`}
            stops={[{ at: oneSe, label: "1-SE" }, { at: min, label: "min" }]} />
        </div>
        <div class="panel" role="group" aria-label="Settings">
          <Choices label="Penalty" value={method.l1} onChange={(v) => update({ l1: v, k, guess: settings.guess ?? "skip" })}
            options={METHODS.map(({ l1, short }) => ({ value: l1, label: short }))} />
          <Snap label="Correlation of the twins" value={cor} options={CORRELATIONS} onChange={(v) => update({ cor: v, guess: explained })} />
          <Choices label="Rows" value={n} onChange={(v) => update({ n: v, guess: explained })} options={ROWS.map((v) => ({ value: v, label: v }))} />
          <div class="group"><Button onClick={() => update({ seed: (Number(seed) + 1) % 3, guess: explained })}>Another table</Button></div>
          {shown !== undefined && (
            <div class="bars freq">
              <h2>{all ? `What ${plural(d.total, "resample")} keep` : `So far, of ${upTo}`}</h2>
              <ul>
                {NAMES.map((name, g) => (
                  <li key={name}>
                    <span class="name"><Glyph kind={g} />{name}</span>
                    <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
                      <line class="zero" x1="0" x2="0" y1="0" y2="10" vector-effect="non-scaling-stroke" />
                      <rect class={g === 0 ? "bar up" : g === 3 ? "bar ink" : "bar down"} x="0" y="1.5" width={(100 * counts[g]) / upTo} height="7" />
                    </svg>
                    <span class={counts[g] ? "value" : "value none"}>{counts[g]} <small>{share(counts[g] / upTo)}</small></span>
                  </li>
                ))}
              </ul>
            </div>
          )}
        </div>
        <div class="below">
          {shown !== undefined && (
            <Side caption={`All three at λ = ${say(alpha)}, of ${d.total} resamples`} columns={["both", "one", "neither", "apart"]}
              rows={METHODS.map((own, at) => {
                const c = d.counts(at, k);
                return { name: own.short, picked: at === m, cells: [String(c[0]), String(c[1] + c[2]), String(c[3]), say(d.apart.data[at * d.steps + k], 2)] };
              })} />
          )}
          <DataTable caption={`The ${d.total} resamples at this λ`} columns={["resample", "weight of x1", "weight of x2", "kept"]} count={shown === undefined ? 1 : d.total} current={upTo - 1}
            row={(b) => {
              const w = d.at(m, k, b);
              return [String(b + 1), say(w[0], 4), say(w[1], 4), NAMES[kinds[b]]];
            }} />
          <DataTable caption="All penalties" columns={["λ", "both", "only x1", "only x2", "neither", "apart"]} count={shown === undefined ? 0 : d.steps} current={k}
            row={(s) => [say(d.alphas[s]), ...d.counts(m, s).map(String), say(d.apart.data[m * d.steps + s], 3)]} />
          <CopyPython code={text(d.payload, "python")} />
          {NOTE}
        </div>
      </div>
    </>
  );
}

/** A slider that knows only the values which have been solved, with the value beside its name. */
function Snap(props: { label: string; value: string; options: readonly string[]; onChange: (value: string) => void }): JSX.Element {
  const at = Math.max(0, props.options.indexOf(props.value));
  return (
    <label class="snap">
      <span>{props.label}<strong>{props.value}</strong></span>
      <input type="range" min={0} max={props.options.length - 1} step={1} value={at} aria-valuetext={props.value}
        onInput={(e) => props.onChange(props.options[Number(e.currentTarget.value)])} />
    </label>
  );
}

/** A mark's outline about a point: a circle, a square, a triangle, a cross. */
function mark(kind: number, x: number, y: number, r: number): string {
  const [u, v] = [x.toFixed(1), y.toFixed(1)];
  if (kind === 0) return `M${(x - r).toFixed(1)} ${v}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`;
  if (kind === 1) return `M${(x - r).toFixed(1)} ${(y - r).toFixed(1)}h${2 * r}v${2 * r}h${-2 * r}Z`;
  if (kind === 2) return `M${u} ${(y - 1.2 * r).toFixed(1)}l${1.2 * r} ${2.1 * r}h${-2.4 * r}Z`;
  return `M${(x - r).toFixed(1)} ${(y - r).toFixed(1)}l${2 * r} ${2 * r}M${(x - r).toFixed(1)} ${(y + r).toFixed(1)}l${2 * r} ${-2 * r}`;
}

function Glyph({ kind }: { kind: number }): JSX.Element {
  return <svg class="glyph" width="12" height="12" viewBox="0 0 12 12" aria-hidden="true"><path class={`mark ${KINDS[kind]}`} d={mark(kind, 6, 6, 3.5)} /></svg>;
}

function Marks({ pixels, d, m, k, kinds, upTo, current }: { pixels: Pixels; d: Data; m: number; k: number; kinds: readonly number[]; upTo: number; current: boolean }): JSX.Element {
  const { x, y, width, height } = pixels;
  const paths = ["", "", "", ""];
  let outside = 0;
  const place = (b: number): readonly [number, number] => {
    const w = d.at(m, k, b);
    return [x(w[0]), y(w[1])];
  };
  for (let b = 0; b < upTo; b++) {
    const [px, py] = place(b);
    const [qx, qy] = [Math.min(width - 6, Math.max(6, px)), Math.min(height - 6, Math.max(6, py))];
    if (qx !== px || qy !== py) outside++;
    paths[kinds[b]] += mark(kinds[b], qx, qy, 3.4);
  }
  const [cx, cy] = place(upTo - 1);
  return (
    <>
      <circle class="truth" cx={x(1)} cy={y(1)} r={11} />
      {paths.map((path, g) => path && <path key={g} class={`mark ${KINDS[g]}`} d={path} />)}
      {current && <circle class="now" cx={Math.min(width - 6, Math.max(6, cx))} cy={Math.min(height - 6, Math.max(6, cy))} r={8} />}
      {outside > 0 && <text class="label" x={width - 14} y={height - 22} text-anchor="end">{`${outside} lie outside: drawn at the rim`}</text>}
    </>
  );
}

function Strip({ kinds, upTo, total, current }: { kinds: readonly number[]; upTo: number; total: number; current: boolean }): JSX.Element {
  const [box, width] = useWidth<HTMLDivElement>();
  const [tall, middle] = [40, 20];
  const gap = width / total;
  const paths = ["", "", "", ""];
  for (let b = 0; b < upTo; b++) {
    const x = ((b + 0.5) * gap).toFixed(2);
    const g = kinds[b];
    paths[g] += g === 3 ? `M${x} ${middle - 1}v2` : `M${x} ${g === 2 ? middle : 4}V${g === 1 ? middle : tall - 4}`;
  }
  const label = `Of ${plural(upTo, "resample")}: ${NAMES.map((name, g) => `${name} ${kinds.slice(0, upTo).filter((own) => own === g).length}`).join(", ")}.`;
  return (
    <div ref={box} class="strip" role="img" aria-label={label}>
      {width > 0 && (
        <svg width={width} height={tall} aria-hidden="true">
          <line class="zero" x1={0} x2={width} y1={middle} y2={middle} />
          {paths.map((path, g) => path && <path key={g} class={`tally ${KINDS[g]}`} style={{ strokeWidth: Math.max(1, gap - 1) }} d={path} />)}
          {current && <path class="now" d={`M${(upTo - 0.5) * gap} 0V${tall}`} />}
        </svg>
      )}
    </div>
  );
}
