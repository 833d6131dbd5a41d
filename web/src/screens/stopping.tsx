// Early stopping beside ridge, on one axis: t steps of rate lr and ridge of strength 1 / (2 lr t).

import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { Chart, type Curve } from "../ground/chart";
import { say } from "../ground/format";
import { useLesson } from "../ground/hooks";
import { lessonKey } from "../ground/load";
import { CopyPython, DataTable, Figure, Sentence, Waiting } from "../ground/parts";
import { Scrubber } from "../ground/scrubber";
import { update, type Settings } from "../ground/state";
import { text, vector, type Payload } from "../ground/wire";

const LR = 0.05;
const STEPS = 400;

function read(payload: Payload) {
  const alphas = vector(payload, "ridge_alphas");
  const steps = Array.from(alphas, (a) => Math.max(1, Math.min(STEPS, Math.round(1 / (2 * LR * a)))));
  const root = (v: ArrayLike<number>): Float64Array => Float64Array.from(v, (m) => Math.sqrt(m));
  const at = (name: string): Float64Array => {
    const all = vector(payload, name);
    return Float64Array.from(steps, (t) => all[t]);
  };
  const every = Float64Array.from({ length: STEPS }, (_, n) => Math.log(n + 1) / Math.log(STEPS));
  const all = (name: string): Float64Array => vector(payload, name).slice(1, STEPS + 1);
  const stopped = root(at("validation_error"));
  const ridge = root(vector(payload, "ridge_validation"));
  const stoppedTrain = root(at("train_error"));
  const norms = at("norms");
  const ridgeNorms = vector(payload, "ridge_norms");
  const x = Float64Array.from(alphas, (a) => Math.log(a / alphas[0]) / Math.log(alphas[alphas.length - 1] / alphas[0]));
  let best = 0;
  stopped.forEach((v, k) => {
    if (v < stopped[best]) best = k;
  });
  const ticks = [1, 3, 10, 30, 100, 300].map((t) => ({ at: Math.log(t) / Math.log(STEPS), label: String(t) }));
  const low = Math.min(...stopped, ...ridge, ...stoppedTrain);
  const high = Math.max(...stopped, ...ridge);
  const pad = 0.06 * (high - low);
  return { every, allErrors: root(all("validation_error")), allTrain: root(all("train_error")), allNorms: all("norms"), payload, alphas, steps, stopped, ridge, stoppedTrain, norms, ridgeNorms, x, best, ticks, last: alphas.length - 1,
    errors: [low - pad, high + pad] as const, sizes: [0, 1.08 * Math.max(...norms, ...ridgeNorms)] as const };
}

export function Stopping({ settings }: { settings: Settings }): JSX.Element {
  const lesson = useLesson(lessonKey("stopping", { dataset: "overfit", lr: LR, steps: STEPS }));
  const d = useMemo(() => lesson.payload && read(lesson.payload), [lesson.payload]);
  const curves = useMemo(() => {
    if (!d) return undefined;
    const errors: Curve[] = [
      { y: d.allTrain, x: d.every, tone: "train", dashed: true, width: 1.6, label: "training" },
      { y: d.ridge, tone: "down", width: 2.4, label: "ridge" },
      { y: d.allErrors, x: d.every, tone: "up", width: 2.4, label: "stopped" },
    ];
    const sizes: Curve[] = [
      { y: d.ridgeNorms, tone: "down", width: 2.4, label: "ridge" },
      { y: d.allNorms, x: d.every, tone: "up", width: 2.4, label: "stopped" },
    ];
    return { errors, sizes };
  }, [d]);
  return (
    <section class="part">
      <h2>Stopping early is a penalty too</h2>
      {d && curves ? <Pictures d={d} curves={curves} settings={settings} /> : <Waiting lesson={lesson} />}
    </section>
  );
}

function Pictures({ d, curves, settings }: { d: ReturnType<typeof read>; curves: { errors: Curve[]; sizes: Curve[] }; settings: Settings }): JSX.Element {
  const asked = Number(settings.stop ?? d.best);
  const k = Number.isInteger(asked) ? Math.min(d.last, Math.max(0, asked)) : d.best;
  const move = (next: number): void => update({ stop: next });
  const sentence =
    `Stopped after ${d.steps[k]} of ${STEPS} steps, without any penalty, the error on held-out rows is ${say(d.stopped[k])}; ridge with λ = ${say(d.alphas[k])} has ${say(d.ridge[k])}. ` +
    `Their weights are ${say(d.norms[k])} and ${say(d.ridgeNorms[k])} long.`;
  return (
    <>
      <Sentence text={sentence} />
      <div class="twin">
        <Figure title="Errors on rows held out" note="Nine powers of one x, thirty rows. Dashed: training, stopped.">
          <Chart label={sentence} yLabel="typical error" x={d.x} xTicks={d.ticks} xLabel="steps" curves={curves.errors} yRange={d.errors} height={250} at={k} dots={[1, 2]} onScrub={move} />
        </Figure>
        <Figure title="Length of all weights together" note="Few steps keep weights short, as a strong penalty does.">
          <Chart label={sentence} yLabel="length of the weights" x={d.x} xTicks={d.ticks} xLabel="steps" curves={curves.sizes} yRange={d.sizes} height={250} at={k} dots={[0, 1]} onScrub={move} />
        </Figure>
      </div>
      <Scrubber label="Steps before stopping" count={d.last + 1} k={k} onMove={move} ends={["fewer", "more"]} unit={["Fewer steps", "More steps"]}
        say={`${d.steps[k]} steps, or ridge with lambda ${say(d.alphas[k])}`} stops={[{ at: d.best, label: "best" }]} />
      <p class="small">After t steps of the rate 0.05 the walk has gone about as far as ridge lets it with λ = 1 / (2 · 0.05 · t): close relatives, not twins.</p>
      <DataTable caption="Early stopping and ridge" columns={["steps", "error", "λ", "ridge’s error"]} count={d.last + 1} current={k}
        row={(n) => [String(d.steps[n]), say(d.stopped[n], 4), say(d.alphas[n]), say(d.ridge[n], 4)]} />
      <CopyPython code={text(d.payload, "python")} />
    </>
  );
}
