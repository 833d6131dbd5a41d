// Numbers for people: three significant digits, a real minus sign.

export function say(x: number | null | undefined, digits = 3): string {
  if (x === null || x === undefined || !Number.isFinite(x)) return "–";
  if (x === 0) return "0";
  const size = Math.abs(x);
  let said: string;
  if (size >= 1e6 || size < 1e-4) {
    const [mantissa, power] = x.toExponential(digits - 1).split("e");
    said = `${mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa}e${Number(power)}`;
  } else if (size >= 10 ** (digits - 1)) said = grouped(Math.round(x));
  else said = String(Number(x.toPrecision(digits)));
  return said.replace(/-/g, "\u2212");
}

/** Thousands apart where there are five digits or more. */
function grouped(n: number): string {
  return Math.abs(n) < 10000 ? String(n) : String(n).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** As `say`, but large numbers in thousands, for places as narrow as the ticks of an axis. */
export function brief(x: number): string {
  const size = Math.abs(x);
  if (size < 1e5 || size >= 1e9) return say(x);
  return size < 1e6 ? `${say(x / 1e3)}k` : `${say(x / 1e6)}M`;
}

/** With a sign in front, for effects. */
export function signed(x: number, digits = 3): string {
  return x > 0 ? `+${say(x, digits)}` : say(x, digits);
}

export function fixed(x: number, decimals: number): string {
  return x.toFixed(decimals).replace(/-/g, "\u2212");
}

export function share(x: number): string {
  return `${Math.round(100 * x)}%`;
}

export function plural(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}

/** About `count` round numbers from low to high. */
export function roundTicks(low: number, high: number, count: number): number[] {
  if (!(high > low)) return [low];
  const rough = (high - low) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= rough) ?? 10 * power;
  const out: number[] = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + 1e-9 * step; n++) out.push(Number((n * step).toPrecision(12)));
  return out;
}

/** 1, 3, 10, 30 ... within [low, high]; only powers of ten where there are many. */
export function logTicks(low: number, high: number, most = 7): number[] {
  const make = (steps: readonly number[], every: number): number[] => {
    const out: number[] = [];
    for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)); e++)
      for (const m of steps) {
        const t = Number(`${m}e${e}`);
        if (e % every === 0 && t >= low * (1 - 1e-12) && t <= high * (1 + 1e-12)) out.push(t);
      }
    return out;
  };
  for (const [steps, every] of [[[1, 3], 1], [[1], 1], [[1], 2], [[1], 3]] as const) {
    const ticks = make(steps, every);
    if (ticks.length <= most) return ticks;
  }
  return make([1], 4);
}
