import { useState } from "preact/hooks";
import { shrink, threshold, type Pair } from "../exact";
import { across, fixed, Frame, line, Plot, range, Slider, upward } from "./parts";

const X = across(-3, 3, [-3, -2, -1, 0, 1, 2, 3]);
const Y = upward(-3, 3, [-3, -2, -1, 0, 1, 2, 3]);
const GRID = range(-3, 3, 120);

/** What a penalty makes of one weight: L2 shrinks it by a factor, L1 takes an amount off and stops at zero. */
export function OneWeight({ penalty }: { penalty: "l1" | "l2" }) {
  const [lambda, setLambda] = useState(0.8);
  const [z, setZ] = useState(penalty === "l1" ? 0.6 : 2);
  const of = (v: number): number => (penalty === "l1" ? threshold(v, lambda) : shrink(v, lambda));
  const w = of(z);
  const rule =
    penalty === "l1"
      ? w === 0
        ? `Its size, ${fixed(Math.abs(z))}, is at most λ, so the weight is exactly 0.`
        : `The penalty takes ${fixed(lambda)} off its size.`
      : `The penalty divides it by 1 + λ = ${fixed(1 + lambda)}${z ? "; it is smaller, and not zero." : "."}`;
  const says = `Without a penalty the weight is ${fixed(z)}; with ${penalty === "l1" ? "L1" : "L2"} it is ${fixed(w)}. ${rule}`;
  return (
    <Frame
      title={penalty === "l1" ? "One weight under L1" : "One weight under L2"}
      says={says}
      controls={
        <>
          <Slider label="Strength λ" min={0} max={2.5} step={0.05} value={lambda} shown={fixed(lambda)} set={setLambda} />
          <Slider label="Weight without penalty" min={-3} max={3} step={0.05} value={z} shown={fixed(z)} set={setZ} />
        </>
      }
      table={{
        head: ["Without penalty", "L1", "L2"],
        rows: range(-3, 3, 12).map((v) => [fixed(v, 1), fixed(threshold(v, lambda)), fixed(shrink(v, lambda))]),
      }}
    >
      <Plot x={X} y={Y} xName="weight without penalty" yName="weight with penalty" label={says}>
        <path class="th-line th-faint" d={line([[-3, -3], [3, 3]], X, Y)} />
        <path
          class={`th-line ${penalty === "l1" ? "th-orange" : "th-blue"}`}
          d={line(GRID.map((v): Pair => [v, of(v)]), X, Y)}
        />
        <path class="th-guide" d={line([[z, -3], [z, w], [-3, w]], X, Y)} />
        <circle class="th-dot" cx={X(z)} cy={Y(w)} r={5} />
      </Plot>
    </Frame>
  );
}
