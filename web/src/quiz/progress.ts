// What the quiz remembers, and what it asks next: plain functions over a small state, kept in the browser alone.
import { QUESTIONS, type Ask, type Question } from "./questions";

/** An item is a question's id, or the id and a star for its variant. */
export type Item = string;
export interface State {
  readonly seed: number;
  /** What is still to be asked; the first is on the table. */
  readonly queue: readonly Item[];
  /** What was answered: the item and the option's place in the data. */
  readonly log: readonly (readonly [item: Item, option: number])[];
  /** The answer to the first of the queue, once given. */
  readonly chosen: number | null;
  /** The summary is shown though questions are left. */
  readonly paused: boolean;
}

const KEY = "bridle-lab-quiz-1";
/** A wrong answer comes back in other words after at least this many other questions. */
export const APART = 3;
const LESSON = 4; // the lesson's own questions come first

const byId = new Map(QUESTIONS.map((q) => [q.id, q]));

export const idOf = (item: Item): string => item.replace("*", "");
export const other = (item: Item): Item => (item.endsWith("*") ? idOf(item) : `${item}*`);

export function question(item: Item): Question {
  return byId.get(idOf(item)) ?? QUESTIONS[0]!;
}

export function asked(item: Item): Ask {
  const found = question(item);
  return item.endsWith("*") ? found.variant : found;
}

export function isRight(item: Item, option: number): boolean {
  return asked(item).options[option]?.right === true;
}

/** Whole numbers below `below`, the same for the same seed (xorshift, Marsaglia 2003). */
function draws(seed: number): (below: number) => number {
  let x = seed | 0 || 1;
  const step = (): number => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
  for (let k = 0; k < 8; k++) step();
  return (below) => step() % below;
}

export function shuffled<T>(values: readonly T[], seed: number): T[] {
  const out = [...values];
  const draw = draws(seed);
  for (let k = out.length - 1; k > 0; k--) {
    const with_ = draw(k + 1);
    [out[k], out[with_]] = [out[with_]!, out[k]!];
  }
  return out;
}

/** The order in which an item's options are shown: places in the data. */
export function order(state: State, item: Item): number[] {
  let mixed = state.seed;
  for (const letter of item) mixed = (Math.imul(mixed, 31) + letter.charCodeAt(0)) | 0;
  return shuffled(asked(item).options.map((_, k) => k), mixed);
}

export function fresh(seed: number): State {
  const ids = QUESTIONS.map((q) => q.id);
  const queue = [...shuffled(ids.slice(0, LESSON), seed), ...shuffled(ids.slice(LESSON), seed + 1)];
  return { seed, queue, log: [], chosen: null, paused: false };
}

export function answer(state: State, option: number): State {
  const item = state.queue[0];
  if (item === undefined || state.chosen !== null) return state;
  const log = [...state.log, [item, option] as const];
  if (isRight(item, option)) return { ...state, log, chosen: option };
  // It comes back in its other wording; where too few others are left, ideas already known fill the gap.
  const rest = state.queue.slice(1).filter((i) => idOf(i) !== idOf(item));
  const before = rest.slice(0, APART);
  const used = new Set([...log.map(([i]) => i), ...rest]);
  const spare = shuffled(QUESTIONS, state.seed + log.length)
    .map((q) => `${q.id}*`)
    .filter((i) => !used.has(i) && idOf(i) !== idOf(item) && !rest.some((r) => idOf(r) === idOf(i)));
  while (before.length < APART && spare.length) before.push(spare.shift()!);
  return { ...state, log, chosen: option, queue: [item, ...before, other(item), ...rest.slice(APART)] };
}

export function next(state: State): State {
  return state.chosen === null ? state : { ...state, queue: state.queue.slice(1), chosen: null };
}

export interface Tally {
  /** Ideas answered at least once, ideas whose first answer was right, ideas whose last answer was right. */
  readonly met: number;
  readonly first: number;
  readonly settled: number;
  /** Ideas that were answered wrongly at some time. */
  readonly again: readonly Question[];
}

export function tally(state: State): Tally {
  const first = new Map<string, boolean>();
  const last = new Map<string, boolean>();
  const missed = new Set<string>();
  for (const [item, option] of state.log) {
    const [id, right] = [idOf(item), isRight(item, option)];
    if (!first.has(id)) first.set(id, right);
    last.set(id, right);
    if (!right) missed.add(id);
  }
  const count = (map: Map<string, boolean>): number => [...map.values()].filter(Boolean).length;
  return { met: first.size, first: count(first), settled: count(last), again: QUESTIONS.filter((q) => missed.has(q.id)) };
}

let memory: State | undefined; // where the browser keeps nothing

export function read(): State | undefined {
  try {
    const text = localStorage.getItem(KEY);
    if (text === null) return memory;
    return checked(JSON.parse(text));
  } catch {
    return memory;
  }
}

export function keep(state: State): void {
  memory = state;
  try {
    localStorage.setItem(KEY, JSON.stringify(state));
  } catch {
    // Private windows and full stores: it lasts as long as the page.
  }
}

/** Storage is the person's: whatever is not a state of these questions is left alone and a fresh quiz begins. */
export function checked(value: unknown): State | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { seed, queue, log, chosen, paused } = value as Record<string, unknown>;
  const isItem = (item: unknown): item is Item =>
    typeof item === "string" && /^[^*]+\*?$/.test(item) && byId.has(idOf(item));
  const isOption = (item: Item, option: unknown): option is number =>
    Number.isInteger(option) && asked(item).options[option as number] !== undefined;
  if (!Number.isInteger(seed) || !Array.isArray(queue) || !queue.every(isItem) || !Array.isArray(log)) return undefined;
  for (const entry of log as unknown[]) {
    if (!Array.isArray(entry) || !isItem(entry[0]) || !isOption(entry[0], entry[1])) return undefined;
  }
  if (chosen !== null && (queue[0] === undefined || !isOption(queue[0], chosen))) return undefined;
  return { seed: seed as number, queue, log: log as State["log"], chosen: chosen as number | null, paused: paused === true };
}
