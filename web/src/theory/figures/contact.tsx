import { useState } from "preact/hooks";
import { body, contour, leastSquares, penalty, solveTwo, type Pair, type Two } from "../exact";
import { Choice, fixed, Frame, Slider } from "./parts";

// Two features with correlation 0.6 and unit spread; least squares gives the weights 0.9 and 0.35.
export const PROBLEM: Two = { a: 1, b: 0.6, d: 1, cross: [1.11, 0.89] };
const KINDS = [
  [1, "L1"],
  [0.5, "Elastic net"],
  [0, "L2"],
] as const;
const SIDE = 300;
// The origin stands left of and below the middle: what there is to see lies to the upper right.
const [X0, Y0, UNIT] = [0.36 * SIDE, 0.6 * SIDE, SIDE / 2.9];
const px = (v: number): number => Math.round((X0 + v * UNIT) * 100) / 100;
const py = (v: number): number => Math.round((Y0 - v * UNIT) * 100) / 100;
const path = (points: readonly Pair[]): string =>
  points.map(([p, q], k) => `${k ? "L" : "M"}${px(p)} ${py(q)}`).join("") + "Z";

/** Where the loss's ellipse first touches the body that the penalty allows. */
export function Contact({ start }: { start: number }) {
  const [ratio, setRatio] = useState<number>(start);
  const [lambda, setLambda] = useState(start === 1 ? 0.7 : 0.5);
  const w = solveTwo(PROBLEM, lambda, ratio);
  const [c0, c1] = leastSquares(PROBLEM);
  const zeros = w.filter((v) => v === 0).length;
  const name = KINDS.find(([value]) => value === ratio)![1];
  const touch =
    zeros === 2
      ? "Everything is penalized away: both weights are exactly 0."
      : zeros === 1
        ? "The ellipse touches a corner: the second weight is exactly 0."
        : lambda === 0
          ? "Nothing is held back: this is least squares."
          : "The ellipse touches beside the corners: neither weight is 0.";
  const says = `${name}, λ = ${fixed(lambda)}: the weights are ${fixed(w[0], 3)} and ${fixed(w[1], 3)}. ${touch}`;
  return (
    <Frame
      title="Where the ellipse touches the body"
      says={says}
      controls={
        <>
          <Choice label="Penalty" options={KINDS} value={ratio} set={setRatio} />
          <Slider label="Strength λ" min={0} max={2.4} step={0.02} value={lambda} shown={fixed(lambda)} set={setLambda} />
        </>
      }
      table={{
        head: ["λ", "L1: weight 1", "weight 2", "Net: weight 1", "weight 2", "L2: weight 1", "weight 2"],
        rows: [0, 0.2, 0.4, 0.56, 0.8, 1, 1.2, 1.6, 2.2].map((v) => [
          fixed(v),
          ...[1, 0.5, 0].flatMap((r) => solveTwo(PROBLEM, v, r).map((value) => fixed(value, 3))),
        ]),
      }}
    >
      <svg class="th-plot th-square" viewBox={`0 0 ${SIDE} ${SIDE}`} role="img" aria-label={says}>
        <line class="th-axis" x1={0} x2={SIDE} y1={Y0} y2={Y0} />
        <line class="th-axis" x1={X0} x2={X0} y1={0} y2={SIDE} />
        <text class="th-name" x={SIDE - 2} y={Y0 + 15} text-anchor="end">
          weight 1
        </text>
        <text class="th-name" x={X0 - 6} y={12} text-anchor="end">
          weight 2
        </text>
        {[0.15, 0.35, 0.6].map((share) => (
          <path class="th-ellipse" d={path(contour(PROBLEM, [c0 + share, c1 + share]))} />
        ))}
        {zeros < 2 && <path class="th-body" d={path(body(penalty(w, ratio), ratio, 240))} />}
        {lambda > 0 && <path class="th-line th-blue" d={path(contour(PROBLEM, w))} />}
        <path class="th-cross" d={`M${px(c0) - 4} ${py(c1) - 4}l8 8m0 -8l-8 8`} />
        <text class="th-tick" x={px(c0)} y={py(c1) - 9} text-anchor="middle">
          least squares
        </text>
        <circle class="th-dot" cx={px(w[0])} cy={py(w[1])} r={5.5} />
      </svg>
    </Frame>
  );
}
