// Overfit: a polynomial through noisy points calms down as the penalty grows; both errors, and what the second consists of.

import type { JSX } from "preact";
import { useCallback, useMemo } from "preact/hooks";
import { Chart, logPlaces, spread, type Curve, type Rule } from "../ground/chart";
import { useFacts } from "../ground/facts";
import { plural, roundTicks, say } from "../ground/format";
import { sweep, useLesson, useRoom, useWidth } from "../ground/hooks";
import { lessonKey } from "../ground/load";
import { Formulas, I, Inline, N, O, Row, Sup } from "../ground/math";
import { Button, Choices, CopyPython, DataTable, Figure, Headline, Note, Predict, Select, Sentence, Waiting } from "../ground/parts";
import { Scrubber } from "../ground/scrubber";
import { update, type Settings } from "../ground/state";
import { matrix, row, scalar, text, vector, type Payload } from "../ground/wire";
import { alphaTicks } from "./home";

const DEGREES = Array.from({ length: 15 }, (_, n) => ({ value: String(n + 1), label: n ? String(n + 1) : "1, a straight line" }));
const NOISES = [{ value: "0.1", label: "little" }, { value: "0.3", label: "some" }, { value: "0.6", label: "much" }];
const SIZES = ["10", "30", "100"].map((n) => ({ value: n, label: n }));
const FINE = Array.from({ length: 241 }, (_, n) => -1 + n / 120);
const VERDICTS: { readonly [sign: string]: string } = { "-1": "underfits", "0": "is about right", "1": "overfits" };

const root = (v: ArrayLike<number>): Float64Array => Float64Array.from(v, (m) => Math.sqrt(Math.max(0, m)));

/** A fit's value at a place: weights of x, x², … and the intercept. */
function valueAt(weights: ArrayLike<number>, intercept: number, x: number): number {
  let out = 0;
  for (let j = weights.length - 1; j >= 0; j--) out = (out + weights[j]) * x;
  return out + intercept;
}

function read(payload: Payload, draw: number) {
  const alphas = vector(payload, "alphas");
  const count = alphas.length;
  const degree = scalar(payload, "degree");
  const all = vector(payload, "coefs");
  const own = (name: string): Float64Array => row(matrix(payload, name), draw);
  const [expected, bias, variance] = [vector(payload, "expected"), vector(payload, "bias"), vector(payload, "variance")];
  const noise = scalar(payload, "noise_error");
  const [train, fresh] = [root(own("train_error")), root(own("test_error"))];
  const points = vector(payload, "y");
  const best = scalar(payload, "best");
  const reach = 1.06 * Math.max(1.3, ...points.map(Math.abs));
  // The weak end may be a hundred times worse than anything of interest: the curve then leaves the picture.
  const worst = Math.max(...fresh);
  const cap = Math.min(worst, 2.2 * Math.max(fresh[0], fresh[best]));
  const top = Math.min(Math.max(...expected), 2.4 * Math.max(expected[0], expected[best]));
  const verdict = vector(payload, "verdict");
  return {
    payload, alphas, count, degree, expected, bias, variance, noise, train, fresh, best, verdict, reach,
    x: own("x"), y: own("y"),
    n: scalar(payload, "n_rows"),
    draws: scalar(payload, "draws"),
    shown: matrix(payload, "x").rows,
    weights: (k: number): Float64Array => all.subarray((draw * count + k) * degree, (draw * count + k + 1) * degree),
    intercepts: own("intercepts"),
    kept: own("kept"),
    largest: own("largest"),
    grid: vector(payload, "grid"),
    truth: vector(payload, "truth"),
    low: matrix(payload, "band_low"),
    high: matrix(payload, "band_high"),
    last: count - 1,
    places: logPlaces(alphas),
    ticks: alphaTicks(alphas).filter(({ at }) => at < 0.96), // the name of the axis stands at its end
    flat: new Float64Array(count).fill(noise),
    errorRange: [0, 1.06 * cap] as const,
    partRange: [0, 1.06 * top] as const,
    // What the error on new points does as the penalty grows, from the weak end on.
    shape: verdict[count - 1] < 1 ? "rise" : best === 0 ? "fall" : "valley",
  };
}
type Data = ReturnType<typeof read>;

export function Overfit({ settings }: { settings: Settings }): JSX.Element {
  const degree = settings.degree ?? "15";
  const l1 = settings.l1 === "1" ? "1" : "0";
  const n = settings.n ?? "30";
  const noise = settings.noise ?? "0.3";
  const lesson = useLesson(lessonKey("wiggle", { degree, l1_ratio: l1, n, noise }));
  const asked = Number(settings.draw ?? "1");
  const draw = Number.isInteger(asked) && asked > 0 ? asked - 1 : 0;
  const d = useMemo(() => {
    if (!lesson.payload) return undefined;
    return read(lesson.payload, Math.min(draw, matrix(lesson.payload, "x").rows - 1));
  }, [lesson.payload, draw]);
  return (
    <>
      <Headline>A curve with too much freedom</Headline>
      {d ? <Screen d={d} draw={Math.min(draw, d.shown - 1)} busy={lesson.busy} settings={{ ...settings, degree, l1, n, noise }} /> : <Waiting lesson={lesson} />}
      {d && (lesson.error || lesson.missing) && <Waiting lesson={lesson} />}
    </>
  );
}

const GUESSES = [
  { id: "falls", label: "Both fall" },
  { id: "valley", label: "Own points: rises. New ones: falls, then rises" },
  { id: "fall", label: "Own points: rises. New ones: falls all the way" },
  { id: "rise", label: "Both rise" },
];
const MEANING: { readonly [shape: string]: string } = {
  valley: "With hardly any penalty the curve runs after the noise of its own points: close to them, far off between them. A penalty makes it miss its own points by more, and for a while that is a gain: what it no longer follows is noise. Too strong, and it cannot follow the truth either.",
  fall: "So few and such noisy points tell next to nothing: every weight that is let in does harm, and the flat line is the best that can be had.",
  rise: "A model this stiff, or with so many points, has no freedom to follow the noise. There is nothing for a penalty to cure: it only takes away.",
};

const NOTE = (
  <Note title="What the error on new points consists of">
    <p>
      The columns are <Inline><I>x</I><O>,</O><Sup of={<I>x</I>} to={<N>2</N>} /><O>,</O><O>…</O></Inline>, each brought to unit standard deviation. A curve that swings needs huge weights of alternating signs, and those
      are what the penalty makes dear. Drawn again and again, the points give other fits f. Their expected squared error on a new point is
    </p>
    <Formulas label="expected squared error equals the noise, plus the squared bias, the mean fit less the truth, plus the variance of the fits about their mean">
      {[
        <><mi mathvariant="normal">E</mi><Sup of={<Row><O>(</O><I>y</I><O>−</O><I>f</I><O>)</O></Row>} to={<N>2</N>} /><O>=</O><Sup of={<I>σ</I>} to={<N>2</N>} /></>,
        <><O>+</O><Sup of={<Row><O>(</O><mi mathvariant="normal">E</mi><I>f</I><O>−</O><mi>truth</mi><O>)</O></Row>} to={<N>2</N>} /></>,
        <><O>+</O><mi mathvariant="normal">E</mi><Sup of={<Row><O>(</O><I>f</I><O>−</O><mi mathvariant="normal">E</mi><I>f</I><O>)</O></Row>} to={<N>2</N>} /></>,
      ]}
    </Formulas>
    <p>
      the noise, which no curve escapes, the squared bias of what is too stiff, and the variance of what is too free. The penalty trades variance for bias. Here all three are means over 101 places and 100 data sets,
      and they add up to the error exactly. Underfitting is named where the error is more than 5% above the best of a weaker penalty, or is mostly bias; overfitting where it is more than 5% above that of a stronger one.
    </p>
    <p>Only a made example knows its truth. On real data, cross-validation has to stand in for the curve of new points.</p>
  </Note>
);

function Screen({ d, draw, settings, busy }: { d: Data; draw: number; settings: Settings; busy: boolean }): JSX.Element {
  const { degree, l1, n, noise } = settings;
  const asked = settings.k === undefined ? NaN : settings.k === "best" ? d.best : Number(settings.k);
  const k = Number.isInteger(asked) ? Math.min(d.last, Math.max(0, asked)) : d.last;
  const shown = settings.guess !== undefined || settings.k !== undefined;
  const tall = useRoom(480, [0.58, 0.42], [[170, 330], [135, 220]], [250, 200]);
  const move = useCallback((next: number) => update({ k: next }), []);
  // The other penalty has strengths of its own, on which a number would mean another one.
  const change = (changes: { [name: string]: string | number | null }): void =>
    update({ k: settings.k === undefined ? null : k === d.best ? "best" : "l1" in changes ? null : k, guess: settings.guess ?? "skip", ...changes });

  const [errors, parts] = useMemo<[Curve[], Curve[]]>(() => [
    [
      { y: d.train, tone: "train", dashed: true, width: 2, label: "training" },
      { y: d.fresh, tone: "up", width: 2.6, label: "new" },
    ],
    [
      { y: d.flat, tone: "muted", width: 1.6, label: "noise" },
      { y: d.bias, tone: "ink", dashed: true, width: 2, label: "bias²" },
      { y: d.variance, tone: "down", width: 2, label: "variance" },
      { y: d.expected, tone: "up", width: 2.6, label: "sum" },
    ],
  ], [d]);
  const rules = useMemo<Rule[]>(() => [{ at: d.best, label: "best", strong: true }], [d]);

  const weights = d.weights(k);
  const alpha = d.alphas[k];
  const verdict = VERDICTS[String(d.verdict[k])];
  const lasso = l1 === "1";
  const how = `degree ${d.degree}${lasso ? `, ${d.kept[k]} of ${plural(d.degree, "power")} kept,` : ""}`;
  const sums = `Squared, over ${d.draws} data sets: noise ${say(d.noise)} + bias² ${say(d.bias[k])} + variance ${say(d.variance[k])} = ${say(d.expected[k])}.`;
  const sentence = `At λ = ${say(alpha)} the curve of ${how} ${verdict}: it is ${say(d.train[k])} off on its own ${d.n} points, ${say(d.fresh[k])} off on new ones. ${sums}`;
  useFacts(() => ({
    screen: "overfit", key: d.payload.key, k, count: d.count, alpha, draw, verdict: d.verdict[k], best: d.best, train: d.train[k], fresh: d.fresh[k],
    expected: d.expected[k], bias: d.bias[k], variance: d.variance[k], noise: d.noise, kept: d.kept[k], largest: d.largest[k],
    fit: [...d.grid].map((x) => valueAt(weights, d.intercepts[k], x)), busy,
  }));
  const guessed = (guess: string): void => {
    update({ guess });
    sweep(d.last, d.best, 1.8, (now) => update({ k: now }));
  };
  const bars = [["noise", d.noise, "off"], ["bias²", d.bias[k], "ink"], ["variance", d.variance[k], "down"]] as const;
  const widest = d.partRange[1];

  return (
    <>
      <Sentence text={shown ? sentence : `At λ = ${say(alpha)} the curve of ${how} is ${say(d.train[k])} off on its own ${d.n} points.`}>
        {shown ? (
          <>
            At <em>λ = {say(alpha)}</em> the curve of {how} <em>{verdict}</em>: it is <em>{say(d.train[k])}</em> off on its own {d.n} points, <em>{say(d.fresh[k])}</em> off on new ones. {sums}
          </>
        ) : (
          <>At <em>λ = {say(alpha)}</em>, next to no penalty, the curve of {how} is <em>{say(d.train[k])}</em> off on its own {d.n} points. How far off is it on new ones?</>
        )}
      </Sentence>
      <div class="stage">
        <div class={shown ? "pictures" : "pictures asking"}>
          <Figure busy={busy} title="The points, the curve through them, and the truth"
            note={`Dots: data set ${draw + 1}. Solid: its fit. Dashed: the truth. Shade: 80% of the fits to ${d.draws} such data sets.`}>
            <Fit d={d} k={k} height={tall[0]} label={sentence} />
          </Figure>
          {!shown && (
            <Predict question={`Now the penalty grows from next to nothing. What will the error do, on the curve’s own ${d.n} points and on new ones?`}
              guesses={GUESSES} right={d.shape} made={undefined} onGuess={guessed}>
              {null}
            </Predict>
          )}
          {shown && (
            <div class="twin close">
              <Figure busy={busy} title="Its own points, and new ones">
                <Chart label={`Errors of this data set’s fits along ${d.count} penalties. ${sentence}`} yLabel="typical error" x={d.places} xTicks={d.ticks} xLabel="λ" curves={errors}
                  height={tall[1]} yRange={d.errorRange} at={k} dots={[0, 1]} rules={rules} onScrub={move} />
              </Figure>
              <Figure busy={busy} title={`${d.draws} data sets: why it is off`}>
                <Chart label={`Noise, bias and variance along ${d.count} penalties. ${sums}`} yLabel="squared error on new points" x={d.places} xTicks={d.ticks} xLabel="λ" curves={parts}
                  height={tall[1]} yRange={d.partRange} at={k} dots={[1, 2, 3]} rules={rules} onScrub={move} />
              </Figure>
            </div>
          )}
          <Scrubber label="Penalty λ" count={d.count} k={k} onMove={move} ends={["stronger", "weaker"]}
            say={shown ? `lambda ${say(alpha)}, ${verdict}, error ${say(d.train[k])} on its own points, ${say(d.fresh[k])} on new ones` : `lambda ${say(alpha)}, error ${say(d.train[k])} on its own points`}
            stops={[{ at: d.best, label: "best" }, { at: d.last, label: "λ ≈ 0" }]} />
          {shown && (
            <Predict question={null} guesses={GUESSES} right={d.shape} made={settings.guess ?? "skip"} onGuess={guessed}>
              {MEANING[d.shape]}
            </Predict>
          )}
        </div>
        <div class="panel" role="group" aria-label="Settings">
          <Choices label="Penalty" value={l1} onChange={(v) => change({ l1: v })} options={[{ value: "0", label: "ridge" }, { value: "1", label: "lasso" }]} />
          <Select label="Degree of the polynomial" value={degree} onChange={(v) => change({ degree: v })} options={DEGREES} />
          <Choices label="Points" value={n} onChange={(v) => change({ n: v })} options={SIZES} />
          <Choices label="Noise" value={noise} onChange={(v) => change({ noise: v })} options={NOISES} />
          <div class="drawing">
            <Button onClick={() => change({ draw: ((draw + 1) % d.shown) + 1 })}>Resample</Button>
            <p class="small" role="status">{`data set ${draw + 1} of ${d.shown}`}</p>
          </div>
          {shown && (
            <div class="bars">
              <h2>Why it is off at this λ</h2>
              <ul>
                {bars.map(([name, v, tone]) => (
                  <li key={name}>
                    <span class="name">{name}</span>
                    <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
                      <rect class={`bar ${tone}`} x="0" y="1.5" width={Math.min(100, (100 * v) / widest)} height="7" />
                    </svg>
                    <span class="value">{say(v)}</span>
                  </li>
                ))}
                <li class="own"><span class="name">sum</span><span /><span class="value">{say(d.expected[k])}</span></li>
              </ul>
            </div>
          )}
          <dl class="reading">
            <div><dt>largest weight, per sd</dt><dd>{say(d.largest[k])}</dd></div>
            <div><dt>powers kept</dt><dd>{d.kept[k]} of {d.degree}</dd></div>
          </dl>
        </div>
        <div class="below">
          {shown && (
            <DataTable caption="All penalties" columns={["λ", "training", "new", "bias²", "variance", "noise", "sum"]} count={d.count} current={k}
              row={(m) => [say(d.alphas[m]), say(d.train[m]), say(d.fresh[m]), say(d.bias[m]), say(d.variance[m]), say(d.noise), say(d.expected[m])]} />
          )}
          <DataTable caption="The points and the curve" columns={["x", "y", "fit", "80% of fits, from", "to"]} count={d.n}
            row={(m) => {
              const at = Math.round(50 * (d.x[m] + 1));
              return [say(d.x[m]), say(d.y[m]), say(valueAt(weights, d.intercepts[k], d.x[m])), say(d.low.data[k * d.grid.length + at]), say(d.high.data[k * d.grid.length + at])];
            }}>
            <p class="small">The band stands on a grid of 101 places; this is the nearest one.</p>
          </DataTable>
          <DataTable caption="The weights at this λ" columns={["power", "weight"]} count={d.degree + 1}
            row={(m) => (m ? [m > 1 ? `x^${m}` : "x", say(weights[m - 1], 5)] : ["intercept", say(d.intercepts[k], 5)])} />
          <CopyPython code={text(d.payload, "python")} />
          {NOTE}
        </div>
      </div>
    </>
  );
}

const LEFT = 34;
const RIGHT = 58;
const BOTTOM = 24;

/** Points, fit, truth and the band of all fits, in one picture from x = -1 to 1. */
function Fit({ d, k, height, label }: { d: Data; k: number; height: number; label: string }): JSX.Element {
  const [box, width] = useWidth<HTMLDivElement>();
  const inner = Math.max(1, width - LEFT - RIGHT);
  const floor = height - BOTTOM;
  const x = (v: number): number => LEFT + ((v + 1) / 2) * inner;
  const y = (v: number): number => Math.min(3000, Math.max(-3000, floor / 2 - (v / d.reach) * (floor / 2)));
  const line = (xs: ArrayLike<number>, ys: (n: number) => number): string => {
    let out = "";
    for (let n = 0; n < xs.length; n++) out += `${n ? "L" : "M"}${x(xs[n]).toFixed(1)} ${y(ys(n)).toFixed(1)}`;
    return out;
  };
  // What does not change while the scrubber moves.
  const fixed = useMemo(() => width > 0 && (
    <>
      {roundTicks(-d.reach, d.reach, 4).map((t) => (
        <g key={t}>
          <line class={t === 0 ? "zero" : "grid"} x1={LEFT} x2={LEFT + inner} y1={y(t)} y2={y(t)} />
          {y(t) > 10 && y(t) < floor - 8 && <text class="tick" x={LEFT - 6} y={y(t) + 4} text-anchor="end">{say(t)}</text>}
        </g>
      ))}
      {[-1, -0.5, 0, 0.5, 1].map((t) => <text key={t} class="tick" x={x(t)} y={height - 6} text-anchor="middle">{say(t)}</text>)}
      <text class="label" x={LEFT + inner + 16} y={height - 6}>x</text>
    </>
  ), [d, width, height]);
  const truth = useMemo(() => line(d.grid, (n) => d.truth[n]), [d, width, height]);
  const dots = useMemo(() => [...d.x].map((v, n) => <circle key={n} class="sample" cx={x(v)} cy={y(d.y[n])} r={d.n > 30 ? 2.6 : 3.6} />), [d, width, height]);
  const [weights, intercept] = [d.weights(k), d.intercepts[k]];
  const fit = line(FINE, (n) => valueAt(weights, intercept, FINE[n]));
  const [low, high] = [row(d.low, k), row(d.high, k)];
  let band = line(d.grid, (n) => low[n]);
  for (let n = d.grid.length - 1; n >= 0; n--) band += `L${x(d.grid[n]).toFixed(1)} ${y(high[n]).toFixed(1)}`;
  const ends = spread([y(d.truth[d.truth.length - 1]), y(valueAt(weights, intercept, 1))], 16, 12, floor - 8);
  return (
    <div ref={box} class="chart fit" role="img" aria-label={label}>
      <svg width={width} height={height} viewBox={`0 0 ${Math.max(1, width)} ${height}`} aria-hidden="true">
        <clipPath id="fit-frame"><rect x={LEFT} y={0} width={inner} height={floor} /></clipPath>
        <g clip-path="url(#fit-frame)"><path class="fits" d={`${band}Z`} /></g>
        {fixed}
        <g clip-path="url(#fit-frame)">
          <path class="truth" d={truth} />
          <path class="curve up" d={fit} />
          {dots}
        </g>
        {width > 0 && (
          <>
            <text class="end ink" x={LEFT + inner + 8} y={ends[0] + 4}>truth</text>
            <text class="end up" x={LEFT + inner + 8} y={ends[1] + 4}>this fit</text>
          </>
        )}
      </svg>
    </div>
  );
}
