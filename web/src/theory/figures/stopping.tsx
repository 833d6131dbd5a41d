import { useState } from "preact/hooks";
import { ridged, stopped, type Pair } from "../exact";
import { across, fixed, Frame, line, num, Plot, range, Slider, upward } from "./parts";

const RATE = 0.5;
const GRID = range(-3, 0, 60).map((v) => 10 ** v);
const X = across(0.001, 1, [0.001, 0.01, 0.1, 1], true);
const Y = upward(0, 1.12, [0, 0.25, 0.5, 0.75, 1]);

/** Early stopping keeps much the same share of every direction as a ridge does. */
export function Stopping() {
  const [power, setPower] = useState(4);
  const steps = Math.round(2 ** power);
  const alpha = 1 / (RATE * steps);
  const says =
    `After ${steps} steps of rate 0.5, a direction of strength 0.1 has ${fixed(100 * stopped(0.1, RATE, steps), 0)}% of its ` +
    `least-squares weight; ridge with λ = 1/(0.5 × ${steps}) = ${num(alpha)} leaves ${fixed(100 * ridged(0.1, alpha), 0)}%.`;
  return (
    <Frame
      title="Stopping early beside ridge"
      says={says}
      controls={
        <Slider label="Stop after" min={0} max={11} step={0.5} value={power} shown={`${steps} steps`} set={setPower} />
      }
      table={{
        head: ["Strength", "Stopped early", "Ridge"],
        rows: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1].map((d) => [
          String(d),
          fixed(stopped(d, RATE, steps), 3),
          fixed(ridged(d, alpha), 3),
        ]),
      }}
    >
      <Plot x={X} y={Y} xName="how strongly the data speak in a direction" yName="share of the weight kept" label={says}>
        <path class="th-line th-orange th-dash" d={line(GRID.map((d): Pair => [d, stopped(d, RATE, steps)]), X, Y)} />
        <path class="th-line th-blue" d={line(GRID.map((d): Pair => [d, ridged(d, alpha)]), X, Y)} />
        <path class="th-line th-orange th-dash" d="M52 44h24" />
        <text class="th-tick" x={82} y={48}>
          stopped early
        </text>
        <path class="th-line th-blue" d="M52 62h24" />
        <text class="th-tick" x={82} y={66}>
          ridge
        </text>
      </Plot>
    </Frame>
  );
}
