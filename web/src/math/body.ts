// The penalty's body: all weights whose penalty is at most t. Diamond (l1), disc (l2), between them the elastic net's.
//   P(w) = l1 (|x| + |y|) + (1 - l1)/2 (x^2 + y^2)

import type { Point } from "./pair";

export function penaltyAt(l1: number, [x, y]: Point): number {
  return l1 * (Math.abs(x) + Math.abs(y)) + ((1 - l1) / 2) * (x * x + y * y);
}

/** How far the body of size t reaches in a direction of unit length. */
export function reach(l1: number, t: number, [u, v]: Point): number {
  const slope = l1 * (Math.abs(u) + Math.abs(v));
  const root = Math.sqrt(slope * slope + 2 * (1 - l1) * t);
  return t > 0 ? (2 * t) / (slope + root) : 0;
}

const QUARTER: readonly Point[] = [[1, 0], [0, 1], [-1, 0], [0, -1]];

/** The wall of the body as a closed curve; its corners lie on the axes exactly. */
export function wall(l1: number, t: number, perQuarter = 24): Point[] {
  const out: Point[] = [];
  for (let q = 0; q < 4; q++) {
    for (let n = 0; n < perQuarter; n++) {
      const angle = (Math.PI / 2) * (q + n / perQuarter);
      const unit: Point = n === 0 ? QUARTER[q] : [Math.cos(angle), Math.sin(angle)];
      const far = reach(l1, t, unit);
      out.push([far * unit[0], far * unit[1]]);
    }
  }
  return out;
}
