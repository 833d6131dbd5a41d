// Every method on the same folds, each error with its standard error, and the one to take.

import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { useFacts } from "../ground/facts";
import { say, share } from "../ground/format";
import { useLesson } from "../ground/hooks";
import { Button, Check, CopyPython, DataTable, Waiting } from "../ground/parts";
import { update, type Settings } from "../ground/state";
import { scalar, text, type Payload } from "../ground/wire";
import { keyOf, type Asked } from "./yours-model";
import { Working } from "./yours-working";

interface Method {
  readonly name: string;
  readonly title: string;
  readonly rmse: number | null;
  readonly error: number | null;
  readonly scores: { readonly [name: string]: number | null };
  readonly se: number | null;
  readonly explained: number | null;
  readonly kept: number;
  readonly alpha: number | null;
  readonly note: string;
  readonly verdict: string;
}

interface Props {
  readonly asked: Asked;
  readonly settings: Settings;
  readonly squared: boolean;
  readonly offset: boolean;
}

export function Methods({ asked, settings, squared, offset }: Props): JSX.Element {
  const able = squared && !offset; // networks know squared error, and no offset
  return (
    <section class="part">
      <h2>Every method, on the same rows</h2>
      {settings.methods === "1" ? <Shown asked={asked} able={able} networks={able && settings.networks === "1"} /> : (
        <>
          <p>The constant, {squared ? "least squares" : "the fit without a penalty"}, ridge, the lasso and the elastic net: each chooses its own penalty inside every fold, so that no error is flattered by the choice.</p>
          <p class="row"><Button onClick={() => update({ methods: 1 })}>Compare the methods</Button></p>
        </>
      )}
    </section>
  );
}

function Shown({ asked, able, networks }: { asked: Asked; able: boolean; networks: boolean }): JSX.Element {
  const lesson = useLesson(keyOf("yours-methods", asked, { networks: networks ? 1 : 0 }));
  return (
    <>
      {able && <Check label="Small neural networks too (PyTorch; takes longer)" checked={networks} onChange={(on) => update({ networks: on ? 1 : null })} />}
      {lesson.payload && <Table payload={lesson.payload} busy={lesson.busy} />}
      {lesson.error && <Waiting lesson={lesson} />}
      <Working lesson={lesson} onStop={() => update({ methods: null, networks: null })} />
    </>
  );
}

function Table({ payload, busy }: { payload: Payload; busy: boolean }): JSX.Element {
  const rows = payload.rows as unknown as readonly Method[];
  const best = text(payload, "recommended");
  const squared = payload.squared === true;
  /** What is shown of a mean error: of squared error its root, of another family the deviance itself. */
  const size = (error: number): number => (squared ? Math.sqrt(Math.max(0, error)) : error);
  const classes = rows.some((r) => typeof r.scores.auc === "number");
  const scale = useMemo(() => {
    const ends = rows.flatMap(({ error, se }) => (error === null ? [] : [size(error - (se ?? 0)), size(error + (se ?? 0))]));
    const [low, high] = [Math.min(...ends), Math.max(...ends)];
    const span = high - low || 1;
    return (v: number): number => 2 + (96 * (v - low)) / span;
  }, [rows]);
  useFacts(() => ({ key: payload.key, rows: rows.map((r) => ({ ...r })), recommended: best, reason: text(payload, "reason"), busy }), "methods");
  return (
    <>
      <p>{text(payload, "reason")}</p>
      <ul class="methods" aria-busy={busy ? "true" : undefined}>
        {rows.map((r) => (
          <li key={r.name} class={r.name === best ? "best" : undefined}>
            <span class="title">{r.title}{r.name === best && <small> · recommended</small>}</span>
            {r.error === null ? <span class="none">{r.note}</span> : (
              <>
                <svg viewBox="0 0 100 14" preserveAspectRatio="none" aria-hidden="true">
                  <line class="whisker" x1={scale(size(r.error - (r.se ?? 0)))} x2={scale(size(r.error + (r.se ?? 0)))} y1="7" y2="7" vector-effect="non-scaling-stroke" />
                  <line class="middle" x1={scale(size(r.error))} x2={scale(size(r.error))} y1="2" y2="12" vector-effect="non-scaling-stroke" />
                </svg>
                <span class="number">{say(size(r.error), 4)}</span>
                <span class="kept">{`keeps ${r.kept}`}</span>
              </>
            )}
          </li>
        ))}
      </ul>
      <p class="small">{`${squared ? "Typical error on new rows, in the target’s units" : "Mean deviance on new rows"}, with one standard error; every strength was chosen ${text(payload, "nested_text")}.`}</p>
      <DataTable caption="The methods in numbers" columns={["method", squared ? "error" : "deviance", "explained", ...(classes ? ["AUC", "log-loss"] : []), `kept of ${scalar(payload, "n_variables")}`, "against the best"]} count={rows.length}
        row={(n) => [rows[n].title, rows[n].error === null ? "–" : say(size(rows[n].error), 4), rows[n].explained === null ? "–" : share(rows[n].explained),
          ...(classes ? [say(rows[n].scores.auc), say(rows[n].scores.log_loss)] : []), String(rows[n].kept), rows[n].name === best ? "recommended" : rows[n].verdict || rows[n].note || "–"]} />
      <CopyPython code={text(payload, "python")} />
    </>
  );
}
