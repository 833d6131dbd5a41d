import { useState } from "preact/hooks";
import data from "../figures.json";
import { Choice, Frame, num } from "./parts";

const { names, plain, times } = data.scale;
const ZERO = 170;
const LONG = 3.6;

/** Must I standardize: the same lasso, one column written in other units. */
export function Units() {
  const [which, setWhich] = useState<"plain" | "times">("plain");
  const values = which === "plain" ? plain : times;
  const s5 = names.indexOf("s5");
  const says =
    `The lasso at λ = 1 on columns as they come, ${which === "plain" ? "s5 in its own units" : "s5 multiplied by 1,000"}: ` +
    `one standard deviation of s5 is worth ${num(values[s5]!)} points of progression.`;
  return (
    <Frame
      title="The same table, one column in other units"
      says={says}
      controls={
        <Choice
          label="s5 is written"
          options={[
            ["plain", "as it came"],
            ["times", "times 1,000"],
          ]}
          value={which}
          set={setWhich}
        />
      }
      table={{
        head: ["Column", "s5 as it came", "s5 times 1,000"],
        rows: names.map((name, k) => [name, num(plain[k]!), num(times[k]!)]),
      }}
    >
      <svg class="th-plot" viewBox="0 0 340 236" role="img" aria-label={says}>
        {names.map((name, k) => {
          const size = values[k]! * LONG;
          return (
            <g>
              <text class="th-tick" x={4} y={20 + k * 22}>
                {name}
              </text>
              <rect
                class={name === "s5" ? "th-bar-orange" : "th-bar"}
                x={ZERO + Math.min(0, size)}
                y={8 + k * 22}
                width={Math.abs(size)}
                height={16}
              />
              <text
                class="th-tick"
                x={ZERO + size + (size < 0 ? -4 : 4)}
                y={20 + k * 22}
                text-anchor={size < 0 ? "end" : "start"}
              >
                {num(values[k]!, 2)}
              </text>
            </g>
          );
        })}
        <line class="th-axis" x1={ZERO} x2={ZERO} y1={2} y2={230} />
      </svg>
    </Frame>
  );
}
