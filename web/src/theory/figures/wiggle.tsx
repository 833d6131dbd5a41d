import { useMemo, useState } from "preact/hooks";
import data from "../figures.json";
import { polynomial, type Pair } from "../exact";
import { across, Frame, line, num, Plot, range, Slider, upward, W } from "./parts";

const X = across(-1.08, 1.08, [-1, -0.5, 0, 0.5, 1]);
const Y = upward(-2, 2, [-2, -1, 0, 1, 2]);
const GRID = range(-1, 1, 100);

/** What is regularization: a curve of degree nine through twelve points, on a leash. */
export function Wiggle() {
  const [power, setPower] = useState(-7);
  const alpha = 10 ** power;
  const fit = useMemo(() => polynomial(data.wave.x, data.wave.y, 9, alpha), [alpha]);
  const curve = GRID.map((x): Pair => [x, Math.max(-9, Math.min(9, fit.predict(x)))]);
  const largest = Math.max(...fit.coef.map(Math.abs));
  const says =
    `At λ = ${num(alpha)} the largest of the nine weights is ${num(largest)}, and the curve misses its twelve points by ` +
    `${num(fit.error, 2)} on average (root mean square).`;
  return (
    <Frame
      title="Twelve points and a curve with nine weights"
      says={says}
      controls={
        <Slider label="Strength λ" min={-7} max={1} step={0.25} value={power} shown={num(alpha)} set={setPower} />
      }
      table={{
        head: ["Point x", "Value y", "Curve"],
        rows: data.wave.x.map((x, k) => [num(x), num(data.wave.y[k]!), num(fit.predict(x))]),
      }}
    >
      <Plot x={X} y={Y} xName="x" yName="y" label={`A curve through twelve points. ${says}`}>
        <clipPath id="th-wiggle">
          <rect x={40} y={6} width={W - 50} height={186} />
        </clipPath>
        <path class="th-line th-blue" d={line(curve, X, Y)} clip-path="url(#th-wiggle)" />
        {data.wave.x.map((x, k) => (
          <circle class="th-dot" cx={X(x)} cy={Y(data.wave.y[k]!)} r={4} />
        ))}
      </Plot>
    </Frame>
  );
}
