// What predictions out of fold say of classes, counts and amounts: are they right on average wherever they are the same?

import type { JSX } from "preact";
import { useFacts } from "../ground/facts";
import { brief, plural, roundTicks, say, share } from "../ground/format";
import { useWidth } from "../ground/hooks";
import { DataTable, Figure } from "../ground/parts";
import { text, vector, type Payload } from "../ground/wire";
import type { Path } from "./yours-model";

const LEFT = 48;
const BOTTOM = 46;
const TOP = 22;

interface Bins {
  readonly rows: Float64Array;
  readonly predicted: Float64Array;
  readonly observed: Float64Array;
  readonly low: Float64Array;
  readonly high: Float64Array;
}

export function Calibration({ d }: { d: Path }): JSX.Element | null {
  const found = d.payload.out_of_fold as Payload;
  if (!found || !found.rows) return null;
  const [rows, predicted, observed, low, high] = ["rows", "predicted", "observed", "low", "high"].map((name) => vector(found, name));
  const bins = { rows, predicted, observed, low, high };
  return <Shown d={d} found={found} bins={bins} />;
}

function Shown({ d, found, bins }: { d: Path; found: Payload; bins: Bins }): JSX.Element {
  const classes = d.second !== "";
  const said = (v: number): string => (classes ? share(v) : say(v));
  const count = bins.rows.length;
  const outside = [...bins.predicted].filter((v, n) => v < bins.low[n] || v > bins.high[n]).length;
  const rate = d.offset ? " for each unit of exposure" : "";
  const names: readonly [string, string] = classes ? [`predicted probability of ${d.second}`, "observed share"] : [`predicted mean${rate}`, "observed mean"];
  useFacts(() => ({ scores: found.scores, predicted: [...bins.predicted], observed: [...bins.observed], outside }), "calibration");
  return (
    <section class="part">
      <h2>{classes ? "Do the probabilities hold?" : "Do the predictions hold?"}</h2>
      <p>{text(found, "sentence")}</p>
      <Figure title={outside === 0 ? "What was observed follows what was predicted" : `${plural(outside, "bin")} of ${count} ${outside === 1 ? "lies" : "lie"} off the diagonal`}
        note={`Rows left out in turn, at the λ of ${d.rule === "min" ? "min" : "1-SE"}, in ${count} bins of like prediction: each dot is the ${classes ? `share of ${d.second}` : "mean"} observed there, with an interval of 95%. On the diagonal both are the same.`}>
        <Dots bins={bins} names={names} classes={classes}
          label={`Calibration: ${count} bins of the prediction, from ${said(bins.predicted[0])} to ${said(bins.predicted[count - 1])}; in ${outside} of them the prediction lies outside the interval of the observed.`} />
      </Figure>
      <DataTable caption="The bins in numbers" columns={["predicted", "observed", "from", "to", "rows"]} count={count}
        row={(n) => [said(bins.predicted[n]), said(bins.observed[n]), said(bins.low[n]), said(bins.high[n]), String(bins.rows[n])]} />
    </section>
  );
}

function Dots({ bins, names, classes, label }: { bins: Bins; names: readonly [string, string]; classes: boolean; label: string }): JSX.Element {
  const [box, width] = useWidth<HTMLDivElement>();
  const side = Math.max(60, Math.min(width - LEFT - 14, 380));
  const most = Math.max(...bins.predicted, ...bins.observed, ...[...bins.high].map((v) => Math.min(v, 2 * Math.max(...bins.observed))));
  const reach = (classes ? Math.min(1, 1.03 * most) : 1.03 * most) || 1;
  const x = (v: number): number => LEFT + (v / reach) * side;
  const y = (v: number): number => TOP + side - (Math.min(v, reach) / reach) * side;
  const ticks = roundTicks(0, reach, Math.max(3, side / 76));
  const tick = (v: number): string => (classes ? share(v) : brief(v));
  return (
    <div ref={box} class="calibration" role="img" aria-label={label}>
      {width > 0 && (
        <svg width={LEFT + side + 14} height={TOP + side + BOTTOM} aria-hidden="true">
          {ticks.map((t) => (
            <g key={t}>
              <line class="grid" x1={x(t)} x2={x(t)} y1={y(reach)} y2={y(0)} />
              <line class="grid" x1={x(0)} x2={x(reach)} y1={y(t)} y2={y(t)} />
              <text class="tick" x={x(t)} y={y(0) + 17} text-anchor="middle">{tick(t)}</text>
              <text class="tick" x={x(0) - 7} y={y(t) + 4} text-anchor="end">{tick(t)}</text>
            </g>
          ))}
          <line class="null" x1={x(0)} y1={y(0)} x2={x(reach)} y2={y(reach)} />
          <line class="axis" x1={x(0)} x2={x(reach)} y1={y(0)} y2={y(0)} />
          {[...bins.rows].map((_, n) => (
            <g key={n}>
              <line class="whisker" x1={x(bins.predicted[n])} x2={x(bins.predicted[n])} y1={y(bins.low[n])} y2={y(bins.high[n])} />
              <circle class="dot up" cx={x(bins.predicted[n])} cy={y(bins.observed[n])} r={4.6} />
            </g>
          ))}
          <text class="label" x={0} y={11}>{names[1]}</text>
          <text class="label" x={LEFT + side} y={y(0) + 38} text-anchor="end">{names[0]}</text>
        </svg>
      )}
    </div>
  );
}
