import { useState } from "preact/hooks";
import data from "../figures.json";
import { solveTwo, type Two } from "../exact";
import { fixed, Frame, Slider } from "./parts";

const [a, b, , d] = data.twins.gram as [number, number, number, number];
const units = data.twins.units as [number, number];
const TWO: Two = { a, b, d, cross: data.twins.cross as [number, number] };

/** The weights in the columns' own units; the penalty acts on columns of unit spread. */
function weights(mix: number): [number, number] {
  const w = solveTwo(TWO, 0.1, mix);
  return [w[0] * units[0], w[1] * units[1]];
}

/** Two nearly equal columns: who gets the weight. */
export function Twins() {
  const [mix, setMix] = useState(1);
  const w = weights(mix);
  const width = (v: number): number => Math.max(0, v) * 120;
  const says =
    `At l1_ratio ${fixed(mix)} (λ = 0.1) the twins get ${fixed(w[0])} and ${fixed(w[1])}` +
    (w[0] === 0 ? ": the first is left out, though it says almost the same." : `, ${fixed(w[0] + w[1])} together.`);
  return (
    <Frame
      title="Two columns that are nearly the same"
      says={says}
      controls={<Slider label="Mix, l1_ratio" min={0} max={1} step={0.05} value={mix} shown={fixed(mix)} set={setMix} />}
      table={{
        head: ["l1_ratio", "Twin 1", "Twin 2"],
        rows: [0, 0.25, 0.5, 0.75, 0.9, 1].map((r) => [fixed(r), ...weights(r).map((v) => fixed(v, 3))]),
      }}
    >
      <svg class="th-plot th-low" viewBox="0 0 340 104" role="img" aria-label={says}>
        {w.map((v, k) => (
          <g>
            <text class="th-tick" x={0} y={34 + k * 40}>
              Twin {k + 1}
            </text>
            <rect class={k ? "th-bar th-hatch" : "th-bar"} x={52} y={18 + k * 40} width={width(v)} height={24} />
            <text class="th-tick" x={58 + width(v)} y={34 + k * 40}>
              {fixed(v)}
            </text>
          </g>
        ))}
        <line class="th-axis" x1={52} x2={52} y1={8} y2={92} />
      </svg>
    </Frame>
  );
}
