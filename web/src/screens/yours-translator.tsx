// The present strength in the parameters of other packages, for the family at hand.

import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import { say } from "../ground/format";
import { DataTable, Select } from "../ground/parts";
import { maybe, type Numbers } from "../ground/wire";
import type { Path } from "./yours-model";

export interface Scale {
  readonly name: string;
  readonly objective: string;
  readonly columns: string;
  readonly parameters: readonly string[];
  readonly values: Numbers;
  readonly code: string;
}

/** A number as other packages are given it: six digits. */
function digits(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(6))).replace(/-/g, "−") : "–";
}

export function Translator({ d, k }: { d: Path; k: number }): JSX.Element {
  const [name, setName] = useState("sklearn");
  const scale = d.scales.find((s) => s.name === name) ?? d.scales[0];
  const options = useMemo(() => d.scales.map((s) => ({ value: s.name, label: s.name })), [d]);
  if (!scale)
    return (
      <section class="part">
        <h2>This λ in other packages</h2>
        <p>{`No package that bridle knows the conventions of fits the family ${d.family} with this penalty.`}</p>
      </section>
    );
  const said = (s: Scale): string => s.parameters.map((parameter, m) => `${parameter} = ${digits(s.values.data[k * s.parameters.length + m])}`).join(", ");
  const chosen = d.rule === "min" ? d.min : d.oneSe;
  const rows = `${d.learn.toLocaleString("en")} rows`;
  const table = d.squared
    ? `(${rows}, ${d.target} with a standard deviation of ${say(maybe(d.payload, "target_sd"), 5)}), features scaled to standard deviation 1 and the target left as it is,`
    : `(${rows}), features scaled to standard deviation 1,`;
  return (
    <section class="part">
      <h2>This λ in other packages</h2>
      <p>{`No two packages write their objective alike, so the same strength has another number in each. For this table ${table} λ = ${say(d.alphas[k])} here means there:`}</p>
      <div class="translator">
        <Select label="Package" value={scale.name} options={options} onChange={setName} />
        <dl class="reading">
          {scale.parameters.map((parameter, m) => <div key={parameter}><dt>{parameter}</dt><dd>{digits(scale.values.data[k * scale.parameters.length + m])}</dd></div>)}
        </dl>
        <p class="small">{scale.objective}. It {scale.columns}.</p>
      </div>
      {k === chosen && scale.code && <pre class="code">{scale.code}</pre>}
      <DataTable caption="In every package" columns={["package", "parameters"]} count={d.scales.length} row={(n) => [d.scales[n].name, said(d.scales[n])]} />
    </section>
  );
}
