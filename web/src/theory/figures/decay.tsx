import { useState } from "preact/hooks";
import { decaySteps, type Pair } from "../exact";
import { across, fixed, Frame, line, num, Plot, Slider, upward } from "./parts";

const STEPS = 30;
const X = across(0, STEPS, [0, 10, 20, 30]);
const Y = upward(-2, 4, [-2, -1, 0, 1, 2, 3, 4]);

/** What is weight decay: gradient steps on one weight, with a factor before each. */
export function Decay() {
  const [rate, setRate] = useState(0.1);
  const [lambda, setLambda] = useState(0.5);
  const steps = decaySteps(3, rate, lambda, STEPS);
  const rest = 1 / (1 + lambda);
  const most = 1 / (1 + lambda);
  const says =
    `Every step multiplies the weight by ${fixed(1 - 2 * rate * lambda)} and then follows the loss. ` +
    (rate < most
      ? `It comes to rest at ${fixed(rest)} instead of 1; after ${STEPS} steps it is at ${fixed(steps[STEPS]!)}.`
      : rate === most
        ? "At exactly this rate it jumps to and fro for ever."
        : `The steps are too long: a rate above ${fixed(most)} makes them grow without end.`);
  const seen = steps.map((w, t): Pair => [t, w]);
  const cut = seen.findIndex(([, w]) => Math.abs(w) > 50);
  const drawn = cut < 0 ? seen : seen.slice(0, cut + 1);
  return (
    <Frame
      title="One weight, thirty steps down the loss"
      says={says}
      controls={
        <>
          <Slider label="Learning rate η" min={0.02} max={0.8} step={0.02} value={rate} shown={fixed(rate)} set={setRate} />
          <Slider label="Strength λ" min={0} max={2} step={0.05} value={lambda} shown={fixed(lambda)} set={setLambda} />
        </>
      }
      table={{ head: ["Step", "Weight"], rows: [0, 1, 2, 3, 5, 10, 20, 30].map((t) => [t, num(steps[t]!)]) }}
    >
      <Plot x={X} y={Y} xName="step" yName="weight" label={says}>
        <clipPath id="th-decay">
          <rect x={38} y={8} width={296} height={184} />
        </clipPath>
        <path class="th-guide" d={line([[0, rest], [STEPS, rest]], X, Y)} />
        <g clip-path="url(#th-decay)">
          <path class="th-line th-blue" d={line(drawn, X, Y)} />
          {drawn.map(([t, w]) => (
            <circle class="th-mark-blue" cx={X(t)} cy={Y(w)} r={2.5} />
          ))}
        </g>
        <text class="th-tick" x={X(STEPS)} y={Y(rest) + 15} text-anchor="end">
          where it rests, 1/(1 + λ)
        </text>
      </Plot>
    </Frame>
  );
}
