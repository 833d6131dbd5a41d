// Where a picture on a lattice crosses a level: marching squares with straight pieces.

/** Pieces x1, y1, x2, y2, ... in cells from the upper left corner; `values` row by row, `level` between them. */
export function contour(values: ArrayLike<number>, across: number, down: number, level: number): number[] {
  const out: number[] = [];
  const cuts: number[] = [];
  for (let j = 0; j + 1 < down; j++)
    for (let i = 0; i + 1 < across; i++) {
      const a = values[j * across + i] - level;
      const b = values[j * across + i + 1] - level;
      const c = values[(j + 1) * across + i + 1] - level;
      const d = values[(j + 1) * across + i] - level;
      cuts.length = 0;
      if (a > 0 !== b > 0) cuts.push(i + a / (a - b), j);
      if (b > 0 !== c > 0) cuts.push(i + 1, j + b / (b - c));
      if (d > 0 !== c > 0) cuts.push(i + d / (d - c), j + 1);
      if (a > 0 !== d > 0) cuts.push(i, j + a / (a - d));
      if (cuts.length === 4) out.push(...cuts);
      // A saddle: its middle says which corners belong together.
      else if (cuts.length === 8)
        if (a + b + c + d > 0 === a > 0) out.push(cuts[0], cuts[1], cuts[2], cuts[3], cuts[4], cuts[5], cuts[6], cuts[7]);
        else out.push(cuts[0], cuts[1], cuts[6], cuts[7], cuts[2], cuts[3], cuts[4], cuts[5]);
    }
  return out;
}
