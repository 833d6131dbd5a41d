// What the small pictures share: a frame with a sentence and a table, sliders, scales and axes.
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import type { Pair } from "../exact";

/** A number as it is read: three digits that count. */
export function num(value: number, digits = 3): string {
  if (value === 0 || Object.is(value, -0)) return "0";
  const size = Math.abs(value);
  const text =
    size >= 1e5 || size < 1e-3
      ? value.toExponential(1).replace(".0e", "e").replace("e+", "e")
      : size >= 10 ** (digits - 1)
        ? value.toFixed(0)
        : value.toPrecision(digits);
  return text.replace("-", "−");
}

export const fixed = (value: number, digits = 2): string => {
  const text = value.toFixed(digits);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−");
};

interface TableData {
  head: string[];
  rows: (string | number)[][];
}

/** The picture, its sentence, its controls, and the numbers behind it. */
export function Frame(props: {
  title: string;
  says: string;
  controls?: ComponentChildren;
  table: TableData;
  children: ComponentChildren;
}) {
  const { head, rows } = props.table;
  return (
    <figure class="th-figure">
      <figcaption>{props.title}</figcaption>
      {props.children}
      {props.controls && <div class="th-controls">{props.controls}</div>}
      <p class="th-says">{props.says}</p>
      <details>
        <summary>The numbers behind this picture</summary>
        <div class="th-scroll" tabIndex={0} role="region" aria-label={`Table: ${props.title}`}>
          <table>
            <thead>
              <tr>
                {head.map((cell) => (
                  <th scope="col">{cell}</th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr>
                  {row.map((cell, k) => (k ? <td>{cell}</td> : <th scope="row">{cell}</th>))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </figure>
  );
}

export function Slider(props: {
  label: string;
  min: number;
  max: number;
  step: number;
  value: number;
  shown: string;
  set: (value: number) => void;
}) {
  const id = useId();
  return (
    <div class="th-slider">
      <label for={id}>
        {props.label} <span class="th-shown">{props.shown}</span>
      </label>
      <input
        id={id}
        type="range"
        min={props.min}
        max={props.max}
        step={props.step}
        value={props.value}
        aria-valuetext={props.shown}
        onInput={(event) => props.set(Number(event.currentTarget.value))}
      />
    </div>
  );
}

export function Choice<T extends string | number>(props: {
  label: string;
  options: readonly (readonly [T, string])[];
  value: T;
  set: (value: T) => void;
}) {
  const name = useId();
  return (
    <fieldset class="th-choice">
      <legend>{props.label}</legend>
      {props.options.map(([value, text]) => (
        <label key={String(value)}>
          <input type="radio" name={name} checked={value === props.value} onChange={() => props.set(value)} />
          <span>{text}</span>
        </label>
      ))}
    </fieldset>
  );
}

export interface Scale {
  (value: number): number;
  ticks: readonly number[];
}

export const W = 340;
export const H = 226;
const [LEFT, RIGHT, TOP, BOTTOM] = [40, 10, 12, 36];

function scale(from: number, to: number, low: number, high: number, log: boolean, ticks: readonly number[]): Scale {
  const f = log ? Math.log : (v: number) => v;
  const [a, b] = [f(from), f(to)];
  return Object.assign((value: number) => low + ((f(value) - a) / (b - a)) * (high - low), { ticks });
}

export const across = (from: number, to: number, ticks: readonly number[], log = false): Scale =>
  scale(from, to, LEFT, W - RIGHT, log, ticks);
export const upward = (from: number, to: number, ticks: readonly number[], log = false): Scale =>
  scale(from, to, H - BOTTOM, TOP, log, ticks);

export function Plot(props: {
  label: string;
  x: Scale;
  y: Scale;
  xName: string;
  yName: string;
  say?: (value: number) => string;
  children: ComponentChildren;
}) {
  const { x, y } = props;
  const say = props.say ?? ((value: number) => String(value).replace("-", "−"));
  return (
    <svg class="th-plot" viewBox={`0 0 ${W} ${H}`} role="img" aria-label={props.label}>
      {y.ticks.map((v) => (
        <g>
          <line class="th-grid" x1={LEFT} x2={W - RIGHT} y1={y(v)} y2={y(v)} />
          <text class="th-tick" x={LEFT - 5} y={y(v) + 4} text-anchor="end">
            {say(v)}
          </text>
        </g>
      ))}
      {x.ticks.map((v) => (
        <text class="th-tick" x={x(v)} y={H - BOTTOM + 15} text-anchor="middle">
          {say(v)}
        </text>
      ))}
      <line class="th-axis" x1={LEFT} x2={W - RIGHT} y1={H - BOTTOM} y2={H - BOTTOM} />
      <text class="th-name" x={W - RIGHT} y={H - 4} text-anchor="end">
        {props.xName}
      </text>
      <text class="th-name" x={LEFT + 4} y={TOP + 4}>
        {props.yName}
      </text>
      {props.children}
    </svg>
  );
}

const r2 = (value: number): number => Math.round(value * 100) / 100;

export function line(points: readonly Pair[], x: Scale, y: Scale, closed = false): string {
  return points.map(([a, b], k) => `${k ? "L" : "M"}${r2(x(a))} ${r2(y(b))}`).join("") + (closed ? "Z" : "");
}

export const range = (from: number, to: number, steps: number): number[] =>
  Array.from({ length: steps + 1 }, (_, k) => from + ((to - from) * k) / steps);
