// The small mathematics of the page's pictures, exact: closed forms, a 2 x 2 problem, one small Cholesky.

export type Pair = readonly [number, number];

/** A problem in two weights: 1/2 w'Gw - c'w, with G = [[a, b], [b, d]]. */
export interface Two {
  readonly a: number;
  readonly b: number;
  readonly d: number;
  readonly cross: Pair;
}

/** What the L1 penalty makes of one weight: minimizes (w - z)^2 / 2 + lambda |w|. */
export function threshold(z: number, lambda: number): number {
  return Math.sign(z) * Math.max(Math.abs(z) - lambda, 0);
}

/** What the L2 penalty makes of one weight: minimizes (w - z)^2 / 2 + lambda w^2 / 2. */
export function shrink(z: number, lambda: number): number {
  return z / (1 + lambda);
}

/** ratio (|w1| + |w2|) + (1 - ratio)/2 (w1^2 + w2^2). */
export function penalty(w: Pair, ratio: number): number {
  return ratio * (Math.abs(w[0]) + Math.abs(w[1])) + ((1 - ratio) / 2) * (w[0] * w[0] + w[1] * w[1]);
}

export function loss(two: Two, w: Pair): number {
  const square = two.a * w[0] * w[0] + 2 * two.b * w[0] * w[1] + two.d * w[1] * w[1];
  return square / 2 - two.cross[0] * w[0] - two.cross[1] * w[1];
}

/** The minimum of loss + alpha penalty, by trying every pattern of signs: at most nine small linear systems. */
export function solveTwo(two: Two, alpha: number, ratio: number): Pair {
  const l1 = alpha * ratio;
  const l2 = alpha * (1 - ratio);
  const a = two.a + l2;
  const d = two.d + l2;
  const det = a * d - two.b * two.b;
  let best: Pair = [0, 0];
  let least = 0;
  const offer = (w: Pair): void => {
    const value = loss(two, w) + alpha * penalty(w, ratio);
    if (value < least) {
      least = value;
      best = w;
    }
  };
  for (const s of [-1, 1]) {
    const first = (two.cross[0] - s * l1) / a;
    if (first * s > 0) offer([first, 0]);
    const second = (two.cross[1] - s * l1) / d;
    if (second * s > 0) offer([0, second]);
    for (const t of [-1, 1]) {
      if (!(det > 0)) continue;
      const p = two.cross[0] - s * l1;
      const q = two.cross[1] - t * l1;
      const w: Pair = [(d * p - two.b * q) / det, (a * q - two.b * p) / det];
      if (w[0] * s > 0 && w[1] * t > 0) offer(w);
    }
  }
  return best;
}

/** Points of the curve penalty = size, once around. */
export function body(size: number, ratio: number, steps = 96): Pair[] {
  const points: Pair[] = [];
  for (let k = 0; k < steps; k++) {
    const angle = (2 * Math.PI * k) / steps;
    const u: Pair = [Math.cos(angle), Math.sin(angle)];
    const linear = ratio * (Math.abs(u[0]) + Math.abs(u[1]));
    const quadratic = (1 - ratio) / 2;
    // linear r + quadratic r^2 = size, in the form that does not cancel
    const root = Math.sqrt(linear * linear + 4 * quadratic * size);
    const r = size > 0 ? (2 * size) / (linear + root) : 0;
    points.push([r * u[0], r * u[1]]);
  }
  return points;
}

/** Points of the curve loss = loss(at), around the loss's own minimum. */
export function contour(two: Two, at: Pair, steps = 96): Pair[] {
  const [c0, c1] = leastSquares(two);
  const dx = at[0] - c0;
  const dy = at[1] - c1;
  const level = two.a * dx * dx + 2 * two.b * dx * dy + two.d * dy * dy;
  const points: Pair[] = [];
  for (let k = 0; k < steps; k++) {
    const angle = (2 * Math.PI * k) / steps;
    const u: Pair = [Math.cos(angle), Math.sin(angle)];
    const q = two.a * u[0] * u[0] + 2 * two.b * u[0] * u[1] + two.d * u[1] * u[1];
    const r = Math.sqrt(level / q);
    points.push([c0 + r * u[0], c1 + r * u[1]]);
  }
  return points;
}

export function leastSquares(two: Two): Pair {
  const det = two.a * two.d - two.b * two.b;
  const [p, q] = two.cross;
  return [(two.d * p - two.b * q) / det, (two.a * q - two.b * p) / det];
}

/** Ridge on the powers x, x^2, ... x^degree, columns divided by their standard deviations: bridle's objective. */
export function polynomial(x: readonly number[], y: readonly number[], degree: number, alpha: number) {
  const n = x.length;
  const mean = (v: readonly number[]): number => v.reduce((s, e) => s + e, 0) / v.length;
  const columns = Array.from({ length: degree }, (_, k) => x.map((e) => e ** (k + 1)));
  const centres = columns.map(mean);
  const spreads = columns.map((v, k) => Math.sqrt(mean(v.map((e) => (e - centres[k]!) ** 2))));
  const scaled = columns.map((v, k) => v.map((e) => (e - centres[k]!) / spreads[k]!));
  const middle = mean(y);
  const gram = scaled.map((u, i) =>
    scaled.map((v, j) => u.reduce((s, e, r) => s + e * v[r]!, 0) / n + (i === j ? alpha : 0)),
  );
  const cross = scaled.map((u) => u.reduce((s, e, r) => s + e * (y[r]! - middle), 0) / n);
  const weights = cholesky(gram, cross);
  const coef = weights.map((w, k) => w / spreads[k]!);
  const predict = (at: number): number =>
    middle + coef.reduce((s, b, k) => s + b * (at ** (k + 1) - centres[k]!), 0);
  const error = Math.sqrt(mean(x.map((e, r) => (y[r]! - predict(e)) ** 2)));
  return { coef, weights, predict, error };
}

/** Solves A v = b for a positive definite A. */
function cholesky(matrix: readonly (readonly number[])[], b: readonly number[]): number[] {
  const n = b.length;
  const low = matrix.map((row) => row.map(() => 0));
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let s = matrix[i]![j]!;
      for (let k = 0; k < j; k++) s -= low[i]![k]! * low[j]![k]!;
      low[i]![j] = i === j ? Math.sqrt(s) : s / low[j]![j]!;
    }
  }
  const v = [...b];
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) v[i]! -= low[i]![k]! * v[k]!;
    v[i]! /= low[i]![i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) v[i]! -= low[k]![i]! * v[k]!;
    v[i]! /= low[i]![i]!;
  }
  return v;
}

/** Gradient steps with weight decay on the loss (w - 1)^2: w <- w (1 - 2 lr lambda) - lr 2 (w - 1). */
export function decaySteps(start: number, rate: number, lambda: number, steps: number): number[] {
  const out = [start];
  for (let t = 0; t < steps; t++) {
    const w = out[t]!;
    out.push(w * (1 - 2 * rate * lambda) - rate * 2 * (w - 1));
  }
  return out;
}

/** The share of a direction's least-squares weight that gradient descent has found after t steps. */
export function stopped(strength: number, rate: number, steps: number): number {
  return 1 - (1 - rate * strength) ** steps;
}

/** The share that ridge leaves of the same direction. */
export function ridged(strength: number, alpha: number): number {
  return strength / (strength + alpha);
}
