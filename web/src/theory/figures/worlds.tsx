import facts from "../facts.json";
import { Choice, Frame } from "./parts";
import { useState } from "preact/hooks";

const WORLDS = {
  few: { text: "50 of 1,000 matter", lasso: facts.sparse_lasso, ridge: facts.sparse_ridge, none: facts.sparse_null },
  all: { text: "all 200 matter a little", lasso: facts.dense_lasso, ridge: facts.dense_ridge, none: facts.dense_null },
};

/** L1 or L2: it depends on how many features matter. */
export function Worlds() {
  const [which, setWhich] = useState<"few" | "all">("few");
  const world = WORLDS[which];
  const bars = [
    ["Lasso", world.lasso, "th-bar-orange"],
    ["Ridge", world.ridge, "th-bar"],
    ["Mean alone", world.none, "th-bar-off"],
  ] as const;
  const better = Number(world.lasso) < Number(world.ridge) ? "The lasso" : "Ridge";
  const says = `Where ${world.text}, the error on new rows is ${world.lasso} with the lasso and ${world.ridge} with ridge; the noise alone is 3. ${better} wins here.`;
  return (
    <Frame
      title="Two made tables, the same noise"
      says={says}
      controls={
        <Choice
          label="Table"
          options={[
            ["few", "Few matter"],
            ["all", "All matter a little"],
          ]}
          value={which}
          set={setWhich}
        />
      }
      table={{
        head: ["Table", "Lasso", "Ridge", "Mean alone"],
        rows: Object.values(WORLDS).map((w) => [w.text, w.lasso, w.ridge, w.none]),
      }}
    >
      <svg class="th-plot th-low" viewBox="0 0 340 146" role="img" aria-label={says}>
        {bars.map(([name, value, look], k) => (
          <g>
            <text class="th-tick" x={0} y={28 + k * 38}>
              {name}
            </text>
            <rect class={look} x={78} y={12 + k * 38} width={Number(value) * 29} height={24} />
            <text class="th-tick" x={84 + Number(value) * 29} y={28 + k * 38}>
              {value}
            </text>
          </g>
        ))}
        <line class="th-guide" x1={78 + 87} x2={78 + 87} y1={4} y2={124} />
        <text class="th-tick" x={78 + 87} y={140} text-anchor="middle">
          noise, 3
        </text>
        <line class="th-axis" x1={78} x2={78} y1={4} y2={124} />
      </svg>
    </Frame>
  );
}
