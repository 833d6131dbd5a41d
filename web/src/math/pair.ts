// The loss of two weights, all others held where they are: a quadratic read off the moments.
//   L(w) = 1/2 (1 - 2 w'c + w'Gw)  restricted to coordinates (i, j)  =  constant + 1/2 v'Av - b'v

export type Point = readonly [number, number];

export interface Quadratic {
  readonly a11: number;
  readonly a12: number;
  readonly a22: number;
  readonly b1: number;
  readonly b2: number;
  readonly constant: number;
}

/** gram (p x p, by rows), cross (p), weights (p): standardized units; the weights at i and j do not matter. */
export function restricted(gram: ArrayLike<number>, cross: ArrayLike<number>, weights: ArrayLike<number>, i: number, j: number): Quadratic {
  const p = cross.length;
  let b1 = cross[i];
  let b2 = cross[j];
  let square = 0;
  let linear = 0;
  for (let m = 0; m < p; m++) {
    const w = weights[m];
    if (m === i || m === j || w === 0) continue;
    b1 -= gram[i * p + m] * w;
    b2 -= gram[j * p + m] * w;
    linear += cross[m] * w;
    for (let n = 0; n < p; n++) if (n !== i && n !== j) square += w * gram[m * p + n] * weights[n];
  }
  return { a11: gram[i * p + i], a12: gram[i * p + j], a22: gram[j * p + j], b1, b2, constant: 0.5 * (1 - 2 * linear + square) };
}

/** The quadratic with this slope and curvature (a11, a12, a22) at a point; its level there is 0. */
export function expanded(slope: Point, curvature: readonly [number, number, number], at: Point): Quadratic {
  const [a11, a12, a22] = curvature;
  const [x, y] = at;
  const b1 = a11 * x + a12 * y - slope[0];
  const b2 = a12 * x + a22 * y - slope[1];
  return { a11, a12, a22, b1, b2, constant: b1 * x + b2 * y - 0.5 * (a11 * x * x + 2 * a12 * x * y + a22 * y * y) };
}

export function lossAt(q: Quadratic, [x, y]: Point): number {
  return q.constant + 0.5 * (q.a11 * x * x + 2 * q.a12 * x * y + q.a22 * y * y) - q.b1 * x - q.b2 * y;
}

export function gradientAt(q: Quadratic, [x, y]: Point): Point {
  return [q.a11 * x + q.a12 * y - q.b1, q.a12 * x + q.a22 * y - q.b2];
}

/** Eigenvalues (descending) and the unit eigenvector of the first; the second is at a right angle. */
export function axes(q: Quadratic): { readonly steep: number; readonly flat: number; readonly direction: Point } {
  const middle = (q.a11 + q.a22) / 2;
  const half = (q.a11 - q.a22) / 2;
  const reach = Math.hypot(half, q.a12);
  const angle = 0.5 * Math.atan2(q.a12, half);
  return { steep: middle + reach, flat: middle - reach, direction: [Math.cos(angle), Math.sin(angle)] };
}

/** The bottom of the bowl; the point nearest to zero where the bowl is a trough. */
export function bottom(q: Quadratic): Point {
  const { steep, flat, direction: [u, v] } = axes(q);
  if (!(steep > 0)) return [0, 0];
  const along = (q.b1 * u + q.b2 * v) / steep;
  const across = flat > 1e-12 * steep ? (q.b2 * u - q.b1 * v) / flat : 0;
  return [along * u - across * v, along * v + across * u];
}

/** The ellipse on which the loss has this level, as a closed curve; empty below the bottom. */
export function ellipse(q: Quadratic, level: number, points = 120): Point[] {
  const centre = bottom(q);
  const above = level - lossAt(q, centre);
  if (!(above > 0)) return [];
  const { steep, flat, direction: [u, v] } = axes(q);
  const short = Math.sqrt((2 * above) / steep);
  const long = Math.sqrt((2 * above) / Math.max(flat, 1e-9 * steep));
  return Array.from({ length: points }, (_, n) => {
    const angle = (2 * Math.PI * n) / points;
    const along = short * Math.cos(angle);
    const across = long * Math.sin(angle);
    return [centre[0] + along * u - across * v, centre[1] + along * v + across * u] as const;
  });
}
