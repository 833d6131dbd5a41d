// A plane of two weights, the same scale both ways: axes through zero, whatever is drawn on top.

import type { ComponentChildren, JSX } from "preact";
import type { Point } from "../math/pair";
import { roundTicks, say } from "./format";
import { useWidth } from "./hooks";

/** What has to be in view: the middle and half the sides; half is the larger one. */
export interface View {
  readonly x: number;
  readonly y: number;
  readonly halfX: number;
  readonly halfY: number;
  readonly half: number;
}

export interface Pixels {
  readonly x: (v: number) => number;
  readonly y: (v: number) => number;
  readonly width: number;
  readonly height: number;
  readonly path: (points: readonly Point[], closed?: boolean) => string;
  /** Pixels of one unit. */
  readonly scale: number;
}

/** The smallest view that holds these points and zero. */
export function viewOf(points: readonly Point[], margin = 0.18): View {
  let [x0, x1, y0, y1] = [0, 0, 0, 0];
  for (const [x, y] of points) {
    if (!Number.isFinite(x) || !Number.isFinite(y)) continue;
    x0 = Math.min(x0, x);
    x1 = Math.max(x1, x);
    y0 = Math.min(y0, y);
    y1 = Math.max(y1, y);
  }
  const wide = x1 - x0 || y1 - y0 || 1;
  const tall = y1 - y0 || wide;
  const [halfX, halfY] = [(0.5 + margin) * Math.max(wide, 0.4 * tall), (0.5 + margin) * Math.max(tall, 0.4 * wide)];
  return { x: (x0 + x1) / 2, y: (y0 + y1) / 2, halfX, halfY, half: Math.max(halfX, halfY) };
}

export const TALL = 450;

export function Plane(props: {
  label: string;
  view: View;
  names: readonly [string, string];
  tall?: number;
  children: (pixels: Pixels) => ComponentChildren;
}): JSX.Element {
  const [box, width] = useWidth<HTMLDivElement>();
  const height = Math.min(Math.round(1.05 * width), props.tall ?? TALL);
  const { view } = props;
  const scale = Math.min(width / (2 * view.halfX), height / (2 * view.halfY));
  const x = (v: number): number => width / 2 + (v - view.x) * scale;
  const y = (v: number): number => height / 2 - (v - view.y) * scale;
  const path = (points: readonly Point[], closed = false): string => {
    let out = "";
    for (const p of points) out += `${out ? "L" : "M"}${x(p[0]).toFixed(2)} ${y(p[1]).toFixed(2)}`;
    return closed && out ? `${out}Z` : out;
  };
  const reach = width / (2 * scale || 1);
  const rise = height / (2 * scale || 1);
  const ticksX = roundTicks(view.x - reach, view.x + reach, Math.max(3, width / 110)).filter((t) => t !== 0 && x(t) > 14 && x(t) < width - 14);
  const ticksY = roundTicks(view.y - rise, view.y + rise, Math.max(3, height / 110)).filter((t) => t !== 0 && y(t) > 24 && y(t) < height - 14);
  const insideX = (v: number): number => Math.min(width - 6, Math.max(6, v));
  const insideY = (v: number): number => Math.min(height - 6, Math.max(6, v));
  return (
    <div ref={box} class="plane" role="img" aria-label={props.label}>
      {width > 0 && (
        <svg width={width} height={height} aria-hidden="true">
          {ticksX.map((t) => <line key={`x${t}`} class="grid" x1={x(t)} x2={x(t)} y1={0} y2={height} />)}
          {ticksY.map((t) => <line key={`y${t}`} class="grid" x1={0} x2={width} y1={y(t)} y2={y(t)} />)}
          <line class="zero" x1={0} x2={width} y1={y(0)} y2={y(0)} />
          <line class="zero" x1={x(0)} x2={x(0)} y1={0} y2={height} />
          {props.children({ x, y, width, height, path, scale })}
          {ticksX.map((t) => <text key={`x${t}`} class="tick" x={x(t)} y={Math.min(height - 4, insideY(y(0)) + 15)} text-anchor="middle">{say(t)}</text>)}
          {ticksY.map((t) => <text key={`y${t}`} class="tick" x={Math.max(30, insideX(x(0)) - 6)} y={y(t) + 4} text-anchor="end">{say(t)}</text>)}
          <text class="axis-name" x={width - 4} y={Math.max(30, insideY(y(0)) - 7)} text-anchor="end">{clip(props.names[0])}</text>
          <text class="axis-name" x={Math.min(width - 60, insideX(x(0)) + 7)} y={14}>{clip(props.names[1])}</text>
        </svg>
      )}
    </div>
  );
}

function clip(name: string): string {
  return name.length > 18 ? `${name.slice(0, 17)}…` : name;
}

export function Arrow({ from, to, tone }: { from: readonly [number, number]; to: readonly [number, number]; tone: string }): JSX.Element | null {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const long = Math.hypot(dx, dy);
  if (!(long > 0.5)) return null;
  const head = Math.min(9, long * 0.6);
  const [u, v] = [dx / long, dy / long];
  const back = [to[0] - head * u, to[1] - head * v];
  const wing = 0.45 * head;
  return (
    <g class={`arrow ${tone}`}>
      <line x1={from[0]} y1={from[1]} x2={back[0]} y2={back[1]} />
      <polygon points={`${to[0]},${to[1]} ${back[0] - wing * v},${back[1] + wing * u} ${back[0] + wing * v},${back[1] - wing * u}`} />
    </g>
  );
}
