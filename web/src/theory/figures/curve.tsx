import { useState } from "preact/hooks";
import data from "../figures.json";
import type { Pair } from "../exact";
import { across, Frame, line, num, Plot, Slider, upward } from "./parts";

const { alphas, cv, low, high, train, kept, min, simple } = data.curve;
const last = alphas.length - 1;
const X = across(alphas[0]!, alphas[last]!, [1, 0.1, 0.01, 0.001].filter((v) => v <= alphas[0]! && v >= alphas[last]!), true);
const Y = upward(1.4, 4.2, [1.5, 2, 2.5, 3, 3.5, 4]);
const pairs = (values: readonly number[]): Pair[] => values.map((v, k): Pair => [alphas[k]!, v]);

/** How to choose lambda: the training error, the cross-validated error, and both rules. */
export function Curve() {
  const [k, setK] = useState<number>(min);
  const rule = k === min ? " This is the lowest point." : k === simple ? " This is the one-standard-error choice." : "";
  const says =
    `λ = ${num(alphas[k]!)}: ${kept[k]} of 40 features kept, error ${num(train[k]!)} on the training rows and ` +
    `${num(cv[k]!)} on held-out rows.${rule}`;
  const mark = (index: number, name: string, up: number) => (
    <g>
      <line class="th-guide" x1={X(alphas[index]!)} x2={X(alphas[index]!)} y1={Y(4.0)} y2={Y(1.4)} />
      <text class="th-tick" x={X(alphas[index]!)} y={Y(4.0) - 4 + up} text-anchor="middle">
        {name}
      </text>
    </g>
  );
  return (
    <Frame
      title="The error on held-out rows makes a U"
      says={says}
      controls={
        <Slider
          label="Strength λ, from strong to weak"
          min={0}
          max={last}
          step={1}
          value={k}
          shown={num(alphas[k]!)}
          set={setK}
        />
      }
      table={{
        head: ["λ", "Kept", "Training error", "Held-out error"],
        rows: [...new Set([0, simple, 20, min, 40, 60, 80, last])].map((i) => [
          num(alphas[i]!) + (i === min ? " (lowest)" : i === simple ? " (1-SE)" : ""),
          kept[i]!,
          num(train[i]!),
          num(cv[i]!),
        ]),
      }}
    >
      <Plot x={X} y={Y} xName="λ: weaker to the right" yName="" label={says}>
        <path class="th-band" d={line([...pairs(low), ...pairs(high).reverse()], X, Y, true)} />
        <path class="th-line th-blue" d={line(pairs(cv), X, Y)} />
        <path class="th-line th-orange th-dash" d={line(pairs(train), X, Y)} />
        {mark(simple, "1-SE", 0)}
        {mark(min, "lowest", 0)}
        <text class="th-tick" x={X(alphas[last]!) - 4} y={Y(3.28)} text-anchor="end">
          held-out rows
        </text>
        <text class="th-tick" x={X(alphas[last]!) - 4} y={Y(1.8)} text-anchor="end">
          training rows
        </text>
        <circle class="th-dot" cx={X(alphas[k]!)} cy={Y(cv[k]!)} r={5} />
        <circle class="th-mark-orange" cx={X(alphas[k]!)} cy={Y(train[k]!)} r={4} />
      </Plot>
    </Frame>
  );
}
