// A small network, trained five ways from one seed: what it draws, both losses, and which of it is judged by fresh rows.

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { nearest } from "../ground/chart";
import { useFacts } from "../ground/facts";
import { fixed, plural, say, share } from "../ground/format";
import { colour, isStill, sweep, useDark, useLesson, useWidth } from "../ground/hooks";
import { lessonKey } from "../ground/load";
import { Abs, Formula, I, N, O, Row, Sub, Sum, Sup } from "../ground/math";
import { Button, Check, Choices, CopyPython, DataTable, Figure, Headline, Note, Predict, Sentence, Waiting } from "../ground/parts";
import { Scrubber } from "../ground/scrubber";
import { update, type Settings } from "../ground/state";
import { maybe, scalar, strings, text, vector, type Numbers, type Payload } from "../ground/wire";
import { contour } from "../math/contour";

const NAMES: { readonly [method: string]: string } = { none: "Nothing", decay: "Weight decay", l1: "L1", dropout: "Dropout", stopping: "Early stopping" };
const SHORT = ["none", "decay", "L1", "dropout", "early"];
/** What the screen opens with: the first run that was recorded. */
const USUAL: Settings = { decay: "0.003", drop: "0.5", extra: "0", hidden: "64x32", lasso: "0.001", noise: "0.1", patience: "20", rate: "0.02", seed: "0", shape: "moons" };
const STRENGTHS: readonly { readonly name: string; readonly label: string; readonly values: readonly string[]; readonly said: (v: string) => string }[] = [
  { name: "decay", label: "Weight decay λ", values: ["0.001", "0.003", "0.01", "0.03"], said: (v) => v },
  { name: "lasso", label: "L1 λ", values: ["0.0003", "0.001", "0.003", "0.01"], said: (v) => v },
  { name: "drop", label: "Dropout", values: ["0.1", "0.25", "0.5"], said: (v) => share(Number(v)) },
  { name: "patience", label: "Patience", values: ["5", "10", "20", "40"], said: (v) => plural(Number(v), "epoch") },
];
const SEEDS = 10;
const DROPOUT = 3;
const STOPPING = 4;

function bytes(payload: Payload, name: string): Uint8Array | undefined {
  const value = payload[name] as Numbers | undefined;
  return value && new Uint8Array(value.data.buffer, value.data.byteOffset, 4 * value.data.length);
}

function read(payload: Payload) {
  const at = vector(payload, "at");
  const count = at.length;
  const epochs = scalar(payload, "epochs");
  const methods = strings(payload, "methods");
  const [across, down] = (payload.cells as readonly number[]);
  const [fewAcross, fewDown] = (payload.thinned_cells ?? [2, 2]) as readonly number[];
  const [size, few] = [across * down, fewAcross * fewDown];
  const live = payload.partial === true;
  const pictures = bytes(payload, live ? "now" : "grids") as Uint8Array;
  const thinned = bytes(payload, "thinned");
  const limit = scalar(payload, "top");
  // A code t from -1 to 1 stands for the log odds limit t |t|: finest where they are even.
  const odds = Float32Array.from({ length: 256 }, (_, code) => (limit * (code - 127) * Math.abs(code - 127)) / 127 ** 2);
  const draws = thinned ? thinned.length / count / few : 0;
  const losses = vector(payload, "losses");
  const held = vector(payload, "held");
  const zeros = live ? undefined : vector(payload, "zeros");
  const done = vector(payload, "done");
  let top = 0.75;
  for (const v of [...losses, ...held]) if (v > top) top = v;
  return {
    payload, at, count, epochs, methods, across, down, live, done, draws, fewAcross, fewDown, odds,
    reach: payload.reach as readonly number[],
    last: count - 1,
    points: vector(payload, "points"),
    sides: vector(payload, "sides"),
    top: Math.min(2.6, 1.06 * top),
    /** Of a method at a stop; while it trains, the newest. */
    picture: (m: number, s: number): Uint8Array => pictures.subarray(size * (live ? m : m * count + s), size * (live ? m + 1 : m * count + s + 1)),
    thin: (s: number, draw: number): Uint8Array => (thinned as Uint8Array).subarray(few * (s * draws + draw), few * (s * draws + draw + 1)),
    /** The pieces of the line where codes say that the odds are even. */
    line: (codes: Uint8Array, wide: number, tall: number): number[] => contour(Float32Array.from(codes, (code) => odds[code]), wide, tall, 0),
    loss: (m: number, s: number): number => losses[m * count + s],
    held: (m: number, epoch: number): number => held[m * (epochs + 1) + epoch],
    zeros: (m: number, s: number): number => zeros?.[m * count + s] ?? 0,
    train: methods.map((_, m) => losses.subarray(m * count, (m + 1) * count)),
    heldOf: methods.map((_, m) => held.subarray(m * (epochs + 1), (m + 1) * (epochs + 1))),
    metOf: live ? undefined : methods.map((_, m) => vector(payload, "met").subarray(m * (epochs + 1), (m + 1) * (epochs + 1))),
    best: live ? undefined : vector(payload, "best"),
    restored: maybe(payload, "restored"),
    weights: maybe(payload, "n_weights") ?? 0,
    freshLoss: live ? undefined : vector(payload, "fresh_loss"),
    freshRight: live ? undefined : vector(payload, "fresh_accuracy"),
    inputs: live ? undefined : vector(payload, "inputs"),
  };
}
type Data = ReturnType<typeof read>;

/** The epoch whose weights a picture at a stop shows: early stopping puts its best ones back. */
function epochAt(d: Data, m: number, s: number): number {
  if (d.live) return d.done[m];
  return m === STOPPING && d.at[s] > d.done[m] && d.restored !== null ? d.restored : d.at[s];
}

export function Network({ settings }: { settings: Settings }): JSX.Element {
  const own: { [name: string]: string } = {};
  for (const [name, usual] of Object.entries(USUAL)) own[name] = settings[name] ?? usual;
  const key = lessonKey("network", own);
  const [stopped, setStopped] = useState("");
  useEffect(() => setStopped(""), [key]); // whoever comes back to these settings wants them trained
  const lesson = useLesson(stopped === key ? undefined : key);
  const shown = lesson.partial ?? lesson.payload;
  const d = useMemo(() => shown && read(shown), [shown]);
  const failed = lesson.error || lesson.missing;
  return (
    <>
      <Headline>One network, held in five ways</Headline>
      {failed && (
        <>
          <Waiting lesson={lesson} />
          <p class="row"><Button onClick={() => update(Object.fromEntries(Object.keys(USUAL).map((name) => [name, null])))}>Back to the first settings</Button></p>
        </>
      )}
      {d ? (
        <Screen d={d} busy={lesson.busy} settings={{ ...settings, ...own }} stage={lesson.progress?.stage ?? ""}
          onStop={() => setStopped(key)} stopped={stopped === key} onTrain={() => setStopped("")} />
      ) : !failed && (stopped === key ? <p class="row"><Button onClick={() => setStopped("")}>Train</Button></p> : <><Waiting lesson={lesson} /></>)}
    </>
  );
}

const NOTE = (
  <Note title="Five answers to the same greed">
    <p>Every network lowers the mean log loss ℓ of its points by the same steps of Adam. Weight decay and L1 add the weights’ size to what is lowered,</p>
    <Formula label="the mean loss plus lambda over two times the sum of squared weights, or plus lambda times the sum of absolute weights">
      <I>ℓ</I><O>+</O><mfrac><mi>λ</mi><mn>2</mn></mfrac><Sum /><Sup of={<I>w</I>} to={<N>2</N>} /><mtext>&nbsp; or &nbsp;</mtext><I>ℓ</I><O>+</O><I>λ</I><Sum /><Abs><I>w</I></Abs>
    </Formula>
    <p>each by a proximal step behind every step of Adam: L1’s puts weights at exactly 0, and lets them leave it again. Dropout multiplies the hidden units, in each training step anew, by a mask</p>
    <Formula label="h i becomes m i h i over one minus q, with m i zero with probability q and else one">
      <Sub of={<I>h</I>} at={<I>i</I>} /><O>←</O><mfrac><mrow><Sub of={<I>m</I>} at={<I>i</I>} /><Sub of={<I>h</I>} at={<I>i</I>} /></mrow><mrow><mn>1</mn><mo>−</mo><mi>q</mi></mrow></mfrac>
      <O>,</O><mtext>&nbsp; </mtext><Row><Sub of={<I>m</I>} at={<I>i</I>} /><O>=</O><N>0</N></Row><mtext>&nbsp;with probability&nbsp;</mtext><I>q</I>
    </Formula>
    <p>so that on average a unit is what it was. At prediction the masks are off, and because of the division nothing has to be scaled. Early stopping changes nothing but the end: after so many epochs without a better loss on held-out rows (its patience) it stops and puts the best weights back.</p>
    <p class="small">100 points to train on, 200 held out, 2,000 fresh. Two hidden layers or one, tanh; biases are not penalized; batches of 50; the rate falls along a cosine to 0.</p>
  </Note>
);

interface ScreenProps {
  readonly d: Data;
  readonly busy: boolean;
  readonly settings: Settings;
  readonly stage: string;
  readonly stopped: boolean;
  readonly onStop: () => void;
  readonly onTrain: () => void;
}

function Screen({ d, busy, settings, stage, stopped, onStop, onTrain }: ScreenProps): JSX.Element {
  const asked = settings.k === undefined ? NaN : Number(settings.k);
  const k = Number.isInteger(asked) ? Math.min(d.last, Math.max(0, asked)) : d.last;
  const made = settings.guess ?? (settings.k !== undefined ? "skip" : undefined);
  const told = made !== undefined;
  const masks = settings.masks === "1";
  const halt = useRef<(() => void) | undefined>(undefined);
  useEffect(() => () => halt.current?.(), []);
  const move = (next: number): void => {
    halt.current?.();
    update({ k: next, guess: settings.guess ?? "skip" });
  };
  const change = (name: string, value: string): void => update({ [name]: value === USUAL[name] ? null : value, k: null, guess: settings.guess ?? (settings.k === undefined ? null : "skip") });
  const trained = !d.live && !busy;

  const none = d.heldOf[0];
  const least = d.best ? none[d.best[0]] : 0;
  const right = d.best ? (none[d.epochs] > 1.1 * least ? (d.best[0] < 3 ? "rises" : "turns") : "falls") : "turns";
  const guess = (id: string): void => {
    update({ guess: id });
    if (d.live || isStill()) return;
    halt.current = sweep(0, d.last, 2.2, (now) => update({ k: now }));
  };

  const epoch = d.live ? Math.max(...d.done) : d.at[k];
  const order = d.freshLoss ? d.methods.map((_, m) => m).sort((a, b) => (d.freshLoss as Float64Array)[a] - (d.freshLoss as Float64Array)[b]) : [];
  let sentence: string;
  if (d.live) sentence = stopped ? `Stopped after ${plural(Math.max(...d.done), "epoch")}.` : `Training: ${said(d)}.`;
  else if (!told) sentence = `After ${plural(epoch, "epoch")} the loss of the unbridled network on the 100 points it learns from is ${say(d.loss(0, k))}, from ${say(d.loss(0, 0))} at the start. And on others?`;
  else if (k === d.last && d.freshLoss && d.freshRight) {
    const [first, ...others] = order;
    sentence = `On 2,000 fresh points ${lower(NAMES[d.methods[first]])} has the lowest loss, ${say(d.freshLoss[first])}` +
      (first === 0 ? `; next comes ${lower(NAMES[d.methods[others[0]]])} with ${say(d.freshLoss[others[0]])}.` : `; with nothing to hold it the network has ${say(d.freshLoss[0])}, though its training loss is ${say(d.loss(0, k))}.`) +
      ` L1 left ${d.weights - d.zeros(2, k)} of ${d.weights} weights.`;
  } else
    sentence = `At epoch ${epoch} of ${d.epochs} the unbridled network has a loss of ${say(d.loss(0, k))} on its points and ${say(d.held(0, epoch))} on held-out ones; with weight decay ${say(d.loss(1, k))} and ${say(d.held(1, epoch))}.`;

  useFacts(() => ({
    screen: "network", key: d.payload.key, k, count: d.count, epoch, live: d.live, busy, masks, told, stage,
    recorded: d.payload.recorded, done: [...d.done], weights: d.weights, restored: d.restored,
    methods: d.methods.map((id, m) => ({
      id, epoch: epochAt(d, m, k), train: d.live ? null : d.loss(m, k), held: d.live ? null : d.held(m, epochAt(d, m, k)), best: d.best?.[m] ?? null, zeros: d.zeros(m, k),
      freshLoss: d.freshLoss?.[m] ?? null, freshRight: d.freshRight?.[m] ?? null, boundary: boundary(d, m, k),
    })),
  }));

  return (
    <>
      <Sentence text={sentence} />
      <div class="stage with-predict">
        <Predict
          question={<>{Number(settings.noise) > 0 ? `Of 100 points about ${share(Number(settings.noise))} carry the wrong mark.` : "100 points, all rightly marked."} A network with nothing to hold it trains for {d.epochs} epochs. What will its loss on points that it never sees do?</>}
          guesses={[{ id: "falls", label: "Fall as on its own points" }, { id: "turns", label: "Fall, then rise" }, { id: "rises", label: "Rise from the start" }]}
          right={right} made={told && !d.best ? "skip" : made} onGuess={guess}>
          {!d.best
            ? "It is still training."
            : right === "falls"
              ? `It falls to ${say(least)} at epoch ${d.best[0]} and stays about there: so few weights, or so little time, cannot follow every point.`
              : `It is lowest at epoch ${d.best[0]}, at ${say(least)}, and ends at ${say(none[d.epochs])}: from there on the network learns points by heart, wrong marks too. Each of the other four holds it back in a way of its own.`}
        </Predict>
        <div class="pictures">
          <Source d={d} />
          <Figure busy={busy && !d.live} title="What each would say of every place"
            note={`Blue: circles, orange: triangles; on the line it is even. ${settings.extra === "0" ? "All five began as the same network, in the same batches." : `The ${settings.extra} inputs of noise are at 0 here.`}`}>
            <div class="nets">
              {d.methods.map((id, m) => (
                <Net key={id} d={d} m={m} k={k} told={told} masks={masks && m === DROPOUT && !d.live}
                  strength={strengthOf(id, settings)} />
              ))}
              <Key told={told} masks={masks && !d.live} />
            </div>
          </Figure>
          {trained ? (
            <Scrubber label="Epoch" count={d.count} k={k} onMove={move} ends={["earlier", "later"]} unit={["An earlier epoch", "A later epoch"]}
              say={`epoch ${epoch}`} stops={told && d.best ? [{ at: 0, label: "start" }, { at: nearest(d.at, d.best[0]), label: "turn" }, { at: d.last, label: "end" }] : [{ at: 0, label: "start" }, { at: d.last, label: "end" }]} />
          ) : (
            <div class="scrubber training">
              <progress max={1} value={total(d, busy)} aria-label="Training" />
              <p class="row">
                {busy ? <Button onClick={onStop}>Stop</Button> : <Button onClick={onTrain}>Train from the start</Button>}
                <span>{busy ? (d.live ? `Training: ${said(d)}` : stage === "loading PyTorch" ? "Loading PyTorch …" : "Training anew …") : "Stopped."}</span>
              </p>
            </div>
          )}
        </div>
        <div class="panel" role="group" aria-label="Settings">
          <Choices label="Points" value={settings.shape} onChange={(v) => change("shape", v)}
            options={[{ value: "moons", label: "moons" }, { value: "circles", label: "circles" }, { value: "spirals", label: "spirals" }]} />
          <Choices label="Wrong marks" value={settings.noise} onChange={(v) => change("noise", v)}
            options={["0", "0.1", "0.2"].map((v) => ({ value: v, label: v === "0" ? "none" : share(Number(v)) }))} />
          {STRENGTHS.map(({ name, label, values, said: words }) => (
            <Notch key={name} label={label} value={settings[name]} values={values} said={words} onChange={(v) => change(name, v)} />
          ))}
          <Check label="Dropout: show masks" checked={masks} onChange={(on) => update({ masks: on ? 1 : null })} />
          {masks && <p class="small" role="status">Thin lines: networks as training steps see them, each with other units left out. The picture has the masks off, as every prediction has.</p>}
          <Choices label="Hidden units" value={settings.hidden} onChange={(v) => change("hidden", v)}
            options={[{ value: "8", label: "8" }, { value: "32", label: "32" }, { value: "64x32", label: "64, 32" }]} />
          <Choices label="Learning rate" value={settings.rate} onChange={(v) => change("rate", v)} options={["0.005", "0.02", "0.05"].map((v) => ({ value: v, label: v }))} />
          <Choices label="Inputs" value={settings.extra} onChange={(v) => change("extra", v)}
            options={[{ value: "0", label: "the two" }, { value: "3", label: "and 3 of noise" }]} />
          <div class="group"><Button onClick={() => change("seed", String((Number(settings.seed) + 1) % SEEDS))}>Train again, other seed</Button></div>
        </div>
        <div class="below">
          {told && d.freshLoss && d.freshRight && (
            <table class="side judged">
              <caption>Judged once, on 2,000 fresh points</caption>
              <thead><tr><th scope="col"><span class="aside-voice">method</span></th><th scope="col" class="n">log loss</th><th scope="col" class="n">right</th><th scope="col" class="n">{`zeros of ${d.weights}`}</th><th scope="col" class="n">best epoch</th></tr></thead>
              <tbody>
                {d.methods.map((id, m) => (
                  <tr key={id} class={m === order[0] ? "picked" : undefined}>
                    <th scope="row">{NAMES[id]}{m === order[0] && <span class="small"> lowest loss</span>}</th>
                    <td class="n">{say((d.freshLoss as Float64Array)[m])}</td><td class="n">{`${fixed(100 * (d.freshRight as Float64Array)[m], 1)}%`}</td>
                    <td class="n">{d.zeros(m, d.last)}</td><td class="n">{d.best?.[m]}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
          <DataTable caption="Losses on the points it learns from" columns={["epoch", ...SHORT]} count={d.live ? 1 : d.count} current={k}
            row={(s) => [String(d.at[s]), ...d.methods.map((_, m) => say(d.loss(m, s)))]} />
          {told && !d.live && (
            <DataTable caption="Losses on held-out points" columns={["epoch", ...SHORT]} count={d.count} current={k}
              row={(s) => [String(d.at[s]), ...d.methods.map((_, m) => (d.at[s] > d.done[m] ? "ended" : say(d.held(m, d.at[s]))))]} />
          )}
          {d.inputs && told && (
            <DataTable caption="The largest weight of each input" columns={["input", ...SHORT]} count={d.inputs.length / d.methods.length}
              row={(j) => [j < 2 ? `x${j + 1}` : `noise ${j - 1}`, ...d.methods.map((_, m) => say((d.inputs as Float64Array)[(m * (d.inputs as Float64Array).length) / d.methods.length + j]))]} />
          )}
          <DataTable caption="The points" columns={["point", "x1", "x2", "mark"]} count={d.sides.length}
            row={(n) => [String(n + 1), fixed(d.points[2 * n], 3), fixed(d.points[2 * n + 1], 3), d.sides[n] ? "triangle" : "circle"]} />
          {text(d.payload, "python") && <CopyPython code={text(d.payload, "python")} />}
          {NOTE}
        </div>
      </div>
    </>
  );
}

const lower = (name: string): string => (name === "L1" ? name : name === "Nothing" ? "the network with nothing to hold it" : name.toLowerCase());

/** How far all of them are. */
function total(d: Data, busy: boolean): number {
  if (!d.live) return busy ? 0 : 1;
  let sum = 0;
  for (const n of d.done) sum += n / d.epochs / d.methods.length;
  return sum;
}

function said(d: Data): string {
  const name = d.done[STOPPING] > 0 ? "early stopping" : d.done[DROPOUT] > 0 ? "dropout" : "the first three";
  const m = d.done[STOPPING] > 0 ? STOPPING : d.done[DROPOUT] > 0 ? DROPOUT : 0;
  return `${name}, epoch ${d.done[m]} of ${d.epochs}`;
}

function strengthOf(id: string, s: Settings): string {
  return id === "decay" ? `λ = ${s.decay}` : id === "l1" ? `λ = ${s.lasso}` : id === "dropout" ? `${share(Number(s.drop))} of the units` : id === "stopping" ? `patience ${s.patience}` : "no penalty";
}

/** Where a recorded run comes from, and how to train one's own. */
function Source({ d }: { d: Data }): JSX.Element | null {
  if (d.payload.torch === false)
    return <p class="small recorded">PyTorch is not installed here, so this is a training that was recorded. To train your own: <code>pip install "bridle[torch]"</code></p>;
  if (d.payload.recorded === true)
    return <p class="small recorded">This training was recorded. To train your own, where bridle and PyTorch are installed: <code>bridle lab</code></p>;
  return null;
}

/** A slider that knows only a few values; the training starts when it is let go. */
function Notch(props: { label: string; value: string; values: readonly string[]; said: (value: string) => string; onChange: (value: string) => void }): JSX.Element {
  const { values, said: words } = props;
  const at = Math.max(0, values.indexOf(props.value));
  return (
    <label class="snap">
      <span>{props.label}<strong>{words(props.value)}</strong></span>
      <input type="range" min={0} max={values.length - 1} step={1} value={at} aria-valuetext={words(props.value)}
        onChange={(e) => props.onChange(values[Number(e.currentTarget.value)])} />
    </label>
  );
}

function Key({ told, masks }: { told: boolean; masks: boolean }): JSX.Element {
  const line = (name: string, words: ComponentChildren): JSX.Element => (
    <li><svg width="26" height="12" viewBox="0 0 26 12" aria-hidden="true">{name === "circle" || name === "triangle" ? <path class={`net-${name}`} d={name === "circle" ? "M9.6 6a3.4 3.4 0 1 0 6.8 0a3.4 3.4 0 1 0 -6.8 0Z" : "M13 1.6l4 7.2h-8Z"} /> : <path class={`net-${name}`} d="M1 6H25" />}</svg><span>{words}</span></li>
  );
  return (
    <ul class="net-key" aria-label="Signs">
      {line("circle", "circles")}
      {line("triangle", "triangles")}
      {line("even", "even odds")}
      {line("train", "loss on its own points")}
      {masks && line("met", "the same, masks on")}
      {told && line("held", "loss on held-out points")}
      {told && line("best", "best epoch")}
    </ul>
  );
}

/** The line of even odds, in the data's units: x, y of its pieces' middles. */
function boundary(d: Data, m: number, k: number): number[] {
  const pieces = d.line(d.picture(m, k), d.across, d.down);
  const out: number[] = [];
  for (let n = 0; n + 3 < pieces.length; n += 4) {
    out.push(((pieces[n] + pieces[n + 2]) / (d.across - 1) - 1) * d.reach[0], (1 - (pieces[n + 1] + pieces[n + 3]) / (d.down - 1)) * d.reach[1]);
  }
  return out;
}

interface NetProps {
  readonly d: Data;
  readonly m: number;
  readonly k: number;
  readonly told: boolean;
  readonly masks: boolean;
  readonly strength: string;
}

function Net({ d, m, k, told, masks, strength }: NetProps): JSX.Element {
  const name = NAMES[d.methods[m]];
  const epoch = epochAt(d, m, k);
  const over = !d.live && m === STOPPING && d.at[k] > d.done[m];
  const held = d.held(m, epoch);
  const numbers = d.live ? (d.done[m] ? `epoch ${d.done[m]}` : "waits") : `training ${say(d.loss(m, k))}${told ? `, held out ${say(held)}` : ""}`;
  return (
    <section class="net" aria-label={name}>
      <h2>{name}</h2>
      <p class="small">{strength}</p>
      <Plot d={d} m={m} k={k} masks={masks} label={`${name}: ${numbers}.`} />
      <Losses d={d} m={m} k={k} told={told} met={masks} label={`Losses of ${lower(name)} by epoch: ${numbers}.${told && d.best ? ` Best at epoch ${d.best[m]}.` : ""}`} />
      <p class="numbers">{numbers}</p>
      {!d.live && m === 2 && <p class="small">{d.weights - d.zeros(m, k)} of {d.weights} weights left</p>}
      {over && <p class="small">stopped at {d.done[m]}, weights of {d.restored} back</p>}
    </section>
  );
}

/** "#rrggbb" as numbers. */
const rgb = (hex: string): readonly number[] => [1, 3, 5].map((from) => parseInt(hex.slice(from, from + 2), 16));

function sized(surface: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D | null {
  const scale = Math.min(3, window.devicePixelRatio || 1);
  const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
  if (surface.width !== w || surface.height !== h) {
    surface.width = w;
    surface.height = h;
  }
  const pen = surface.getContext("2d");
  pen?.setTransform(scale, 0, 0, scale, 0, 0);
  pen?.clearRect(0, 0, width, height);
  return pen;
}

function strokes(pen: CanvasRenderingContext2D, pieces: readonly number[], stepX: number, stepY: number): void {
  pen.beginPath();
  for (let n = 0; n + 3 < pieces.length; n += 4) {
    pen.moveTo(pieces[n] * stepX, pieces[n + 1] * stepY);
    pen.lineTo(pieces[n + 2] * stepX, pieces[n + 3] * stepY);
  }
  pen.stroke();
}

/** Probabilities as shades, the line of even odds, and the points on top, on a canvas of their own that stays. */
function Plot({ d, m, k, masks, label }: { d: Data; m: number; k: number; masks: boolean; label: string }): JSX.Element {
  const [box, width] = useWidth<HTMLDivElement>();
  const height = Math.round((width * d.reach[1]) / d.reach[0]);
  const field = useRef<HTMLCanvasElement>(null);
  const marks = useRef<HTMLCanvasElement>(null);
  const dark = useDark();
  const small = useMemo(() => {
    const canvas = document.createElement("canvas");
    canvas.width = d.across;
    canvas.height = d.down;
    return canvas;
  }, [d.across, d.down]);
  const shades = useMemo(() => {
    const [circle, triangle] = [rgb(colour("up")), rgb(colour("down"))];
    return Uint32Array.from({ length: 256 }, (_, code) => {
      const p = 1 / (1 + Math.exp(-d.odds[code]));
      const [r, g, b] = p > 0.5 ? triangle : circle;
      return (Math.round(150 * Math.abs(2 * p - 1)) << 24) | (b << 16) | (g << 8) | r;
    });
  }, [dark, d.odds[254]]);
  const codes = d.picture(m, k);
  useLayoutEffect(() => {
    const surface = field.current;
    const into = small.getContext("2d");
    if (!surface || !into || width === 0) return;
    const image = into.createImageData(d.across, d.down);
    const pixels = new Uint32Array(image.data.buffer);
    for (let n = 0; n < pixels.length; n++) pixels[n] = shades[codes[n]];
    into.putImageData(image, 0, 0);
    const pen = sized(surface, width, height);
    if (!pen) return;
    pen.imageSmoothingQuality = "high";
    // The outermost points of the lattice lie on the rim, not half a cell inside.
    pen.drawImage(small, 0.5, 0.5, d.across - 1, d.down - 1, 0, 0, width, height);
    pen.strokeStyle = colour("ink");
    if (masks) {
      pen.lineWidth = 0.9;
      pen.globalAlpha = 0.6;
      for (let draw = 0; draw < d.draws; draw++)
        strokes(pen, d.line(d.thin(k, draw), d.fewAcross, d.fewDown), width / (d.fewAcross - 1), height / (d.fewDown - 1));
      pen.globalAlpha = 1;
    }
    pen.lineWidth = 2.2;
    pen.lineCap = "round";
    strokes(pen, d.line(codes, d.across, d.down), width / (d.across - 1), height / (d.down - 1));
  }, [d, m, k, masks, width, shades]);
  useLayoutEffect(() => {
    const surface = marks.current;
    const pen = surface && width > 0 ? sized(surface, width, height) : null;
    if (!pen) return;
    const r = width < 190 ? 2 : 2.7;
    const kinds = [new Path2D(), new Path2D()];
    for (let n = 0; n < d.sides.length; n++) {
      const x = ((d.points[2 * n] / d.reach[0] + 1) / 2) * width;
      const y = ((1 - d.points[2 * n + 1] / d.reach[1]) / 2) * height;
      const path = kinds[d.sides[n]];
      if (d.sides[n]) {
        path.moveTo(x, y - 1.25 * r);
        path.lineTo(x + 1.2 * r, y + 0.9 * r);
        path.lineTo(x - 1.2 * r, y + 0.9 * r);
        path.closePath();
      } else {
        path.moveTo(x + r, y);
        path.arc(x, y, r, 0, 2 * Math.PI);
      }
    }
    pen.lineWidth = 1.6;
    pen.strokeStyle = colour("paper");
    kinds.forEach((path, side) => {
      pen.stroke(path);
      pen.fillStyle = colour(side ? "down" : "up");
      pen.fill(path);
    });
  }, [d.points, d.sides, width, dark]);
  return (
    <div ref={box} class="net-plot" role="img" aria-label={label}>
      <canvas ref={field} aria-hidden="true" width={1} height={1} />
      <canvas ref={marks} aria-hidden="true" width={1} height={1} />
    </div>
  );
}

const TALL = 92;
const FLOOR = 16;
const LEFT = 26;

/** Both losses; epochs closer together to the right, as the stops are. */
function Losses({ d, m, k, told, met, label }: { d: Data; m: number; k: number; told: boolean; met: boolean; label: string }): JSX.Element {
  const [box, width] = useWidth<HTMLDivElement>();
  const x = (epoch: number): number => LEFT + Math.sqrt(epoch / d.epochs) * (width - LEFT - 8);
  const y = (v: number): number => TALL - FLOOR - (Math.min(v, 1.2 * d.top) / d.top) * (TALL - FLOOR - 12);
  const still = useMemo(() => {
    if (width === 0) return null;
    const path = (values: ArrayLike<number>, at: (n: number) => number): string => {
      let out = "";
      for (let n = 0; n < values.length; n++) if (Number.isFinite(values[n])) out += `${out ? "L" : "M"}${x(at(n)).toFixed(1)} ${y(values[n]).toFixed(1)}`;
      return out;
    };
    // Beyond its end early stopping has no training any more.
    const ran = m === STOPPING && !d.live ? d.train[m].filter((_, s) => d.at[s] <= d.done[m]) : d.train[m];
    const best = d.best?.[m];
    const late = best !== undefined && x(best) > width - 44;
    return (
      <>
        {[0, 0.5, 1, 2].filter((t) => t < d.top && (t !== 2 || d.top > 1.6)).map((t) => (
          <g key={t}>
            <line class={t === 0 ? "axis" : "grid"} x1={LEFT} x2={width - 8} y1={y(t)} y2={y(t)} />
            <text class="tick" x={LEFT - 5} y={y(t) + 4} text-anchor="end">{t}</text>
          </g>
        ))}
        {[0, 10, 50, 100, 200].filter((t) => t <= d.epochs).map((t) => (
          <text key={t} class="tick" x={x(t)} y={TALL - 2} text-anchor={t === d.epochs ? "end" : t === 0 ? "start" : "middle"}>{t}</text>
        ))}
        {met && d.metOf && <path class="net-met" d={path(d.metOf[m], (n) => n)} />}
        {told && best !== undefined && (
          <>
            <line class="net-best" x1={x(best)} x2={x(best)} y1={4} y2={TALL - FLOOR} />
            <text class="rule strong" x={late ? x(best) - 4 : x(best) + 4} y={11} text-anchor={late ? "end" : "start"}>{best}</text>
          </>
        )}
        <path class="net-train" d={path(ran, (s) => d.at[s])} />
        {told && <path class="net-held" d={path(d.heldOf[m], (n) => n)} />}
        {told && m === STOPPING && !d.live && <path class="net-end" d={`M${x(d.done[m])} ${y(d.held(m, d.done[m])) - 5}v10`} />}
      </>
    );
  }, [d, m, told, met, width]);
  const epoch = epochAt(d, m, k);
  return (
    <div ref={box} class="net-losses" role="img" aria-label={label}>
      {width > 0 && (
        <svg width={width} height={TALL} aria-hidden="true">
          {still}
          {!d.live && (
            <>
              <line class="marker" x1={x(epoch)} x2={x(epoch)} y1={4} y2={TALL - FLOOR} />
              <circle class="dot train" cx={x(epoch)} cy={y(d.loss(m, k))} r={3.4} />
              {told && <circle class="dot ink" cx={x(epoch)} cy={y(d.held(m, epoch))} r={3.4} />}
            </>
          )}
        </svg>
      )}
    </div>
  );
}
