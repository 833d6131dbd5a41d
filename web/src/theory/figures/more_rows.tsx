import data from "../figures.json";
import type { Pair } from "../exact";
import { across, Frame, line, num, Plot, upward } from "./parts";

const { rows, least, ridge } = data.more;
const X = across(52, 7200, rows, true);
const Y = upward(2, 16, [4, 8, 12, 16]);
const points = (values: readonly number[]): Pair[] => values.map((v, k): Pair => [rows[k]!, v]);

/** Does it prevent overfitting: the error on new rows as rows are added. */
export function MoreRows() {
  const says =
    `With ${rows[0]} rows least squares errs by ${num(least[0]!)} (mean square on new rows) and ridge by ${num(ridge[0]!)}; ` +
    `with ${rows.at(-1)!.toLocaleString("en")} rows both are at ${num(least.at(-1)!)}, which is about the noise.`;
  return (
    <Frame
      title="The error on new rows, as the table grows"
      says={says}
      table={{
        head: ["Rows", "Least squares", "Ridge"],
        rows: rows.map((n, k) => [n.toLocaleString("en"), num(least[k]!), num(ridge[k]!)]),
      }}
    >
      <Plot x={X} y={Y} xName="rows" yName="mean squared error on new rows" label={says}>
        <path class="th-guide" d={line([[52, 4], [7200, 4]], X, Y)} />
        <path class="th-line th-orange th-dash" d={line(points(least), X, Y)} />
        <path class="th-line th-blue" d={line(points(ridge), X, Y)} />
        {points(least).map(([n, v]) => (
          <rect class="th-mark-orange" x={X(n) - 3.5} y={Y(v) - 3.5} width={7} height={7} />
        ))}
        {points(ridge).map(([n, v]) => (
          <circle class="th-mark-blue" cx={X(n)} cy={Y(v)} r={3.5} />
        ))}
        <text class="th-tick" x={X(rows[0]!) + 14} y={Y(least[0]!) + 14}>
          least squares
        </text>
        <text class="th-tick" x={X(rows[0]!) + 2} y={Y(ridge[0]!) + 17}>
          ridge
        </text>
        <text class="th-tick" x={X(7200)} y={Y(4) + 14} text-anchor="end">
          noise
        </text>
      </Plot>
    </Frame>
  );
}
