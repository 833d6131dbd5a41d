// Why corners: the loss bowl of two weights, the penalty's body, and the point where they touch.

import type { JSX } from "preact";
import { useMemo, useRef } from "preact/hooks";
import { useFacts } from "../ground/facts";
import { say } from "../ground/format";
import { sweep, useLesson, useRoom } from "../ground/hooks";
import { lessonKey } from "../ground/load";
import { Abs, Formula, I, Inline, N, O, Row, Sub } from "../ground/math";
import { Choices, CopyPython, DataChoice, DataTable, Figure, Headline, Note, Predict, Select, Sentence, Waiting } from "../ground/parts";
import { Plane, viewOf, type View } from "../ground/plane";
import { Scrubber } from "../ground/scrubber";
import { update, type Settings } from "../ground/state";
import { matrix, row, strings, text, vector, type Payload } from "../ground/wire";
import { penaltyAt, wall } from "../math/body";
import { bottom, ellipse, lossAt, restricted, axes, type Point, type Quadratic } from "../math/pair";
import { around, penalizedAt, tangency, violation } from "../math/tangency";
import type { Scene } from "../three/scene";
import { Bowl, hasWebGL } from "./bowl";

export const BODIES: { readonly [l1: string]: string } = { "0": "disc", "0.5": "elastic net’s body", "1": "diamond" };

/** The weights along the path, and which two of them are worth a look. */
export function readWeights(payload: Payload) {
  const betas = matrix(payload, "betas");
  const names = strings(payload, "names");
  const p = names.length;
  const last = betas.rows - 1;
  /** The first stop from which a feature is never 0 again, going to weaker penalties. */
  const entry = Array.from({ length: p }, (_, j) => {
    let k = betas.rows;
    while (k > 0 && betas.data[(k - 1) * p + j] !== 0) k--;
    return k;
  });
  const strength = Array.from({ length: p }, (_, j) => Math.abs(betas.data[last * p + j]));
  const order = Array.from({ length: p }, (_, j) => j).sort((a, b) => entry[a] - entry[b] || strength[b] - strength[a]);
  const first = order[0];
  // The second of the pair enters late enough to be seen at 0 for a while, yet ends large.
  const late = order.slice(1).filter((j) => entry[j] >= 0.12 * last && entry[j] <= 0.75 * last);
  const second = (late.length ? late : order.slice(1)).reduce((a, b) => (strength[b] > strength[a] ? b : a));
  return {
    payload, betas, names, p, last, entry, first, second,
    alphas: vector(payload, "alphas"),
    target: text(payload, "target"),
  };
}
export type Weights = ReturnType<typeof readWeights>;

export function read(payload: Payload) {
  return { ...readWeights(payload), gram: vector(payload, "gram"), cross: vector(payload, "cross") };
}
export type Data = ReturnType<typeof read>;

export function Corners({ settings }: { settings: Settings }): JSX.Element {
  const dataset = settings.dataset ?? "diabetes";
  const l1 = settings.l1 ?? "1";
  const lesson = useLesson(lessonKey("corners", { dataset, l1_ratio: l1 }));
  const d = useMemo(() => lesson.payload && read(lesson.payload), [lesson.payload]);
  return (
    <>
      <Headline>Why corners make zeros</Headline>
      {d ? <Screen d={d} busy={lesson.busy} settings={{ ...settings, dataset, l1 }} /> : <Waiting lesson={lesson} />}
      {d && (lesson.error || lesson.missing) && <Waiting lesson={lesson} />}
    </>
  );
}

export function pairOf(d: Weights, settings: Settings): readonly [number, number] {
  const i = d.names.indexOf(settings.i ?? "");
  const j = d.names.indexOf(settings.j ?? "");
  const first = i >= 0 ? i : j === d.first ? d.second : d.first;
  const second = j >= 0 && j !== first ? j : first === d.second ? d.first : d.second;
  return [first, second];
}

const NOTE = (
  <Note title="Why a corner catches the solution">
    <p>
      A budget for weights and a price on them are the same thing: for every λ there is a size <Inline><I>t</I></Inline> of the body whose best point is the penalized solution. At that point
      loss and penalty pull against each other exactly:
    </p>
    <Formula label="minus the gradient of the loss at w lies in lambda times the slopes of the penalty at w">
      <O>−</O><O>∇</O><I>L</I><O>(</O><I>w</I><O>)</O><O>∈</O><I>λ</I><O>∂</O><I>P</I><O>(</O><I>w</I><O>)</O>
    </Formula>
    <p>At a corner the penalty has not one slope but a whole fan of them, so many losses have their optimum there. For a weight at 0 the lasso asks only</p>
    <Formula label="the absolute gradient of the loss in coordinate j is at most lambda">
      <Abs><Sub of={<O>∇</O>} at={<I>j</I>} /><I>L</I><O>(</O><I>w</I><O>)</O></Abs><O>≤</O><I>λ</I><O>,</O>
    </Formula>
    <p>while ridge, whose fan is a single arrow, asks for equality with <Inline><Row><I>λ</I><Sub of={<I>w</I>} at={<I>j</I>} /><O>=</O><N>0</N></Row></Inline>: it would take a gradient of exactly 0.</p>
  </Note>
);

function Screen({ d, settings, busy }: { d: Data; settings: Settings; busy: boolean }): JSX.Element {
  const { dataset, l1 } = settings;
  const rho = Number(l1);
  const [i, j] = pairOf(d, settings);
  const pair: readonly [string, string] = [d.names[i], d.names[j]];
  const penalized = settings.view === "penalized";
  const webgl = useRef<boolean | undefined>(undefined);
  webgl.current ??= hasWebGL();
  const solid = settings.dim === "3" && webgl.current;

  const startAt = Math.min(d.last, rho > 0 ? d.entry[j] + Math.round(0.16 * d.last) : Math.round(0.8 * d.last));
  const cornerAt = rho > 0 && d.entry[j] > 0 && d.entry[j] <= d.last ? Math.max(0, d.entry[j] - Math.round(0.06 * d.last) - 1) : Math.round(0.35 * d.last);
  const asked = settings.k === undefined ? NaN : Number(settings.k);
  const k = Number.isInteger(asked) ? Math.min(d.last, Math.max(0, asked)) : startAt;

  const track = useMemo(() => Array.from({ length: d.last + 1 }, (_, n): Point => [d.betas.data[n * d.p + i], d.betas.data[n * d.p + j]]), [d, i, j]);
  const view = useMemo<View>(() => {
    const bottoms = Array.from({ length: 12 }, (_, n) => Math.round((n * d.last) / 11)).map((n) => bottom(restricted(d.gram, d.cross, row(d.betas, n), i, j)));
    return viewOf([...track, ...bottoms]);
  }, [d, i, j, track]);
  const quadratic = useMemo(() => restricted(d.gram, d.cross, row(d.betas, k), i, j), [d, i, j, k]);
  const w = track[k];
  const alpha = d.alphas[k];
  const residual = tangency(quadratic, rho, w);
  const kkt = violation(quadratic, rho, alpha, w);
  const [tall] = useRoom(solid ? 425 : 372, [1], [[300, 540]], [450]);
  const zeros = w.filter((v) => v === 0).length;
  const body = BODIES[l1];
  useFacts(() => ({
    screen: "corners", key: d.payload.key, k, alpha, l1: rho, pair: [i, j], names: pair, weights: [w[0], w[1]], tangency: residual, violation: kkt,
    view: penalized ? "penalized" : "constraint", dim: solid ? 3 : 2, bottom: bottom(quadratic), loss: lossAt(quadratic, w), busy,
  }));

  const zero = w[0] === 0 ? pair[0] : pair[1];
  const other = w[0] === 0 ? pair[1] : pair[0];
  const why =
    zeros === 2
      ? `The penalty is so strong that both weights are exactly 0: the ${body} has shrunk to a point.`
      : zeros === 1
        ? penalized
          ? `The bottom of the penalized bowl lies in its crease: ${zero} is exactly 0.`
          : `The ellipse touches the ${body} at its corner: ${zero} is exactly 0.`
        : rho === 0
          ? penalized
            ? "The penalty makes the bowl rounder, without a crease: neither weight is 0."
            : "The disc has no corners: the ellipse touches it where neither weight is 0."
          : penalized
            ? "The bottom of the penalized bowl lies between the creases: both weights are at work."
            : `The ellipse touches the ${body} on a side: both weights are at work.`;
  const sentence = `At λ = ${say(alpha)}, ${pair[0]} weighs ${say(w[0])} and ${pair[1]} weighs ${say(w[1])}. ${why}`;
  const label = `${why} Weights ${say(w[0])} and ${say(w[1])}.`;
  const guessed = (guess: string): void => {
    update({ guess });
    sweep(k, cornerAt, 2.2, (now) => update({ k: now }));
  };
  const [across, up] = useMemo(
    () => [pair[1], pair[0]].map((taken) => d.names.filter((name) => name !== taken).map((name) => ({ value: name, label: name }))),
    [d, i, j],
  );

  return (
    <>
      <Sentence text={sentence}>
        At <em>λ = {say(alpha)}</em>, {pair[0]} weighs <em>{say(w[0])}</em> and {pair[1]} weighs <em class={w[1] === 0 ? "hit" : undefined}>{say(w[1])}</em>. {why}
      </Sentence>
      <div class="stage with-predict">
          <Predict
            question={<>Now make the penalty stronger: the {body} shrinks. What becomes of the weight of {zeros === 0 ? pair[1] : zero}?</>}
            guesses={[
              { id: "shrinks", label: "It shrinks, and never gets to 0" },
              { id: "zero", label: "It gets to exactly 0 and stays" },
              { id: "crosses", label: "It passes through 0" },
            ]}
            right={rho === 0 ? "shrinks" : "zero"} made={settings.guess ?? (settings.k !== undefined ? "skip" : undefined)} onGuess={guessed}>
            {rho === 0
              ? "A disc is round everywhere: no direction is special, so the touching point slides inwards and reaches an axis only by accident. Ridge shrinks; it does not choose."
              : `A corner sticks out, so the growing ellipse meets it first, and from many directions. There the weight is not small, it is 0.${zeros === 1 ? ` ${other} is still at work.` : ""}`}
          </Predict>
        <div class="pictures">
          <Figure busy={busy}
            title={penalized ? (rho > 0 ? "Loss and penalty together: one bowl with creases" : "Loss and penalty together: one rounder bowl") : `Where the loss first touches the ${body}`}
            note={<>Two weights, in standard deviations{d.p > 2 ? <>; the other {d.p - 2} are held at the solution for this λ, so the bowl shifts as λ moves</> : null}.</>}>
            {solid
              ? <Solid {...{ q: quadratic, rho, alpha, w, track, view, penalized, pair, label, tall, settings }} onFail={() => {
                  webgl.current = false;
                  update({ dim: 2 });
                }} />
              : <Flat {...{ q: quadratic, rho, alpha, w, track, view, penalized, pair, label, tall, body }} />}
          </Figure>
          <Scrubber label="Penalty λ" count={d.last + 1} k={k} onMove={(next) => update({ k: next })} ends={["stronger", "weaker"]}
            say={`lambda ${say(alpha)}: ${pair[0]} ${say(w[0])}, ${pair[1]} ${say(w[1])}`}
            stops={rho > 0 && d.entry[j] > 0 && d.entry[j] <= d.last ? [{ at: cornerAt, label: "corner" }, { at: startAt, label: "side" }] : []} />
        </div>
        <div class="panel" role="group" aria-label="Settings">
          <Choices label="Penalty" value={l1} onChange={(v) => update({ l1: v, i: pair[0], j: pair[1] })}
            options={[{ value: "0", label: "disc" }, { value: "0.5", label: "between" }, { value: "1", label: "diamond" }]} />
          <Choices label="Drawn as" value={penalized ? "penalized" : "constraint"} onChange={(v) => update({ view: v })}
            options={[{ value: "constraint", label: "a wall" }, { value: "penalized", label: "one bowl" }]} />
          <Choices label="Seen" value={solid ? "3" : "2"} onChange={(v) => update({ dim: v, guess: settings.guess ?? "skip", k })}
            options={[{ value: "2", label: "from above" }, { value: "3", label: "in 3D" }]} />
          {settings.dim === "3" && !webgl.current && <p class="small" role="status">This browser draws no WebGL, so the view from above stays.</p>}
          <DataChoice value={dataset} only={["diabetes", "wide100"]} />
          <Select label="Across" value={pair[0]} options={across} onChange={(v) => update({ i: v, j: pair[1] })} />
          <Select label="Up" value={pair[1]} options={up} onChange={(v) => update({ i: pair[0], j: v })} />
          <dl class="reading">
            <div><dt>{pair[0]}</dt><dd class={w[0] === 0 ? "hit" : undefined}>{say(w[0])}</dd></div>
            <div><dt>{pair[1]}</dt><dd class={w[1] === 0 ? "hit" : undefined}>{say(w[1])}</dd></div>
            <div><dt>off tangent by</dt><dd>{residual === null ? "–" : residual < 1e-12 ? "< 1e−12" : say(residual, 2)}</dd></div>
          </dl>
        </div>
        <div class="below">
          <DataTable caption="Both weights at every λ" columns={["λ", pair[0], pair[1]]} count={d.last + 1} current={k}
            row={(n) => [say(d.alphas[n]), say(track[n][0], 5), say(track[n][1], 5)]} />
          <CopyPython code={text(d.payload, "python")} />
          {NOTE}
        </div>
      </div>
    </>
  );
}

interface Drawn {
  readonly q: Quadratic;
  readonly rho: number;
  readonly alpha: number;
  readonly w: Point;
  readonly track: readonly Point[];
  readonly view: View;
  readonly penalized: boolean;
  readonly pair: readonly [string, string];
  readonly label: string;
  readonly tall: number;
}

/** `lowest` names the middle of the ellipses. */
export function Flat({ q, rho, alpha, w, track, view, penalized, pair, label, tall, body, lowest: middle = "lowest loss" }: Drawn & { body: string; lowest?: string }): JSX.Element {
  const centre = bottom(q);
  const lowest = lossAt(q, centre);
  const rise = 0.5 * axes(q).flat * view.half * view.half;
  const steps = [1, 2, 3, 4, 5].map((m) => rise * (m / 4) ** 2);
  const goal = (v: Point): number => penalizedAt(q, rho, alpha, v);
  const rings = penalized ? steps.map((s) => around(goal, w, goal(w) + s, view.half)) : steps.map((s) => ellipse(q, lowest + s));
  return (
    <Plane label={label} view={view} names={pair} tall={tall}>
      {({ x, y, path, width, height }) => {
        const left = x(w[0]) > width * 0.62;
        const above = centre[1] <= w[1];
        const [cx, cy] = [x(centre[0]), y(centre[1])];
        const apart = Math.hypot(cx - x(w[0]), cy - y(w[1])) > 26;
        return (
          <>
            {!penalized && <path class="body" d={path(wall(rho, penaltyAt(rho, w)), true)} />}
            {rings.map((ring, n) => <path key={n} class="contour" d={path(ring, true)} />)}
            {!penalized && <path class="contour touching" d={path(ellipse(q, lossAt(q, w), 240), true)} />}
            <path class="track" d={path(track)} />
            {apart && (
              <g>
                <path class="cross" d={`M${cx - 5} ${cy}H${cx + 5}M${cx} ${cy - 5}V${cy + 5}`} />
                <text class="end up" x={cx + (cx > width * 0.62 ? -9 : 9)} y={cy + (above ? 16 : -8)} text-anchor={cx > width * 0.62 ? "end" : "start"}>{middle}</text>
              </g>
            )}
            <circle class="solution" cx={x(w[0])} cy={y(w[1])} r={6} />
            <text class="end ink" x={x(w[0]) + (left ? -11 : 11)} y={y(w[1]) + (above ? -9 : 19)} text-anchor={left ? "end" : "start"}>
              {penalized ? "lowest of both" : w[0] === 0 && w[1] === 0 ? "both 0" : w[0] === 0 || w[1] === 0 ? `${rho > 0 ? "corner" : "touch"}: ${w[0] === 0 ? pair[0] : pair[1]} = 0` : "they touch"}
            </text>
            {!penalized && penaltyAt(rho, w) > 0 && <BodyName {...{ x, y, width, height, rho, w, body }} />}
          </>
        );
      }}
    </Plane>
  );
}

/** The body's name, inside it, on the side away from the solution; left out where there is no room. */
function BodyName(props: { x: (v: number) => number; y: (v: number) => number; width: number; height: number; rho: number; w: Point; body: string }): JSX.Element | null {
  const { x, y, width, rho, w } = props;
  const size = penaltyAt(rho, w);
  const far = Math.max(...wall(rho, size, 1).map(([u, v]) => Math.hypot(u, v)));
  if (Math.abs(x(far) - x(0)) < 70) return null;
  const side = w[1] >= 0 ? -1 : 1;
  const at = Math.min(props.height - 12, Math.max(34, y(side * far * 0.45) + 4));
  return <text class="end down" x={Math.min(width - 60, Math.max(8, x(0) + 8))} y={at}>{props.body}</text>;
}

function Solid({ q, rho, alpha, w, track, view, penalized, pair, label, tall, settings, onFail }: Drawn & { settings: Settings; onFail: () => void }): JSX.Element {
  const scene = useMemo<Scene>(() => {
    const centre = penalized ? w : bottom(q);
    const f = penalized ? (v: Point): number => penalizedAt(q, rho, alpha, v) : (v: Point): number => lossAt(q, v);
    const lowest = f(centre);
    const outline = penalized ? [] : wall(rho, penaltyAt(rho, w), 32);
    const above = outline.map((v) => f(v) - lowest);
    const room = 0.5 * axes(q).flat * view.half * view.half;
    const rim = Math.max(room, 1.15 * (f([0, 0]) - lowest), 1.02 * Math.max(0, ...above));
    const count = 16;
    const levels = Array.from({ length: count + 1 }, (_, m) => (m / count) ** 2);
    const rings = levels.map((share, m) =>
      m === 0 ? Array.from({ length: 96 }, () => centre) : penalized ? around(f, centre, lowest + share * rim, view.half, 96) : ellipse(q, lowest + share * rim, 96),
    );
    let half = view.half;
    for (const [u, v] of rings[count]) half = Math.max(half, Math.abs(u - view.x), Math.abs(v - view.y));
    half = Math.min(half, 1.35 * view.half);
    return {
      rings, heights: levels, wall: outline, wallHeights: above.map((a) => a / rim), trajectory: track,
      solution: w, solutionHeight: (f(w) - lowest) / rim, centre: [view.x, view.y], half,
    };
  }, [q, rho, alpha, w, track, view, penalized]);
  const number = (name: string, otherwise: number): number => (settings[name] !== undefined && Number.isFinite(Number(settings[name])) ? Number(settings[name]) : otherwise);
  return (
    <Bowl scene={scene} names={pair} label={label} tall={tall} azimuth={number("az", 35)} elevation={number("el", 30)}
      onTurn={(az, el) => update({ az, el })} onFail={onFail} />
  );
}
