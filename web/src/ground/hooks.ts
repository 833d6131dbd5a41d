import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { RefObject } from "preact";
import { cached, catalog, load, NeedsServer, type Catalog, type Progress } from "./load";
import type { Payload } from "./wire";

/** The width of an element in whole pixels, 0 before it is known. */
export function useWidth<T extends HTMLElement>(): readonly [RefObject<T | null>, number] {
  const ref = useRef<T>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const element = ref.current;
    if (!element) return;
    const measure = (): void => setWidth(Math.floor(element.clientWidth));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [ref, width];
}

function useMedia(query: string): boolean {
  const [matches, setMatches] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const media = matchMedia(query);
    const listener = (): void => setMatches(media.matches);
    media.addEventListener("change", listener);
    return () => media.removeEventListener("change", listener);
  }, [query]);
  return matches;
}

export const useDark = (): boolean => useMedia("(prefers-color-scheme: dark)");
export const useStill = (): boolean => useMedia("(prefers-reduced-motion: reduce)");
export const isStill = (): boolean => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** Heights for pictures that share what the window has left beside `used`, by shares within limits; `narrow` on small screens. */
export function useRoom(used: number, shares: readonly number[], limits: readonly (readonly [number, number])[], narrow: readonly number[]): readonly number[] {
  const measure = (): number => (window.innerWidth < 960 ? -1 : window.innerHeight);
  const [room, setRoom] = useState(measure);
  useEffect(() => {
    const listener = (): void => setRoom(measure());
    window.addEventListener("resize", listener);
    return () => window.removeEventListener("resize", listener);
  }, []);
  if (room < 0) return narrow;
  return shares.map((part, n) => Math.round(Math.min(limits[n][1], Math.max(limits[n][0], part * (room - used)))));
}

/** A colour of the style sheet, by the name of its custom property. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

export interface Lesson {
  /** The newest payload there is: that of `key`, or while it is on its way the one before. */
  readonly payload?: Payload;
  /** What there is so far of one that is on its way. */
  readonly partial?: Payload;
  readonly busy: boolean;
  readonly progress?: Progress;
  readonly error?: Error;
  readonly missing?: boolean;
}

/** The lesson of a key; without one nothing is asked for, and what was on its way is given up. */
export function useLesson(key: string | undefined): Lesson {
  const [state, setState] = useState<Lesson & { key: string }>({ key: "", busy: true });
  useEffect(() => {
    if (key === undefined) return;
    const payload = cached(key);
    if (payload) {
      setState({ key, payload, busy: false });
      return;
    }
    const stop = new AbortController();
    setState((old) => ({ key, payload: old.payload, busy: true }));
    load(key, {
      signal: stop.signal,
      onProgress: (progress) => !stop.signal.aborted && setState((old) => ({ ...old, progress })),
      onPartial: (partial) => !stop.signal.aborted && setState((old) => ({ ...old, partial })),
    }).then(
      (fresh) => !stop.signal.aborted && setState({ key, payload: fresh, busy: false }),
      (error: Error) => {
        if (stop.signal.aborted) return;
        setState((old) => ({ key, payload: old.payload, busy: false, error, missing: error instanceof NeedsServer }));
      },
    );
    return () => stop.abort();
  }, [key]);
  if (key === undefined) return { ...state, busy: false };
  if (state.key === key) return state;
  const here = cached(key);
  return here ? { payload: here, busy: false } : { payload: state.payload, busy: true };
}

export function useCatalog(): Catalog | undefined {
  const [found, setFound] = useState<Catalog>();
  useEffect(() => {
    catalog().then(setFound, () => undefined);
  }, []);
  return found;
}

/** Runs through whole numbers from `from` to `to`, about `seconds` long; at once where motion is unwelcome. */
export function sweep(from: number, to: number, seconds: number, each: (k: number) => void): () => void {
  if (isStill() || from === to) {
    each(to);
    return () => undefined;
  }
  let frame = 0;
  let start = -1;
  let last = NaN;
  const step = (now: number): void => {
    if (start < 0) start = now;
    const done = Math.min(1, (now - start) / (1000 * seconds));
    const eased = done * done * (3 - 2 * done);
    const k = Math.round(from + (to - from) * eased);
    if (k !== last) each((last = k));
    if (done < 1) frame = requestAnimationFrame(step);
  };
  frame = requestAnimationFrame(step);
  return () => cancelAnimationFrame(frame);
}
