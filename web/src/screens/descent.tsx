// Descent: every step in its two parts, drawn apart; and early stopping beside ridge.

import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { useFacts } from "../ground/facts";
import { plural, say, share } from "../ground/format";
import { isStill, useLesson, useRoom } from "../ground/hooks";
import { lessonKey } from "../ground/load";
import { Abs, Formula, I, N, O, Row, Sub } from "../ground/math";
import { Button, Choices, CopyPython, DataTable, Figure, Headline, Note, Predict, Sentence, Waiting } from "../ground/parts";
import { Arrow, Plane, viewOf } from "../ground/plane";
import { Scrubber } from "../ground/scrubber";
import { update, type Settings } from "../ground/state";
import { matrix, maybe, scalar, strings, text, vector, type Payload } from "../ground/wire";
import { lossAt, type Point, type Quadratic } from "../math/pair";
import { around } from "../math/tangency";
import { Stopping } from "./stopping";

// With a kink the rate of the bowl alone is a guarantee for the proximal step and a wall for nobody.
const RATE: { readonly [method: string]: string } = {
  gradient: "largest rate that converges",
  subgradient: "the loss diverges above the rate",
  proximal: "surely converges below the rate",
};
const WAYS: { readonly [way: string]: readonly [method: string, penalty: string] } = {
  l2: ["gradient", "l2"],
  sub: ["subgradient", "l1"],
  prox: ["proximal", "l1"],
};
const RATES = ["0.02", "0.1", "0.3", "0.6", "0.7"];
const STEPS = 200;

function read(payload: Payload) {
  const points = (name: string): Point[] => {
    const m = matrix(payload, name);
    return Array.from({ length: m.rows }, (_, t): Point => [m.data[2 * t], m.data[2 * t + 1]]);
  };
  const gram = vector(payload, "gram");
  const cross = vector(payload, "cross");
  const best = vector(payload, "optimum");
  const quadratic: Quadratic = { a11: 2 * gram[0], a12: 2 * gram[1], a22: 2 * gram[3], b1: 2 * cross[0], b2: 2 * cross[1], constant: maybe(payload, "target_square") ?? 0 };
  const positions = points("positions");
  const landed = payload.landed_at;
  return {
    payload, positions, quadratic,
    names: strings(payload, "names") as readonly [string, string],
    losses: points("loss_steps"),
    penalties: points("penalty_steps"),
    objective: vector(payload, "objective"),
    optimum: [best[0], best[1]] as Point,
    lowest: scalar(payload, "optimum_objective"),
    critical: scalar(payload, "critical_lr"),
    alpha: scalar(payload, "alpha"),
    lr: scalar(payload, "lr"),
    l1: text(payload, "penalty") === "l1",
    method: text(payload, "method"),
    diverged: payload.diverged === true,
    landed: Array.isArray(landed) ? landed.map((s) => (typeof s === "number" && s >= 0 ? s : null)) : [null, null],
    last: positions.length - 1,
  };
}
type Data = ReturnType<typeof read>;

export function Descent({ settings }: { settings: Settings }): JSX.Element {
  const way = settings.way !== undefined && settings.way in WAYS ? settings.way : "sub";
  const [method, penalty] = WAYS[way];
  const alpha = settings.alpha ?? "0.3";
  const lr = settings.lr ?? "0.1";
  const start = settings.start ?? "far";
  const lesson = useLesson(lessonKey("descent", { alpha, dataset: "pair", lr, method, penalty, start, steps: STEPS }));
  const d = useMemo(() => lesson.payload && read(lesson.payload), [lesson.payload]);
  return (
    <>
      <Headline>Downhill, one step at a time</Headline>
      {d ? <Screen d={d} busy={lesson.busy} settings={{ ...settings, way, alpha, lr, start }} /> : <Waiting lesson={lesson} />}
      {d && (lesson.error || lesson.missing) && <Waiting lesson={lesson} />}
      <Stopping settings={settings} />
    </>
  );
}

/** How often a weight has changed its sign up to step t. */
function crossings(positions: readonly Point[], j: 0 | 1, t: number): number {
  let count = 0;
  for (let s = 1; s <= t; s++) if (positions[s][j] * positions[s - 1][j] < 0) count++;
  return count;
}

const NOTE = (
  <Note title="Two pulls in each step">
    <p>With the loss as the mean squared error and an L2 penalty λ‖w‖², a step of the learning rate η is</p>
    <Formula label="w becomes w times one minus two eta lambda, minus eta times the gradient of the mean squared error">
      <I>w</I><O>←</O><I>w</I><O>(</O><N>1</N><O>−</O><N>2</N><I>η</I><I>λ</I><O>)</O><O>−</O><I>η</I><O>∇</O><mi mathvariant="normal">MSE</mi><O>(</O><I>w</I><O>)</O>
    </Formula>
    <p>so the penalty multiplies every weight by the same share: weight decay. With L1 it takes the same length from each instead; the proximal step does that and stops at 0:</p>
    <Formula label="w j becomes the sign of v j times the larger of the absolute v j minus eta lambda and zero">
      <Sub of={<I>w</I>} at={<I>j</I>} /><O>←</O><mi>sign</mi><O>(</O><Sub of={<I>v</I>} at={<I>j</I>} /><O>)</O><mi>max</mi>
      <O>(</O><Row><Abs><Sub of={<I>v</I>} at={<I>j</I>} /></Abs><O>−</O><I>η</I><I>λ</I><O>,</O><N>0</N></Row><O>)</O>
    </Formula>
    <p>where v is where the loss alone would go. Both converge only while η is small enough for the steepest direction of the bowl.</p>
  </Note>
);

function Screen({ d, settings, busy }: { d: Data; settings: Settings; busy: boolean }): JSX.Element {
  const { way, alpha, lr, start } = settings;
  const asked = Number(settings.t ?? "0");
  const t = Number.isInteger(asked) ? Math.min(d.last, Math.max(0, asked)) : 0;
  const [playing, setPlaying] = useState(false);
  const now = useRef(t);
  now.current = t;
  useEffect(() => {
    if (!playing) return;
    const pace = isStill() ? 400 : 120;
    const timer = window.setInterval(() => {
      if (now.current >= d.last) setPlaying(false);
      else update({ t: now.current + 1 });
    }, pace);
    return () => window.clearInterval(timer);
  }, [playing, d]);
  const change = (changes: { [name: string]: string | number | null }): void => {
    setPlaying(false);
    update({ t: null, ...changes });
  };

  const w = d.positions[t];
  const small: 0 | 1 = Math.abs(d.optimum[1]) <= Math.abs(d.optimum[0]) ? 1 : 0;
  const name = d.names[small];
  const above = d.objective[t] - d.lowest;
  useFacts(() => ({
    screen: "descent", key: d.payload.key, t, last: d.last, weights: [w[0], w[1]], objective: d.objective[t], optimum: [d.optimum[0], d.optimum[1]],
    lossStep: t < d.last ? d.losses[t] : null, penaltyStep: t < d.last ? d.penalties[t] : null, diverged: d.diverged, landed: d.landed, critical: d.critical, busy,
  }));
  const crossed = crossings(d.positions, small, t);
  const landed = d.landed[small];
  const more =
    d.diverged
      ? `The rate ${say(d.lr)} is above ${say(d.critical)}, the most this bowl bears: each step overshoots by more than the last.`
      : !d.l1
        ? `With L2 no weight lands on 0: each step takes ${share(2 * d.lr * d.alpha)} of what is left of it.`
        : d.method === "proximal"
          ? landed !== null && t >= landed
            ? `${name} landed on exactly 0 at step ${landed}.`
            : landed !== null
              ? `${name} has not landed yet.`
              : `No weight is 0 at the optimum.`
          : crossed > 0
            ? `${name} has crossed zero ${plural(crossed, "time")} and never landed on it.`
            : `${name} has not reached 0 yet.`;
  const sentence = `After ${plural(t, "step")} ${d.names[0]} weighs ${say(w[0])} and ${d.names[1]} weighs ${say(w[1])}, ${say(Math.max(0, above), 2)} above the lowest point. ${more}`;

  const view = useMemo(() => {
    const far = 1.5 * Math.hypot(d.positions[0][0] - d.optimum[0], d.positions[0][1] - d.optimum[1]) || 1;
    const near = d.positions.filter((p) => Math.hypot(p[0] - d.optimum[0], p[1] - d.optimum[1]) <= far);
    return viewOf([...near, d.optimum, [-1.2, 1.6]], 0.1);
  }, [d]);
  const rings = useMemo(() => {
    const f = (v: Point): number => lossAt(d.quadratic, v) + d.alpha * (d.l1 ? Math.abs(v[0]) + Math.abs(v[1]) : v[0] * v[0] + v[1] * v[1]);
    const low = f(d.optimum);
    const rise = f([d.optimum[0] - view.half, d.optimum[1] + view.half]) - low;
    return [1, 2, 3, 4, 5, 6].map((m) => around(f, d.optimum, low + rise * (m / 5) ** 2, view.half));
  }, [d, view]);
  const guess = (id: string): void => {
    update({ guess: id });
    if (isStill()) update({ t: Math.min(d.last, 40) });
    else setPlaying(true);
  };
  const [tall] = useRoom(372, [1], [[300, 540]], [420]);
  const shown = settings.guess ?? (settings.t !== undefined ? "skip" : undefined);

  return (
    <>
      <Sentence text={sentence}>
        After <em>{plural(t, "step")}</em> {d.names[0]} weighs <em class={w[0] === 0 ? "hit" : undefined}>{say(w[0])}</em> and {d.names[1]} weighs{" "}
        <em class={w[1] === 0 ? "hit" : undefined}>{say(w[1])}</em>, {say(Math.max(0, above), 2)} above the lowest point. {more}
      </Sentence>
      <div class="stage with-predict">
        <Predict
          question={d.l1 ? <>The lowest point has {name} at exactly 0. Walking there step by step, will {name} land on it?</> : <>L2 pulls every weight towards 0. Walking step by step, will one land on it?</>}
          guesses={[{ id: "yes", label: "Yes, and it stays there" }, { id: "no", label: "No, it never does" }]}
          right={d.method === "proximal" && d.l1 ? "yes" : "no"} made={shown} onGuess={guess}>
          {!d.l1
            ? "The pull of L2 is proportional to the weight: it fades as the weight does. So weights decay, and none gets to 0."
            : d.method === "proximal"
              ? "The proximal step pulls by a fixed length and stops at 0: a weight that would overshoot is set to exactly 0."
              : "The subgradient pulls by a fixed length whatever the weight: near 0 that is too far, so the weight hops over 0 and back for ever. The proximal step cures it."}
        </Predict>
        <div class="pictures">
          <Figure busy={busy} title="Where the walk has come to"
            note="Rings: equal height of loss and penalty together. Arrows: the next step in its two parts.">
            <Plane label={sentence} view={view} names={d.names} tall={tall}>
              {({ x, y, path, width, height }) => {
                const at = [x(w[0]), y(w[1])] as const;
                const seen = at[0] > -40 && at[0] < width + 40 && at[1] > -40 && at[1] < height + 40;
                const loss = t < d.last ? d.losses[t] : undefined;
                const middle = loss && ([x(w[0] + loss[0]), y(w[1] + loss[1])] as const);
                const end = loss && ([x(d.positions[t + 1][0]), y(d.positions[t + 1][1])] as const);
                const steps = d.positions.slice(0, t + 1);
                const bestX = x(d.optimum[0]);
                const bestY = y(d.optimum[1]);
                return (
                  <>
                    {rings.map((ring, n) => <path key={n} class="contour" d={path(ring, true)} />)}
                    <path class="steps" d={path(steps)} />
                    {steps.length < 60 && steps.map((p, n) => <circle key={n} class="footprint" cx={x(p[0])} cy={y(p[1])} r={2.2} />)}
                    <circle class="optimum" cx={bestX} cy={bestY} r={5} />
                    {Math.hypot(at[0] - bestX, at[1] - bestY) > 34 && <text class="end ink" x={bestX > width - 100 ? bestX - 10 : bestX + 10} y={bestY - 12} text-anchor={bestX > width - 100 ? "end" : "start"}>lowest point</text>}
                    {middle && end && seen && (
                      <>
                        <Arrow from={at} to={middle} tone="up" />
                        <Arrow from={middle} to={end} tone="down" />
                        {Math.hypot(middle[0] - at[0], middle[1] - at[1]) > 40 && <text class="end up" x={(at[0] + middle[0]) / 2 + 8} y={(at[1] + middle[1]) / 2 - 6}>loss</text>}
                        {Math.hypot(end[0] - middle[0], end[1] - middle[1]) > 24 && <text class="end down" x={(end[0] + middle[0]) / 2 + 8} y={(end[1] + middle[1]) / 2 + 14}>penalty</text>}
                      </>
                    )}
                    {seen ? <circle class="solution" cx={at[0]} cy={at[1]} r={6} /> : <text class="end ink" x={width - 8} y={height - 14} text-anchor="end">the walk has left the picture</text>}
                  </>
                );
              }}
            </Plane>
          </Figure>
          <Scrubber label="Step" count={d.last + 1} k={t} onMove={(next) => {
            setPlaying(false);
            update({ t: next });
          }} ends={["back", "step"]} unit={["One step back", "One step on"]} say={`step ${t}: ${d.names[0]} ${say(w[0])}, ${d.names[1]} ${say(w[1])}`}>
            <Button pressed={playing} onClick={() => {
              if (!playing && t >= d.last) update({ t: 0 });
              setPlaying(!playing);
            }}>{playing ? "Pause" : "Play"}</Button>
          </Scrubber>
        </div>
        <div class="panel" role="group" aria-label="Settings">
          <Choices label="Penalty and step" value={way} onChange={(v) => change({ way: v, guess: null })}
            options={[{ value: "l2", label: "L2" }, { value: "sub", label: "L1, naive" }, { value: "prox", label: "L1, proximal" }]} />
          <Choices label="Learning rate" value={lr} onChange={(v) => change({ lr: v, guess: settings.guess ?? "skip" })} options={RATES.map((r) => ({ value: r, label: r }))} />
          <Choices label="Penalty λ" value={alpha} onChange={(v) => change({ alpha: v, guess: settings.guess ?? "skip" })} options={["0.1", "0.3", "1"].map((a) => ({ value: a, label: a }))} />
          <Choices label="Start" value={start} onChange={(v) => change({ start: v, guess: settings.guess ?? "skip" })} options={[{ value: "far", label: "far off" }, { value: "zero", label: "at zero" }]} />
          <Magnified d={d} t={t} />
          <dl class="reading">
            <div><dt>{d.names[0]}</dt><dd class={w[0] === 0 ? "hit" : undefined}>{say(w[0])}</dd></div>
            <div><dt>{d.names[1]}</dt><dd class={w[1] === 0 ? "hit" : undefined}>{say(w[1])}</dd></div>
            <div><dt>{RATE[d.method]}</dt><dd>{say(d.critical)}</dd></div>
          </dl>
        </div>
        <div class="below">
          <DataTable caption="All steps" columns={["step", d.names[0], d.names[1], "objective"]} count={d.last + 1} current={t}
            row={(n) => [String(n), say(d.positions[n][0], 4), say(d.positions[n][1], 4), say(d.objective[n], 5)]} />
          <CopyPython code={text(d.payload, "python")} />
          {NOTE}
        </div>
      </div>
    </>
  );
}

/** The next step alone, as large as it can be drawn. */
function Magnified({ d, t }: { d: Data; t: number }): JSX.Element {
  const [width, height] = [220, 130];
  if (t >= d.last) return <p class="small">This is the last step that is shown.</p>;
  const loss = d.losses[t];
  const both: Point = [loss[0] + d.penalties[t][0], loss[1] + d.penalties[t][1]];
  const xs = [0, loss[0], both[0]];
  const ys = [0, loss[1], both[1]];
  const [x0, x1, y0, y1] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const scale = Math.min((width - 60) / (x1 - x0 || 1e-300), (height - 50) / (y1 - y0 || 1e-300), 1e14);
  const px = (p: Point): [number, number] => [width / 2 + (p[0] - (x0 + x1) / 2) * scale, height / 2 - (p[1] - (y0 + y1) / 2) * scale];
  const [a, b, c] = [px([0, 0]), px(loss), px(both)];
  const length = Math.hypot(both[0], both[1]);
  return (
    <div class="magnified">
      <h2>The next step, enlarged</h2>
      <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-label={`Loss moves by ${say(loss[0])}, ${say(loss[1])}; penalty by ${say(d.penalties[t][0])}, ${say(d.penalties[t][1])}.`}>
        <Arrow from={a} to={b} tone="up" />
        <Arrow from={b} to={c} tone="down" />
        <circle class="solution" cx={a[0]} cy={a[1]} r={4.5} />
        <circle class="optimum" cx={c[0]} cy={c[1]} r={3.5} />
      </svg>
      <p class="small"><span class="up">loss</span>, then <span class="down">penalty</span>; together {say(length, 2)} long</p>
    </div>
  );
}
