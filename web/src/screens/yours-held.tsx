// The rows put away: what is promised of them, a guess, and what they say, in the words of the family.

import type { JSX } from "preact";
import { say, share as percent } from "../ground/format";
import { Frac, I, Inline, N, O, Row, Sub, Sum, Sup, Formula } from "../ground/math";
import { Note, Predict } from "../ground/parts";
import { update } from "../ground/state";
import { text } from "../ground/wire";
import type { Path } from "./yours-model";

const GUESSES = [
  { id: "lower", label: "clearly lower" },
  { id: "close", label: "about the same" },
  { id: "higher", label: "clearly higher" },
];
const VERDICTS: { readonly [id: string]: string } = { lower: "clearly lower than", close: "about the same as", higher: "clearly higher than" };

export function Held({ d, guess }: { d: Path; guess: string | undefined }): JSX.Element | null {
  if (!d.held) return null;
  const n = Number(d.held.n).toLocaleString("en");
  const promised = say(d.cv[d.rule === "min" ? d.min : d.oneSe]);
  const verdict = String(d.held[`verdict_${d.rule}`]);
  const what = d.squared ? "an error" : "a mean deviance";
  return (
    <Predict
      question={<>{`${n} rows were put away before anything was chosen (${text(d.payload, "hold_text")}). At the λ of ${d.rule === "min" ? "min" : "1-SE"} the curve promises ${what} of ${promised}. What will it be on them?`}</>}
      guesses={GUESSES} right={verdict} made={guess} onGuess={(g) => update({ guess: g })}>
      {`On the ${n} rows put away the ${d.word} is ${say(scoreOf(d, "error"))}, ${VERDICTS[verdict]} the ${promised} of cross-validation; ${d.constant} alone has ${say(Number(d.held.null))} there. ${explained(d)} ${ranked(d)}Nothing was chosen by them: look once.`}
    </Predict>
  );
}

function scoreOf(d: Path, name: string): number {
  const value = d.held?.[`${name}_${d.rule}`];
  return typeof value === "number" ? value : NaN;
}

function explained(d: Path): string {
  const r2 = scoreOf(d, "explained");
  if (d.squared) return `R² = ${say(r2)}: ${r2 > 0 ? `${percent(r2)} of what varies there is explained.` : "nothing of what varies there is explained."}`;
  if (!Number.isFinite(r2)) return "They all have the same target, so that no share of a deviance can be told.";
  return r2 > 0 ? `${percent(r2)} of the deviance there is explained.` : "Nothing of the deviance there is explained.";
}

/** Of classes, counts and amounts: how well the predictions put the rows in order, and whether they are right in all. */
function ranked(d: Path): string {
  const [auc, gini, predicted, observed] = ["auc", "gini", "predicted", "observed"].map((name) => scoreOf(d, name));
  if (!Number.isFinite(predicted)) return "";
  const order = Number.isFinite(auc) ? `The AUC is ${say(auc)}, the log-loss ${say(scoreOf(d, "log_loss"))}. ` : Number.isFinite(gini) ? `The Gini is ${say(gini)}. ` : "";
  if (d.second) return `${order}Predicted was a probability of ${d.second} of ${percent(predicted)} on average, observed a share of ${percent(observed)}. `;
  return `${order}Predicted was a mean of ${say(predicted)}, observed ${say(observed)}. `;
}

const WHY = (
  <p>
    The curve’s lowest point was chosen because it is the lowest: a little of that is luck, and the more one tries the more luck there is. Rows that took no part in any choice know nothing
    of it. On them the error is
  </p>
);

/** Of squared error the root of a mean square, otherwise a mean deviance. */
export function HeldNote({ squared }: { squared: boolean }): JSX.Element {
  const fitted = <Row><Sub of={<I>b</I>} at={<N>0</N>} /><O>+</O><Sub of={<I>x</I>} at={<I>i</I>} /><O>·</O><I>w</I></Row>;
  return (
    <Note title="Why some rows are put away first">
      {WHY}
      {squared ? (
        <Formula label="the square root of the mean over the rows put away of y minus the prediction, squared">
          <msqrt>
            <Frac top={<N>1</N>} under={<I>m</I>} /><Sum over={<I>i</I>} />
            <Sup of={<Row><O>(</O><Sub of={<I>y</I>} at={<I>i</I>} /><O>−</O><Sub of={<I>b</I>} at={<N>0</N>} /><O>−</O><Sub of={<I>x</I>} at={<I>i</I>} /><O>·</O><I>w</I><O>)</O></Row>} to={<N>2</N>} />
          </msqrt>
        </Formula>
      ) : (
        <Formula label="the mean over the rows put away of twice the loss of y beside the linear predictor">
          <Frac top={<N>2</N>} under={<I>m</I>} /><Sum over={<I>i</I>} /><I>loss</I><O>(</O><Sub of={<I>y</I>} at={<I>i</I>} /><O>,</O>{fitted}<O>)</O>
        </Formula>
      )}
      <p>
        over the <Inline><I>m</I></Inline> of them{squared ? "" : ": the mean deviance, 0 where every prediction is the target itself"}. Look once: whoever goes back and changes the model because of this number has used it
        up. Groups are put away as a whole; with an order, the last rows are.
      </p>
    </Note>
  );
}
