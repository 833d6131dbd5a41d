// Two weights of the table: the loss, the penalty's body, and where they touch, at the same λ as everything else.

import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { useFacts } from "../ground/facts";
import { say } from "../ground/format";
import { useLesson } from "../ground/hooks";
import { Button, DataTable, Figure, Select, Waiting } from "../ground/parts";
import { viewOf } from "../ground/plane";
import { update, type Settings } from "../ground/state";
import { row } from "../ground/wire";
import { bottom, restricted, type Point } from "../math/pair";
import { tangency, violation } from "../math/tangency";
import { BODIES, Flat, pairOf, read, type Data } from "./corners";
import { keyOf, type Asked } from "./yours-model";
import { Working } from "./yours-working";

export function Corner({ asked, settings, k }: { asked: Asked; settings: Settings; alpha: number; k: number }): JSX.Element {
  const shown = settings.corners === "1";
  return (
    <section class="part">
      <h2>Two of the weights</h2>
      {shown ? <Shown asked={asked} settings={settings} k={k} /> : (
        <>
          <p>Why does a weight land on exactly 0? See the loss of any two features meet the penalty.</p>
          <p class="row"><Button onClick={() => update({ corners: 1 })}>Show the corner</Button></p>
        </>
      )}
    </section>
  );
}

function Shown({ asked, settings, k }: { asked: Asked; settings: Settings; k: number }): JSX.Element {
  const lesson = useLesson(keyOf("yours-corners", asked));
  const d = useMemo(() => (lesson.payload && (lesson.payload.names as readonly string[]).length > 1 ? read(lesson.payload) : undefined), [lesson.payload]);
  if (lesson.payload && !d) return <p>There is only one feature: a picture of two weights needs two.</p>;
  return (
    <>
      {d ? <Picture d={d} busy={lesson.busy} asked={asked} settings={settings} k={Math.min(k, d.last)} /> : null}
      {lesson.error && <Waiting lesson={lesson} />}
      <Working lesson={lesson} onStop={() => update({ corners: null })} />
    </>
  );
}

function Picture({ d, busy, asked, settings, k }: { d: Data; busy: boolean; asked: Asked; settings: Settings; k: number }): JSX.Element {
  const rho = Number(asked.l1);
  const [i, j] = pairOf(d, settings);
  const pair: readonly [string, string] = [d.names[i], d.names[j]];
  const track = useMemo(() => Array.from({ length: d.last + 1 }, (_, n): Point => [d.betas.data[n * d.p + i], d.betas.data[n * d.p + j]]), [d, i, j]);
  const view = useMemo(() => {
    const bottoms = Array.from({ length: 12 }, (_, n) => Math.round((n * d.last) / 11)).map((n) => bottom(restricted(d.gram, d.cross, row(d.betas, n), i, j)));
    return viewOf([...track, ...bottoms]);
  }, [d, i, j, track]);
  const quadratic = useMemo(() => restricted(d.gram, d.cross, row(d.betas, k), i, j), [d, i, j, k]);
  const w = track[k];
  const alpha = d.alphas[k];
  const zeros = w.filter((v) => v === 0).length;
  const body = BODIES[asked.l1];
  const why = zeros === 2 ? "Both are exactly 0." : zeros === 1 ? `The ellipse touches the ${body} at its corner: ${w[0] === 0 ? pair[0] : pair[1]} is exactly 0.` : `The ellipse touches the ${body} where both weights are at work.`;
  const sentence = `At λ = ${say(alpha)}, ${pair[0]} weighs ${say(w[0])} and ${pair[1]} weighs ${say(w[1])}. ${why}`;
  useFacts(() => ({ key: d.payload.key, k, pair: [i, j], weights: [w[0], w[1]], tangency: tangency(quadratic, rho, w), violation: violation(quadratic, rho, alpha, w), busy }), "corner");
  const [across, up] = useMemo(() => [pair[1], pair[0]].map((taken) => d.names.filter((name) => name !== taken).map((name) => ({ value: name, label: name }))), [d, i, j]);
  return (
    <>
      <p>{sentence}</p>
      <div class="pair-choice">
        <Select label="Across" value={pair[0]} options={across} onChange={(v) => update({ i: v, j: pair[1] })} />
        <Select label="Up" value={pair[1]} options={up} onChange={(v) => update({ i: pair[0], j: v })} />
      </div>
      <Figure busy={busy} title={`Where the loss first touches the ${body}`} note={d.p > 2 ? `Weights in standard deviations; the other ${d.p - 2} are held at the solution for this λ.` : "Weights in standard deviations."}>
        <Flat q={quadratic} rho={rho} alpha={alpha} w={w} track={track} view={view} penalized={false} pair={pair} label={sentence} tall={420} body={body} />
      </Figure>
      <DataTable caption="Both weights at every λ" columns={["λ", pair[0], pair[1]]} count={d.last + 1} current={k} row={(n) => [say(d.alphas[n]), say(track[n][0], 5), say(track[n][1], 5)]} />
    </>
  );
}
