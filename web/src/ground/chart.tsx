// Curves over one shared axis: drawn once on a canvas; axes and labels in SVG; only the marker moves.

import type { JSX } from "preact";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { brief, roundTicks } from "./format";
import { colour, useDark, useWidth } from "./hooks";

export type Tone = "up" | "down" | "off" | "train" | "ink" | "muted";

export interface Curve {
  readonly y: ArrayLike<number>;
  readonly tone: Tone;
  /** Written at the right end. */
  readonly label?: string;
  readonly width?: number;
  readonly dashed?: boolean;
  readonly faint?: boolean;
  /** Places of its own points, where they are not the chart's. */
  readonly x?: ArrayLike<number>;
}

export interface Rule {
  readonly at: number;
  readonly label: string;
  readonly strong?: boolean;
}

export interface ChartProps {
  /** What the picture shows, for who does not see it. */
  readonly label: string;
  readonly yLabel: string;
  readonly xLabel?: string;
  /** Positions of the points from 0 (left) to 1 (right), ascending. */
  readonly x: ArrayLike<number>;
  readonly xTicks: readonly { readonly at: number; readonly label: string }[];
  readonly curves: readonly Curve[];
  readonly height: number;
  readonly yRange: readonly [number, number];
  readonly rules?: readonly Rule[];
  readonly band?: { readonly low: ArrayLike<number>; readonly high: ArrayLike<number> };
  readonly level?: { readonly y: number; readonly label: string };
  readonly topTicks?: readonly { readonly at: number; readonly label: string }[];
  readonly topLabel?: string;
  /** The index of the marker; none where undefined. */
  readonly at?: number;
  /** Curves that carry a dot at the marker. */
  readonly dots?: readonly number[];
  readonly onScrub?: (k: number) => void;
  readonly onPick?: (curve: number) => void;
  /** Words instead of the curves, before they are shown. */
  readonly covered?: string;
}

export const LEFT = 44;
export const RIGHT = 72;
const BOTTOM = 26;
const GAP = 15;

/** Where a marker's index lies, in pixels of a chart as wide as this. */
export function plotX(x: ArrayLike<number>, k: number, width: number): number {
  return LEFT + x[k] * Math.max(1, width - LEFT - RIGHT);
}

export function nearest(x: ArrayLike<number>, place: number): number {
  let low = 0;
  let high = x.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (x[middle] < place) low = middle;
    else high = middle;
  }
  return place - x[low] <= x[high] - place ? low : high;
}

/** Moves labels apart so that none covers another, in order, near where they belong. */
export function spread(wanted: readonly number[], gap: number, low: number, high: number): number[] {
  const order = wanted.map((_, n) => n).sort((a, b) => wanted[a] - wanted[b]);
  const places = order.map((n) => Math.min(high, Math.max(low, wanted[n])));
  for (let turn = 0; turn < 60; turn++) {
    let moved = false;
    for (let n = 1; n < places.length; n++) {
      const short = gap - (places[n] - places[n - 1]);
      if (short > 1e-3) {
        places[n - 1] -= short / 2;
        places[n] += short / 2;
        moved = true;
      }
    }
    const over = places.length ? places[places.length - 1] - high : 0;
    if (over > 0) for (let n = places.length - 1, top = high; n >= 0 && places[n] > top; n--, top -= gap) places[n] = top;
    const under = places.length ? low - places[0] : 0;
    if (under > 0) for (let n = 0, floor = low; n < places.length && places[n] < floor; n++, floor += gap) places[n] = floor;
    if (!moved) break;
  }
  const out = new Array<number>(wanted.length);
  order.forEach((n, m) => (out[n] = places[m]));
  return out;
}

let ruler: CanvasRenderingContext2D | null = null;

/** A name of at most nine letters, of fewer where they are wider than the room in the reader's font. */
function fit(label: string): string {
  const pen = (ruler ??= document.createElement("canvas").getContext("2d"));
  if (pen) pen.font = `600 12px ${getComputedStyle(document.body).fontFamily}`;
  for (let most = 9; ; most--) {
    const cut = label.length > most ? `${label.slice(0, most - 1)}…` : label;
    if (most <= 3 || !pen || pen.measureText(cut).width <= RIGHT - 8) return cut;
  }
}

export function Chart(props: ChartProps): JSX.Element {
  const { x, curves, height, yRange, rules, band, level, topTicks, covered } = props;
  const [box, width] = useWidth<HTMLDivElement>();
  const canvas = useRef<HTMLCanvasElement>(null);
  const dark = useDark();
  const top = topTicks ? 36 : 24;
  const inner = Math.max(1, width - LEFT - RIGHT);
  const floor = height - BOTTOM;
  const [low, high] = yRange;
  const toY = (v: number): number => floor - ((v - low) / (high - low)) * (floor - top);
  const toX = (place: number): number => LEFT + place * inner;

  const ticks = roundTicks(low, high, Math.max(3, Math.round((floor - top) / 44)));

  useLayoutEffect(() => {
    const surface = canvas.current;
    if (!surface || width === 0) return;
    const scale = Math.min(3, window.devicePixelRatio || 1);
    surface.width = Math.round(width * scale);
    surface.height = Math.round(height * scale);
    surface.style.width = `${width}px`;
    surface.style.height = `${height}px`;
    const pen = surface.getContext("2d");
    if (!pen) return;
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, width, height);
    if (covered !== undefined) return;
    pen.save();
    pen.beginPath();
    pen.rect(LEFT - 2, top - 6, inner + 4, floor - top + 8);
    pen.clip();
    if (band) {
      pen.beginPath();
      for (let k = 0; k < x.length; k++) pen.lineTo(toX(x[k]), toY(band.high[k]));
      for (let k = x.length - 1; k >= 0; k--) pen.lineTo(toX(x[k]), toY(band.low[k]));
      pen.fillStyle = colour("band");
      pen.fill();
    }
    // Under the curves, or it would cut them; a line's middle lies on half a pixel.
    for (const t of ticks) {
      pen.beginPath();
      pen.moveTo(LEFT, Math.round(toY(t)) + 0.5);
      pen.lineTo(LEFT + inner, Math.round(toY(t)) + 0.5);
      pen.strokeStyle = colour(t === 0 ? "muted" : "grid");
      pen.lineWidth = 1;
      pen.stroke();
    }
    pen.lineJoin = "round";
    const order = curves.map((_, n) => n).sort((a, b) => Number(curves[b].faint ?? false) - Number(curves[a].faint ?? false));
    for (const n of order) {
      const curve = curves[n];
      pen.beginPath();
      for (let k = 0; k < curve.y.length; k++) {
        const v = curve.y[k];
        // Far outside there are no pixels, and a canvas draws nothing of a path that goes there.
        if (Number.isFinite(v)) pen.lineTo(toX((curve.x ?? x)[k]), Math.min(1e4, Math.max(-1e4, toY(v))));
      }
      pen.strokeStyle = colour(curve.tone);
      pen.globalAlpha = curve.faint ? 0.22 : 1;
      pen.lineWidth = curve.width ?? 1.8;
      pen.setLineDash(curve.dashed ? [6, 4] : []);
      pen.stroke();
    }
    pen.restore();
  }, [x, curves, band, width, height, low, high, dark, covered !== undefined, top]);

  const frame = useMemo(() => {
    if (width === 0) return null;
    const ends: { n: number; label: string; y: number }[] = [];
    if (covered === undefined)
      curves.forEach((curve, n) => {
        const v = curve.y[curve.y.length - 1];
        // A curve that leaves the picture is named where it leaves; far outside, no path can be drawn.
        if (curve.label && Number.isFinite(v)) ends.push({ n, label: curve.label, y: Math.min(floor, Math.max(top - 6, toY(v))) });
      });
    const wanted = ends.map((e) => e.y);
    if (level && covered === undefined) wanted.push(toY(level.y));
    const places = spread(wanted, GAP, top, floor - 2);
    const xTicks = thinned(props.xTicks, 38 / inner);
    return (
      <svg class="chart-frame" width={width} height={height} aria-hidden="true">
        {ticks.map((t) => (
          <text key={t} class="tick" x={LEFT - 7} y={toY(t) + 4} text-anchor="end">{brief(t)}</text>
        ))}
        <text class="label" x={0} y={11}>{props.yLabel}</text>
        {topTicks && <text class="label" x={LEFT + inner + 8} y={top - 10}>{props.topLabel}</text>}
        {topTicks && thinned(topTicks, 24 / inner).map((t) => (
          <text key={t.at} class="tick" x={toX(t.at)} y={top - 10} text-anchor="middle">{t.label}</text>
        ))}
        <line class="axis" x1={LEFT} x2={LEFT + inner} y1={floor + 0.5} y2={floor + 0.5} />
        {xTicks.map((t) => (
          <g key={t.at}>
            <line class="axis" x1={toX(t.at)} x2={toX(t.at)} y1={floor} y2={floor + 4} />
            <text class="tick" x={toX(t.at)} y={floor + 18} text-anchor="middle">{t.label}</text>
          </g>
        ))}
        {props.xLabel && <text class="label" x={LEFT + inner + 8} y={floor + 18}>{props.xLabel}</text>}
        {level && covered === undefined && (
          <g>
            <line class="null" x1={LEFT} x2={LEFT + inner} y1={toY(level.y)} y2={toY(level.y)} />
            <text class="end null" x={LEFT + inner + 8} y={places[places.length - 1] + 4}>{level.label}</text>
          </g>
        )}
        {covered === undefined && rules?.map((rule, n) => {
          const at = Math.round(toX(x[rule.at])) + 0.5;
          const other = rules.find((r) => r !== rule);
          const late = x[rule.at] > 0.85 || (other !== undefined && rule.at < other.at && x[rule.at] > 0.12);
          return (
            <g key={n}>
              <line class={rule.strong ? "rule strong" : "rule"} x1={at} x2={at} y1={top - 6} y2={floor} />
              <text class={rule.strong ? "rule strong" : "rule"} x={late ? at - 5 : at + 5} y={topTicks ? floor - 8 : top + 6} text-anchor={late ? "end" : "start"}>{rule.label}</text>
            </g>
          );
        })}
        {ends.map((e, m) => (
          <g key={e.n} class={curves[e.n].faint ? "end faint" : "end"}>
            <path class="tie" d={`M${LEFT + inner + 1} ${e.y}L${LEFT + inner + 6} ${places[m]}`} />
            <text class={`end ${curves[e.n].tone}`} x={LEFT + inner + 8} y={places[m] + 4}>
              {fit(e.label)}
              {fit(e.label) !== e.label && <title>{e.label}</title>}
            </text>
            {props.onPick && (
              <rect class="target" x={LEFT + inner + 2} y={places[m] - GAP / 2} width={RIGHT - 2} height={GAP} onClick={() => props.onPick?.(e.n)} />
            )}
          </g>
        ))}
      </svg>
    );
  }, [x, curves, rules, level, width, height, low, high, covered === undefined, topTicks, props.xTicks, props.onPick]);

  const { at, dots, onScrub } = props;
  const follow = (e: PointerEvent & { readonly currentTarget: HTMLDivElement }): void => {
    if (!onScrub || width === 0) return;
    const left = e.currentTarget.getBoundingClientRect().left;
    const place = (e.clientX - left - LEFT) / inner;
    if (place > 1.01 && e.type === "pointerdown") return;
    onScrub(nearest(x, Math.min(1, Math.max(0, place))));
  };
  const markerX = at === undefined ? 0 : toX(x[at]);
  return (
    <div
      ref={box}
      class={onScrub ? "chart scrubs" : "chart"}
      role="img"
      aria-label={props.label}
      onPointerDown={(e) => {
        if (e.button !== 0 || !onScrub) return;
        try {
          e.currentTarget.setPointerCapture(e.pointerId);
        } catch {
          // a made-up pointer has no capture
        }
        follow(e);
      }}
      onPointerMove={(e) => (e.buttons & 1) === 1 && follow(e)}
    >
      <canvas ref={canvas} aria-hidden="true" width={1} height={height} />
      {frame}
      {covered !== undefined && width > 0 && <p class="covered">{covered}</p>}
      {at !== undefined && width > 0 && covered === undefined && (
        <svg class="chart-marker" width={width} height={height} aria-hidden="true">
          <line class="marker" x1={markerX} x2={markerX} y1={top - 6} y2={floor} />
          {dots?.map((n) => {
            const own = curves[n].x;
            const k = own ? nearest(own, x[at]) : at;
            const v = curves[n].y[k];
            return Number.isFinite(v) && v >= low && v <= high ? <circle key={n} class={`dot ${curves[n].tone}`} cx={own ? toX(own[k]) : markerX} cy={toY(v)} r={3.6} /> : null;
          })}
        </svg>
      )}
    </div>
  );
}

function thinned<T extends { readonly at: number }>(ticks: readonly T[], gap: number): T[] {
  const out: T[] = [];
  for (const tick of ticks) if (!out.length || Math.abs(tick.at - out[out.length - 1].at) >= gap) out.push(tick);
  return out;
}

/** A strength's place between strong (0, left) and weak (1, right) on a log scale. */
export function logPlaces(alphas: ArrayLike<number>): Float64Array {
  const first = Math.log(alphas[0]);
  const last = Math.log(alphas[alphas.length - 1]);
  const span = last === first ? 1 : last - first;
  return Float64Array.from({ length: alphas.length }, (_, k) => (Math.log(alphas[k]) - first) / span);
}
