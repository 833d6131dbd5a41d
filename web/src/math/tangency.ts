// How exactly the loss's ellipse touches the penalty's body at a point, and the optimality conditions behind it.

import { gradientAt, lossAt, type Point, type Quadratic } from "./pair";
import { penaltyAt } from "./body";

/**
 * The sine of the angle between the loss's downhill direction and the body's normal cone at w: 0 is an exact touch.
 * null where both weights are zero (the body is one point) or the ground is flat.
 */
export function tangency(q: Quadratic, l1: number, w: Point): number | null {
  const g = gradientAt(q, w);
  const size = Math.hypot(g[0], g[1]);
  if ((w[0] === 0 && w[1] === 0) || size === 0) return null;
  const d: Point = [-g[0] / size, -g[1] / size];
  const slope = (x: number): number => l1 * Math.sign(x) + (1 - l1) * x;
  if (w[0] !== 0 && w[1] !== 0) {
    const n: Point = [slope(w[0]), slope(w[1])];
    const long = Math.hypot(n[0], n[1]);
    const inner = (d[0] * n[0] + d[1] * n[1]) / long;
    return inner < 0 ? 1 : Math.abs(d[0] * n[1] - d[1] * n[0]) / long;
  }
  const kept = w[0] !== 0 ? 0 : 1;
  const n = slope(w[kept]);
  const forward = d[kept] * Math.sign(n);
  const aside = Math.abs(d[1 - kept]);
  if (forward < 0) return 1;
  // The cone at a corner: aside <= forward * l1 / |n|. Outside it, the distance to its edge.
  const long = Math.hypot(n, l1);
  return Math.max(0, (aside * Math.abs(n) - forward * l1) / long);
}

/** The largest violation of the optimality conditions of the pair, in units of the gradient. */
export function violation(q: Quadratic, l1: number, alpha: number, w: Point): number {
  const g = gradientAt(q, w);
  return Math.max(
    ...[0, 1].map((m) =>
      w[m] !== 0 ? Math.abs(g[m] + alpha * (l1 * Math.sign(w[m]) + (1 - l1) * w[m])) : Math.max(0, Math.abs(g[m]) - alpha * l1),
    ),
  );
}

export function penalizedAt(q: Quadratic, l1: number, alpha: number, w: Point): number {
  return lossAt(q, w) + alpha * penaltyAt(l1, w);
}

/** The closed curve around `centre` (a minimum) on which a convex function reaches a level. */
export function around(f: (w: Point) => number, centre: Point, level: number, far: number, points = 160): Point[] {
  const out: Point[] = [];
  for (let n = 0; n < points; n++) {
    const angle = (2 * Math.PI * n) / points;
    const unit: Point = [Math.cos(angle), Math.sin(angle)];
    const at = (r: number): Point => [centre[0] + r * unit[0], centre[1] + r * unit[1]];
    let low = 0;
    let high = far;
    while (f(at(high)) < level && high < 64 * far) high *= 2;
    for (let step = 0; step < 34; step++) {
      const middle = (low + high) / 2;
      if (f(at(middle)) < level) low = middle;
      else high = middle;
    }
    out.push(at(high));
  }
  return out;
}
