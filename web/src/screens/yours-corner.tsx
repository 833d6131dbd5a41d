// Two weights of the table: the loss, the penalty's body, and where they touch, at the same λ as everything else.

import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { useFacts } from "../ground/facts";
import { say } from "../ground/format";
import { useLesson } from "../ground/hooks";
import { Button, DataTable, Figure, Select, Waiting } from "../ground/parts";
import { viewOf } from "../ground/plane";
import { update, type Settings } from "../ground/state";
import { row, vector } from "../ground/wire";
import { bottom, expanded, restricted, type Point, type Quadratic } from "../math/pair";
import { tangency, violation } from "../math/tangency";
import { BODIES, Flat, pairOf, readWeights, type Weights } from "./corners";
import { keyOf, type Asked } from "./yours-model";
import { Working } from "./yours-working";

export function Corner({ asked, settings, squared, k }: { asked: Asked; settings: Settings; squared: boolean; k: number }): JSX.Element {
  const shown = settings.corners === "1";
  return (
    <section class="part">
      <h2>Two of the weights</h2>
      {shown ? <Shown asked={asked} settings={settings} squared={squared} k={k} /> : (
        <>
          <p>Why does a weight land on exactly 0? See the loss of any two features meet the penalty.</p>
          <p class="row"><Button onClick={() => update({ corners: 1 })}>Show the corner</Button></p>
        </>
      )}
    </section>
  );
}

function Shown({ asked, settings, squared, k }: { asked: Asked; settings: Settings; squared: boolean; k: number }): JSX.Element {
  const lesson = useLesson(keyOf("yours-corners", asked));
  const d = useMemo(() => (lesson.payload && (lesson.payload.names as readonly string[]).length > 1 ? readWeights(lesson.payload) : undefined), [lesson.payload]);
  if (lesson.payload && !d) return <p>There is only one feature: a picture of two weights needs two.</p>;
  const props = { busy: lesson.busy, asked, settings };
  const exact = d !== undefined && "gram" in d.payload;
  return (
    <>
      {d && <PairChoice d={d} settings={settings} />}
      {d && exact && <Exact d={d} {...props} k={Math.min(k, d.last)} />}
      {d && !exact && !squared && <Near d={d} {...props} k={Math.min(k, d.last)} />}
      {lesson.error && <Waiting lesson={lesson} />}
      <Working lesson={lesson} onStop={() => update({ corners: null })} />
    </>
  );
}

/** Which two; it stays where it is while the numbers of another pair are on their way. */
function PairChoice({ d, settings }: { d: Weights; settings: Settings }): JSX.Element {
  const [i, j] = pairOf(d, settings);
  const pair = [d.names[i], d.names[j]];
  const [across, up] = useMemo(() => [pair[1], pair[0]].map((taken) => d.names.filter((name) => name !== taken).map((name) => ({ value: name, label: name }))), [d, i, j]);
  return (
    <div class="pair-choice">
      <Select label="Across" value={pair[0]} options={across} onChange={(v) => update({ i: v, j: pair[1] })} />
      <Select label="Up" value={pair[1]} options={up} onChange={(v) => update({ i: pair[0], j: v })} />
    </div>
  );
}

interface Asks {
  readonly d: Weights;
  readonly busy: boolean;
  readonly asked: Asked;
  readonly settings: Settings;
  readonly k: number;
}

/** Squared error: the loss is a quadratic, and the correlations tell all of it. */
function Exact({ d, settings, ...rest }: Asks): JSX.Element {
  const [i, j] = pairOf(d, settings);
  const [gram, cross] = useMemo(() => [vector(d.payload, "gram"), vector(d.payload, "cross")], [d]);
  const quadratics = useMemo(() => (n: number): Quadratic => restricted(gram, cross, row(d.betas, n), i, j), [d, gram, cross, i, j]);
  return <Picture d={d} {...rest} pairAt={[i, j]} quadratics={quadratics} />;
}

/** Another family: its slope and curvature at the solution, read off the rows for one pair at a time. */
function Near({ d, settings, asked, busy, k }: Asks): JSX.Element {
  const [i, j] = pairOf(d, settings);
  const lesson = useLesson(keyOf("yours-pair", asked, { across: i, up: j }));
  const found = lesson.payload;
  const fresh = found !== undefined && found.across === i && found.up === j && vector(found, "slope").length === 2 * (d.last + 1);
  const quadratics = useMemo(() => {
    if (!found || !fresh) return undefined;
    const [slope, bend] = [vector(found, "slope"), vector(found, "curvature")];
    return (n: number): Quadratic => expanded([slope[2 * n], slope[2 * n + 1]], [bend[3 * n], bend[3 * n + 1], bend[3 * n + 2]], [d.betas.data[n * d.p + i], d.betas.data[n * d.p + j]]);
  }, [d, found, fresh, i, j]);
  return (
    <>
      {quadratics && <Picture d={d} asked={asked} busy={busy || lesson.busy} k={k} pairAt={[i, j]} quadratics={quadratics} near />}
      {!quadratics && <Still />}
      {lesson.error && <Waiting lesson={lesson} />}
      {!busy && <Working lesson={lesson} onStop={() => update({ corners: null })} />}
    </>
  );
}

/** Nothing is drawn yet. */
function Still(): null {
  useFacts(() => ({ busy: true }), "corner");
  return null;
}

interface Drawn {
  readonly d: Weights;
  readonly busy: boolean;
  readonly asked: Asked;
  readonly k: number;
  readonly pairAt: readonly [number, number];
  readonly quadratics: (n: number) => Quadratic;
  readonly near?: boolean;
}

const NEAR =
  "The ellipses are those of the quadratic that has the loss’s own slope and its curvature at this solution, the intercept following. Near the solution, and so where it touches, that is the loss; farther away the loss bends otherwise.";

function Picture({ d, busy, asked, k, pairAt, quadratics, near = false }: Drawn): JSX.Element {
  const rho = Number(asked.l1);
  const [i, j] = pairAt;
  const pair: readonly [string, string] = [d.names[i], d.names[j]];
  const track = useMemo(() => Array.from({ length: d.last + 1 }, (_, n): Point => [d.betas.data[n * d.p + i], d.betas.data[n * d.p + j]]), [d, i, j]);
  const view = useMemo(() => {
    const bottoms = Array.from({ length: 12 }, (_, n) => Math.round((n * d.last) / 11)).map((n) => bottom(quadratics(n)));
    return viewOf([...track, ...bottoms]);
  }, [d, quadratics, track]);
  const quadratic = useMemo(() => quadratics(k), [quadratics, k]);
  const w = track[k];
  const alpha = d.alphas[k];
  const zeros = w.filter((v) => v === 0).length;
  const body = BODIES[asked.l1];
  const why = zeros === 2 ? "Both are exactly 0." : zeros === 1 ? `The ellipse touches the ${body} at its corner: ${w[0] === 0 ? pair[0] : pair[1]} is exactly 0.` : `The ellipse touches the ${body} where both weights are at work.`;
  const sentence = `At λ = ${say(alpha)}, ${pair[0]} weighs ${say(w[0])} and ${pair[1]} weighs ${say(w[1])}. ${why}`;
  useFacts(() => ({ key: d.payload.key, k, pair: [i, j], weights: [w[0], w[1]], tangency: tangency(quadratic, rho, w), violation: violation(quadratic, rho, alpha, w), near, busy }), "corner");
  const others = d.p > 2 ? `Weights in standard deviations; the other ${d.p - 2} are held at the solution for this λ.` : "Weights in standard deviations.";
  return (
    <>
      <p>{sentence}</p>
      <Figure busy={busy} title={near ? `The loss’s curvature where it touches the ${body}` : `Where the loss first touches the ${body}`} note={near ? `${others} ${NEAR}` : others}>
        <Flat q={quadratic} rho={rho} alpha={alpha} w={w} track={track} view={view} penalized={false} pair={pair} label={sentence} tall={420} body={body}
          lowest={near ? "lowest of the quadratic" : undefined} />
      </Figure>
      <DataTable caption="Both weights at every λ" columns={["λ", pair[0], pair[1]]} count={d.last + 1} current={k} row={(n) => [say(d.alphas[n]), say(track[n][0], 5), say(track[n][1], 5)]} />
    </>
  );
}
