// The family of the target: what is predicted and how errors are counted, proposed from the column, changed by hand.

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Select } from "../ground/parts";
import { update } from "../ground/state";
import { strings, text, type Payload } from "../ground/wire";

interface Offered {
  readonly name: string;
  readonly label: string;
  readonly parameter: string;
  readonly start: number | null;
}

export const AUTO = "auto";
const PARAMETERS: { readonly [name: string]: { readonly label: string; readonly least: number; readonly hint: string } } = {
  delta: { label: "delta: errors beyond it count in proportion", least: 0, hint: "in the units of the target" },
  theta: { label: "theta: the variance is mean + mean² / theta", least: 0, hint: "at first what the target’s own mean and variance say" },
  power: { label: "power: the variance is mean to this power", least: 1, hint: "between 1 and 2 for amounts of which many are exactly 0" },
};
/** Families whose link is the logarithm: an offset there is the logarithm of an exposure. */
const RATES = ["poisson", "negative_binomial", "tweedie", "gamma", "inverse_gaussian"];

/** A family as a key writes it, in two: "tweedie(1.5)" is tweedie and 1.5, "binomial(probit)" stays whole. */
export function partsOf(family: string): { readonly name: string; readonly value: number | undefined } {
  const match = /^([a-z_]+)\((\d[\d.e+-]*)\)$/.exec(family);
  return match ? { name: match[1], value: Number(match[2]) } : { name: family, value: undefined };
}

const change = (family: string): void => update({ family, k: null, pick: null, guess: null });

function written({ name, parameter, start }: Offered): string {
  return parameter ? `${name}(${String(start)})` : name;
}

/** `family` is the setting, "auto" until somebody chooses. */
export function FamilyChoice({ payload, family, offset }: { payload: Payload; family: string; offset: string | undefined }): JSX.Element | null {
  const offered = payload.families as unknown as readonly Offered[];
  const proposed = text(payload, "proposed");
  if (!offered.length) return null;
  const asked = family === AUTO ? proposed : family;
  const { name, value } = partsOf(asked);
  const found = offered.find((one) => one.name === name);
  const options = [...offered.map((one) => ({ value: one.name, label: one.label + (one.name === proposed ? " (proposed)" : "") })), ...(found ? [] : [{ value: name, label: asked }])];
  const unsuited = strings(payload, "unsuited");
  const choose = (next: string): void => {
    const one = offered.find((o) => o.name === next);
    if (one) change(next === proposed ? AUTO : written(one));
  };
  return (
    <div class="family">
      <Select label="Family: what kind of target it is" value={name} options={options} onChange={choose} />
      {found?.parameter && value !== undefined && <Parameter key={name} name={name} parameter={found.parameter} value={value} />}
      {RATES.includes(name) && (
        <p class="small">
          {offset === undefined
            ? "Seen for different lengths of time, or out of different sizes? Say which column is the offset: the logarithm of that exposure. Predictions are then rates times exposure."
            : `“${offset}” is the offset: it joins the linear predictor as it stands, so it should hold the logarithm of the exposure.`}
        </p>
      )}
      {!RATES.includes(name) && offset !== undefined && <p class="small">{`“${offset}” is the offset: it joins the linear predictor as it stands, with a coefficient of 1.`}</p>}
      {unsuited.length > 0 && (
        <details class="unsuited">
          <summary>Families that this target cannot have</summary>
          <ul>{unsuited.map((why) => <li key={why}>{why}</li>)}</ul>
        </details>
      )}
    </div>
  );
}

/** A number to type; the model is fitted again when it is left, or with Enter. */
function Parameter({ name, parameter, value }: { name: string; parameter: string; value: number }): JSX.Element {
  const { label, least, hint } = PARAMETERS[parameter];
  const [typed, setTyped] = useState(String(value));
  const [wrong, setWrong] = useState("");
  useEffect(() => setTyped(String(value)), [value]);
  const take = (): void => {
    const number = Number(typed.trim().replace(",", "."));
    const most = parameter === "power" ? 10 : parameter === "theta" ? 1e6 : 1e12;
    if (typed.trim() === "" || !(number > least && number <= most)) {
      setWrong(`${parameter} must be a number above ${least} and at most ${most.toLocaleString("en")}.`);
      return;
    }
    setWrong("");
    setTyped(String(number));
    if (number !== value) change(`${name}(${String(number)})`);
  };
  return (
    <label class="select parameter">
      <span>{label}</span>
      <input type="text" inputMode="decimal" value={typed} aria-invalid={wrong ? "true" : undefined} onInput={(e) => setTyped(e.currentTarget.value)} onBlur={take}
        onKeyDown={(e) => e.key === "Enter" && take()} />
      <span class="small" role={wrong ? "alert" : undefined}>{wrong || hint}</span>
    </label>
  );
}
