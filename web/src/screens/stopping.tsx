// Early stopping beside ridge, on one axis: t steps of rate η and ridge of strength 1 / (2 η t).

import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { Chart, nearest, type Curve } from "../ground/chart";
import { useFacts } from "../ground/facts";
import { plural, say } from "../ground/format";
import { useLesson } from "../ground/hooks";
import { lessonKey } from "../ground/load";
import { Choices, CopyPython, DataTable, Figure, Sentence, Waiting } from "../ground/parts";
import { Scrubber } from "../ground/scrubber";
import { update, type Settings } from "../ground/state";
import { scalar, text, vector, type Payload } from "../ground/wire";

const RATES = ["0.01", "0.02", "0.05", "0.1", "0.2"];
const USUAL = "0.05";
const STEPS = 400;
const PANEL = 250;

function read(payload: Payload) {
  const root = (v: ArrayLike<number>): Float64Array => Float64Array.from(v, (m) => Math.sqrt(m));
  const after = (name: string): Float64Array => vector(payload, name).slice(1); // a log scale has no step 0
  const count = after("train_error").length;
  const place = (t: number): number => Math.log(t) / Math.log(count);
  const stops = vector(payload, "stops");
  const [errors, train, norms] = [root(after("validation_error")), root(after("train_error")), after("norms")];
  const ridge = root(vector(payload, "ridge_validation"));
  const ridgeNorms = vector(payload, "ridge_norms");
  const diverged = payload.diverged === true;
  // A walk that runs away would leave nothing of ridge to see: the scale is then ridge's.
  const shown = diverged ? [...ridge] : [...ridge, ...errors, ...train];
  const low = Math.min(...shown);
  const high = (diverged ? 1.4 : 1) * Math.max(...shown);
  const pad = 0.06 * (high - low);
  const longest = diverged ? 1.6 * Math.max(...ridgeNorms) : Math.max(...ridgeNorms, ...norms);
  return {
    payload, stops, errors, train, norms, ridge, ridgeNorms, count, diverged,
    alphas: vector(payload, "ridge_alphas"),
    rate: scalar(payload, "lr"),
    critical: scalar(payload, "critical_lr"),
    best: scalar(payload, "best"),
    x: Float64Array.from(stops, place),
    every: Float64Array.from({ length: count }, (_, n) => place(n + 1)),
    ticks: [1, 3, 10, 30, 100, 300].map((t) => ({ at: place(t), label: String(t) })),
    last: stops.length - 1,
    errorRange: [low - pad, high + pad] as const,
    normRange: [0, 1.08 * longest] as const,
  };
}
type Data = ReturnType<typeof read>;

export function Stopping({ settings }: { settings: Settings }): JSX.Element {
  const rate = settings.rate ?? USUAL;
  const lesson = useLesson(lessonKey("stopping", { dataset: "overfit", lr: rate, steps: STEPS }));
  const d = useMemo(() => lesson.payload && read(lesson.payload), [lesson.payload]);
  return (
    <section class="part">
      <h2>Stopping early is a penalty too</h2>
      {d ? <Pictures d={d} rate={rate} busy={lesson.busy} settings={settings} /> : <Waiting lesson={lesson} />}
      {d && (lesson.error || lesson.missing) && <Waiting lesson={lesson} />}
    </section>
  );
}

function Pictures({ d, rate, busy, settings }: { d: Data; rate: string; busy: boolean; settings: Settings }): JSX.Element {
  const asked = settings.stop === undefined ? NaN : Number(settings.stop);
  const k = nearest(d.stops, Number.isFinite(asked) ? asked : d.best);
  const t = d.stops[k];
  const [error, norm] = [d.errors[t - 1], d.norms[t - 1]];
  const move = (next: number): void => update({ stop: d.stops[next] });
  const curves = useMemo(() => {
    const errors: Curve[] = [
      { y: d.train, x: d.every, tone: "train", dashed: true, width: 1.6, label: "training" },
      { y: d.ridge, tone: "down", width: 2.4, label: "ridge" },
      { y: d.errors, x: d.every, tone: "up", width: 2.4, label: "stopped" },
    ];
    const sizes: Curve[] = [
      { y: d.ridgeNorms, tone: "down", width: 2.4, label: "ridge" },
      { y: d.norms, x: d.every, tone: "up", width: 2.4, label: "stopped" },
    ];
    return { errors, sizes };
  }, [d]);
  useFacts(() => ({
    key: d.payload.key, rate: d.rate, step: t, best: d.best, error, train: d.train[t - 1], norm, alpha: d.alphas[k], ridgeError: d.ridge[k], ridgeNorm: d.ridgeNorms[k],
    critical: d.critical, diverged: d.diverged, stops: [...d.stops], busy,
  }), "stopping");
  const where = t === d.best ? " No other step does better." : "";
  const sentence = d.diverged
    ? `The rate ${say(d.rate)} is above ${say(d.critical)}, the most these rows bear: the walk runs away. After ${plural(t, "step")} its error on held-out rows is ${say(error)}; ridge with λ = ${say(d.alphas[k])} has ${say(d.ridge[k])}.`
    : `Stopped after ${plural(t, "step")} of ${d.count}, without any penalty, the error on held-out rows is ${say(error)}.${where} Ridge with λ = ${say(d.alphas[k])} has ${say(d.ridge[k])}. ` +
      `Their weights are ${say(norm)} and ${say(d.ridgeNorms[k])} long.`;
  return (
    <>
      <Sentence text={sentence} />
      <div class="rates">
        <Choices label="Learning rate of this walk" value={rate} onChange={(v) => update({ rate: v === USUAL ? null : v })} options={RATES.map((r) => ({ value: r, label: r }))} />
        <p class="small">Above {say(d.critical)} the walk would run away.</p>
      </div>
      <div class="twin">
        <Figure busy={busy} title="Errors on rows held out" note="Nine powers of one x; ten of thirty rows held out. Dashed: the other twenty.">
          <Chart label={sentence} yLabel="typical error (root mean square)" x={d.x} xTicks={d.ticks} xLabel="steps" curves={curves.errors} yRange={d.errorRange} height={PANEL} at={k} dots={[1, 2]} onScrub={move} />
        </Figure>
        <Figure busy={busy} title="Length of all weights together" note="Few steps keep weights short, as a strong penalty does.">
          <Chart label={sentence} yLabel="length of the weights" x={d.x} xTicks={d.ticks} xLabel="steps" curves={curves.sizes} yRange={d.normRange} height={PANEL} at={k} dots={[0, 1]} onScrub={move} />
        </Figure>
      </div>
      <Scrubber label="Steps before stopping" count={d.last + 1} k={k} onMove={move} ends={["fewer", "more"]} unit={["Fewer steps", "More steps"]}
        say={`${plural(t, "step")}, or ridge with lambda ${say(d.alphas[k])}`} stops={[{ at: nearest(d.stops, d.best), label: "best" }]} />
      <p class="small">After t steps of the rate {say(d.rate)} the walk has gone about as far as ridge lets it with λ = 1 / (2 · {say(d.rate)} · t): close relatives, not twins.</p>
      <DataTable caption="Early stopping and ridge" columns={["steps", "error", "λ", "ridge’s error"]} count={d.last + 1} current={k}
        row={(n) => [String(d.stops[n]), say(d.errors[d.stops[n] - 1], 4), say(d.alphas[n]), say(d.ridge[n], 4)]} />
      <CopyPython code={text(d.payload, "python")} />
    </>
  );
}
