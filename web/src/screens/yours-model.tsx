// The model of a table: path and errors on new rows over one λ, the rows put away, two weights, every method, files.

import type { JSX } from "preact";
import { useCallback, useMemo, useState } from "preact/hooks";
import { Chart, type Curve, type Rule } from "../ground/chart";
import { useFacts } from "../ground/facts";
import { plural, say, share as percent, signed } from "../ground/format";
import { useLesson, useRoom } from "../ground/hooks";
import { lessonKey, type Values } from "../ground/load";
import { Button, Choices, CopyPython, DataTable, Figure, Select, Sentence, Waiting } from "../ground/parts";
import { Scrubber } from "../ground/scrubber";
import { update, type Settings } from "../ground/state";
import { maybe, scalar, text, type Payload, type Value } from "../ground/wire";
import { read as readPath, stopOf } from "./home";
import { Remarks, remarks } from "./yours-columns";
import { Calibration } from "./yours-calibration";
import { Corner } from "./yours-corner";
import { Held, HeldNote } from "./yours-held";
import { Methods } from "./yours-methods";
import { Translator, type Scale } from "./yours-translator";
import { Working } from "./yours-working";

const LABELLED = 10;
const NAMES: { readonly [l1: string]: string } = { "0": "ridge", "0.5": "the elastic net", "1": "the lasso" };

function read(payload: Payload) {
  const held = payload.held as { readonly [name: string]: Value };
  return {
    ...readPath(payload),
    p: scalar(payload, "n_design"),
    learn: scalar(payload, "n_learn"),
    rows: scalar(payload, "n_rows"),
    rule: text(payload, "rule"),
    title: text(payload, "title"),
    held: typeof held.n === "number" ? held : undefined,
    family: text(payload, "family"),
    kind: text(payload, "kind"),
    word: payload.squared === false ? "mean deviance" : "error",
    constant: text(payload, "constant"),
    /** What a coefficient adds to. */
    scale: text(payload, "scale") || text(payload, "target"),
    factor: text(payload, "factor"),
    second: text(payload, "second"),
    offset: text(payload, "offset"),
    scales: payload.scales as unknown as readonly Scale[],
    notes: remarks(payload),
    more: scalar(payload, "n_notes") - remarks(payload).length,
    certified: payload.certified === true,
  };
}
export type Path = ReturnType<typeof read>;

export interface Asked {
  readonly id: string;
  readonly roles: string;
  readonly family: string;
  readonly l1: string;
  readonly rule: string;
  readonly seed: string;
  readonly share: string;
}

export function keyOf(kind: string, { id, roles, family, l1, rule, seed, share }: Asked, more: Values = {}): string {
  const values = { table: id, roles, family, rule, seed, share, ...more };
  return lessonKey(kind, kind === "yours-methods" ? values : { ...values, l1_ratio: l1 });
}

/** "the logistic lasso": a method by the name of its family. */
function methodName(l1: string, kind: string): string {
  return kind === "" ? NAMES[l1] : l1 === "0" ? `${kind} ridge` : NAMES[l1].replace("the ", `the ${kind} `);
}

export function Model({ id, asked: roles, family, settings, waits }: { id: string; asked: string; family: string; settings: Settings; waits: boolean }): JSX.Element {
  const known = (name: string, values: readonly string[], otherwise: string): string => (values.includes(settings[name] ?? "") ? (settings[name] as string) : otherwise);
  const asked: Asked = {
    id, roles, family,
    l1: known("l1", ["0", "0.5", "1"], "1"), rule: known("rule", ["min", "1se"], "min"),
    seed: known("seed", ["0", "1", "2"], "0"), share: known("share", ["0", "0.1", "0.2", "0.3"], "0.2"),
  };
  const key = keyOf("yours", asked);
  const [stopped, setStopped] = useState("");
  if (stopped === key)
    return (
      <>
        <p class="sentence">Stopped before there was a model.</p>
        <p class="row"><Button onClick={() => setStopped("")}>Fit it</Button></p>
        <Stopped />
      </>
    );
  return <Fitted lessonKey={key} asked={asked} settings={settings} waits={waits} onStop={() => setStopped(key)} />;
}

function Stopped(): null {
  useFacts(() => ({ screen: "yours", key: null, busy: false, stopped: true }));
  return null;
}

function Fitted({ lessonKey: key, asked, settings, waits, onStop }: { lessonKey: string; asked: Asked; settings: Settings; waits: boolean; onStop: () => void }): JSX.Element {
  const lesson = useLesson(key);
  const d = useMemo(() => lesson.payload && read(lesson.payload), [lesson.payload]);
  return (
    <>
      {d ? <Screen d={d} busy={lesson.busy} asked={asked} settings={settings} /> : !lesson.busy || lesson.error ? <Waiting lesson={lesson} /> : null}
      {!d && <Failed error={lesson.error} busy={lesson.busy} />}
      {d && lesson.error && <Waiting lesson={lesson} />}
      {!waits && <Working lesson={lesson} onStop={onStop} />}
    </>
  );
}

function Failed({ error, busy }: { error: Error | undefined; busy: boolean }): null {
  useFacts(() => ({ screen: "yours", key: null, busy, error: error?.message ?? null }));
  return null;
}

/** What another model makes stale. */
const again = { k: null, guess: null };

function Screen({ d, asked, settings, busy }: { d: Path; asked: Asked; settings: Settings; busy: boolean }): JSX.Element {
  const { l1, rule, seed, share } = asked;
  const { pick } = settings;
  const count = d.alphas.length;
  const k = stopOf(settings.k ?? d.rule, count, d.min, d.oneSe);
  const picked = pick === undefined ? -1 : d.names.indexOf(pick);
  const ridge = l1 === "0";
  const tall = useRoom(410, [0.55, 0.45], [[200, 340], [170, 260]], [260, 220]);
  const move = useCallback((next: number) => update({ k: next }), []);
  const isolate = useCallback((j: number) => update({ pick: j < 0 || d.names[j] === pick ? null : d.names[j] }), [d, pick]);
  const curves = useMemo<Curve[]>(() => {
    const labelled = new Set(d.order.slice(0, LABELLED));
    return d.columns.map((y, j) => {
      const v = y[d.min];
      const alone = picked >= 0;
      return {
        y,
        tone: v > 0 ? "up" : v < 0 ? "down" : "off",
        label: alone ? (j === picked ? d.names[j] : undefined) : labelled.has(j) ? d.names[j] : undefined,
        width: j === picked ? 3 : v === 0 ? 1.1 : 1.8,
        faint: (alone && j !== picked) || (!alone && d.columns.length > 30 && !labelled.has(j)),
      } as const;
    });
  }, [d, picked]);
  const dots = useMemo(() => (picked >= 0 ? [picked] : d.order.slice(0, LABELLED)), [d, picked]);
  const errors = useMemo<Curve[]>(() => [
    { y: d.train, tone: "train", dashed: true, label: "training", width: 2 },
    { y: d.cv, tone: "up", width: 2.6, label: "new rows" },
  ], [d]);
  const rules = useMemo<Rule[]>(() => [
    { at: d.oneSe, label: "1-SE", strong: d.rule === "1se" },
    { at: d.min, label: "min", strong: d.rule === "min" },
  ], [d]);
  const band = useMemo(() => ({ low: d.low, high: d.high }), [d]);
  const level = useMemo(() => ({ y: d.nullError, label: d.squared ? "the mean" : "constant" }), [d]);
  const features = useMemo(() => [{ value: "", label: "all of them" }, ...d.names.map((name) => ({ value: name, label: name }))], [d]);

  const kept = d.kept[k];
  const alpha = d.alphas[k];
  const where = k === d.min ? " No other penalty does better." : k === d.oneSe ? " That is within one standard error of the best." : "";
  const what = ridge ? `all ${kept}` : `${kept} of ${d.p}`;
  const name = methodName(l1, d.kind);
  const error = d.squared ? `error in ${d.target}` : "mean deviance";
  const gained = 1 - d.cv[k] / d.nullError;
  const told = d.squared || !(gained > 0) ? "." : `: ${percent(gained)} of the deviance is explained.`;
  const sentence = `At λ = ${say(alpha)} ${name} keeps ${what} features. On rows it has not seen its ${error} is ${say(d.cv[k])}, against ${say(d.nullError)} for always saying ${d.constant}${told}${where}`;
  const guess = settings.guess;
  const guessed = guess !== undefined;
  useFacts(() => ({
    screen: "yours", key: d.payload.key, k, count, alpha, kept, p: d.p, family: d.family, rmse: d.squared ? d.cv[k] : null, deviance: d.squared ? null : d.cv[k], train: d.train[k], null: d.nullError, min: d.min, oneSe: d.oneSe, rule: d.rule,
    names: d.names, effects: d.columns.map((c) => c[k]), coefs: [...d.coefs.data.subarray(k * d.names.length, (k + 1) * d.names.length)], alphaMax: maybe(d.payload, "alpha_max"),
    learn: d.learn, held: guessed && d.held ? { ...d.held } : null, certified: d.certified, picked: picked >= 0 ? d.names[picked] : null,
    scales: Object.fromEntries(d.scales.map((s) => [s.name, Object.fromEntries(s.parameters.map((name, m) => [name, s.values.data[k * s.parameters.length + m]]))])),
    python: text(d.payload, "python"), shell: text(d.payload, "shell"), notes: d.notes.map((n) => n.text), busy,
  }));
  const bars = picked >= 0 && !d.order.slice(0, LABELLED).includes(picked) ? [picked, ...d.order.slice(0, LABELLED - 1)] : d.order.slice(0, LABELLED);
  const widest = Math.max(Math.abs(d.effectRange[0]), Math.abs(d.effectRange[1]));
  // Nothing of this depends on lambda: it is not looked at while the scrubber moves.
  const controls = useMemo(() => (
    <>
      <Choices label="Penalty" value={l1} onChange={(v) => update({ ...again, l1: v })}
        options={[{ value: "0", label: "ridge" }, { value: "0.5", label: "elastic net" }, { value: "1", label: "lasso" }]} />
      <Choices label="Recommended λ" value={rule} onChange={(v) => update({ ...again, rule: v })} options={[{ value: "min", label: "min" }, { value: "1se", label: "1-SE" }]} />
      <Choices label="Rows put away first" value={share} onChange={(v) => update({ ...again, share: v })}
        options={[{ value: "0", label: "none" }, { value: "0.1", label: "10%" }, { value: "0.2", label: "20%" }, { value: "0.3", label: "30%" }]} />
      <Button onClick={() => update({ ...again, seed: (Number(seed) + 1) % 3 })}>Reshuffle the rows</Button>
      <Select label="Follow one feature" value={pick ?? ""} onChange={(v) => update({ pick: v === "" ? null : v })} options={features} />
    </>
  ), [l1, rule, share, seed, pick, features]);
  const files = useMemo(() => (
    <section class="part">
      <h2>The model is yours</h2>
      <p>{`The λ of ${d.rule === "min" ? "min" : "1-SE"}, fitted on ${d.learn.toLocaleString("en")} rows.`}</p>
      <p class="row">
        <a class="button" href={`api/report?key=${encodeURIComponent(text(d.payload, "key"))}`} download="bridle-report.html">Save the report</a>
        <a class="button" href={`api/model?key=${encodeURIComponent(text(d.payload, "key"))}`} download="model.bridle">Save the model</a>
        <span>The report is a page of its own, to print or to send on; the model predicts with <code>bridle predict model.bridle NEW.csv</code>.</span>
      </p>
      <CopyPython code={text(d.payload, "python")} />
      <Shell command={text(d.payload, "shell")} all={d.held === undefined} />
    </section>
  ), [d]);
  const methods = useMemo(() => <Methods asked={asked} settings={settings} squared={d.squared} offset={d.offset !== ""} />, [d, asked.id, asked.roles, asked.family, l1, rule, seed, share, settings.methods, settings.networks]);
  return (
    <>
      <Sentence text={sentence}>
        At <em>λ = {say(alpha)}</em> {name} keeps <em>{what} features</em>. On rows it has not seen its {error} is <em>{say(d.cv[k])}</em>, against {say(d.nullError)} for always saying {d.constant}
        {told}{where}
      </Sentence>
      {d.second && <p class="small predicts">{`It predicts the probability of ${d.second}.`}</p>}
      <Remarks notes={d.notes} more={d.more} most={0} title="What is worth knowing of this fit" />
      <div class="stage">
        <div class="pictures">
          <Figure busy={busy} title={ridge ? "Every weight shrinks, none reaches 0" : "Weights shrink to 0, one after another"}
            note={`Each line is a feature: what one standard deviation more of it adds to ${d.scale}.${d.names.length < d.p ? ` The strongest ${d.names.length} of ${d.p.toLocaleString("en")} are drawn.` : ""}`}>
            <Chart label={`Effects of ${d.names.length} features along ${count} penalties; at the present one ${kept} differ from zero.`} yLabel={`effect on ${d.scale}`} x={d.x} xTicks={d.ticks} xLabel="λ"
              curves={curves} height={tall[0]} yRange={d.effectRange} at={k} dots={dots} rules={rules} onScrub={move} onPick={isolate} />
          </Figure>
          <Figure busy={busy} title={`The ${d.squared ? "error" : "deviance"} on new rows tells where to stop`} note={`Solid: rows left out in turn (${text(d.payload, "fold_text")}), with one standard error. Dashed: the rows it learned from.`}>
            <Chart label={`${d.squared ? "Error" : "Mean deviance"} on new rows along the penalties: ${say(d.cv[0])} at the strongest, ${say(d.cv[d.min])} at the best, ${say(d.cv[d.last])} at the weakest.`} yLabel={d.squared ? "typical error (root mean square)" : "mean deviance"}
              x={d.x} xTicks={d.ticks} xLabel="λ" curves={errors} band={band} level={level} height={tall[1]} yRange={d.errorRange} at={k} dots={[0, 1]} rules={rules} onScrub={move}
              topTicks={d.keptTicks} topLabel="kept" />
          </Figure>
          <Scrubber label="Penalty λ" count={count} k={k} onMove={move} ends={["stronger", "weaker"]} say={`lambda ${say(alpha)}, ${plural(kept, "feature")} kept, ${d.word} ${say(d.cv[k])}`}
            stops={[{ at: d.oneSe, label: "1-SE" }, { at: d.min, label: "min" }]} />
          <Held d={d} guess={guess} />
        </div>
        <div class="panel" role="group" aria-label="Settings">
          {controls}
          <div class="bars">
            <h2>{d.p > LABELLED ? "The ten strongest" : "Effects now"}</h2>
            <ul>
              {bars.map((j) => {
                const v = d.columns[j][k];
                return (
                  <li key={j} class={j === picked ? "own" : undefined}>
                    <span class="name" title={d.names[j]}>{d.names[j]}</span>
                    <svg viewBox="-50 0 100 10" preserveAspectRatio="none" aria-hidden="true">
                      <line class="zero" x1="0" x2="0" y1="0" y2="10" vector-effect="non-scaling-stroke" />
                      <rect class={v > 0 ? "bar up" : "bar down"} x={v < 0 ? (50 * v) / widest : 0} y="1.5" width={(50 * Math.abs(v)) / widest} height="7" />
                    </svg>
                    <span class={v === 0 ? "value none" : "value"}>{v === 0 ? "0" : signed(v)}</span>
                  </li>
                );
              })}
            </ul>
          </div>
        </div>
        <div class="below">
          <DataTable caption="All features at this λ" columns={["feature", "coefficient", ...(d.factor ? [d.factor] : []), "effect"]} count={d.names.length} row={(n) => feature(d, k, d.order[n])}>
            {text(d.payload, "meaning") && <p class="small">{text(d.payload, "meaning")}</p>}
          </DataTable>
          <DataTable caption="All penalties" columns={["λ", "kept", "new rows", "± se", "training"]} count={count} current={k}
            row={(n) => [say(d.alphas[n]), String(d.kept[n]), say(d.cv[n], 4), say((d.high[n] - d.low[n]) / 2, 2), say(d.train[n], 4)]} />
          <p class="small">{text(d.payload, "certificate")}</p>
        </div>
      </div>
      <Calibration d={d} />
      {files}
      <Translator d={d} k={k} />
      <Corner asked={asked} settings={settings} squared={d.squared} k={k} />
      {methods}
      <HeldNote squared={d.squared} />
    </>
  );
}

/** One feature's row of the table: what it multiplies odds or means by, where its coefficient is a logarithm. */
function feature(d: Path, k: number, j: number): readonly string[] {
  const coef = d.coefs.data[k * d.names.length + j];
  return [d.names[j], say(coef, 5), ...(d.factor ? [say(Math.exp(coef), 4)] : []), signed(d.columns[j][k], 4)];
}

function Shell({ command, all }: { command: string; all: boolean }): JSX.Element {
  const [state, setState] = useState("");
  const copy = (): void => {
    navigator.clipboard.writeText(command).then(() => setState("Copied."), () => setState("Select the line and copy it."));
    window.setTimeout(() => setState(""), 3000);
  };
  return (
    <details class="python">
      <summary>The same in the shell</summary>
      <pre>{command}</pre>
      {!all && <p>The command uses all rows; it puts none away first.</p>}
      <p class="row"><Button onClick={copy}>Copy the command</Button><span role="status">{state}</span></p>
    </details>
  );
}
