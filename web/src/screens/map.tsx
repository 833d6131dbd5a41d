// The map of the lab: the stops in the order of a path, what each teaches, how long it takes, and where one has been.

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { linkTo } from "../ground/state";
import { Button } from "../ground/parts";
import { read, tally } from "../quiz/progress";
import { QUESTIONS } from "../quiz/questions";

export interface Stop {
  /** The name in the URL. */
  readonly name: string;
  readonly title: string;
  readonly teaches: string;
  readonly minutes: number;
}

export const STOPS: readonly Stop[] = [
  { name: "home", title: "Path", minutes: 4, teaches: "A penalty on weights: which features stay, and where to stop." },
  { name: "corners", title: "Corners", minutes: 4, teaches: "Why L1 makes exact zeros and L2 does not: the ellipse and the corner." },
  { name: "descent", title: "Descent", minutes: 5, teaches: "Walking downhill: weight decay, steps that land on 0, stopping early." },
  { name: "twins", title: "Twins", minutes: 4, teaches: "Two near copies: L1 often picks one by luck, L2 shares, the net keeps both." },
  { name: "needles", title: "Needles", minutes: 4, teaches: "1,000 features, 50 real: L1 predicts best, yet selected is not true." },
  { name: "overfit", title: "Overfit", minutes: 5, teaches: "A wild curve calms down: training error, new points, bias and variance." },
  { name: "network", title: "Network", minutes: 6, teaches: "A small network trained five ways: decay, L1, dropout, early stopping." },
  { name: "yours", title: "Your data", minutes: 8, teaches: "All of it on a table of your own, which never leaves your computer." },
  { name: "theory", title: "Theory", minutes: 15, teaches: "Eleven questions answered in plain English, with formulas and pictures." },
  { name: "quiz", title: "Quiz", minutes: 12, teaches: "Thirty ideas, one at a time; what you miss comes back in other words." },
];

const KEY = "bridle-lab-visited-1";
let memory: readonly string[] = []; // where the browser keeps nothing

/** Names of visited stops, the latest last; storage is the person's, so whatever else lies there is left out. */
export function visited(): readonly string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    if (Array.isArray(kept)) return STOPS.map((s) => s.name).filter((name) => kept.includes(name)).sort((a, b) => kept.lastIndexOf(a) - kept.lastIndexOf(b));
  } catch {
    // not allowed, or not JSON
  }
  return memory;
}

function keep(names: readonly string[]): void {
  memory = names;
  try {
    if (names.length) localStorage.setItem(KEY, JSON.stringify(names));
    else localStorage.removeItem(KEY);
  } catch {
    // Private windows and full stores: it lasts as long as the page.
  }
}

export function visit(name: string): void {
  const before = visited();
  if (before[before.length - 1] !== name) keep([...before.filter((n) => n !== name), name]);
}

/** Brings the map into view, its heading in focus. */
function show(heading: HTMLElement | null): void {
  heading?.scrollIntoView({ block: "start" });
  heading?.focus({ preventScroll: true });
}

export function MapLink(): JSX.Element {
  const minutes = STOPS.reduce((sum, s) => sum + s.minutes, 0);
  return (
    <a class="to-map" href={linkTo("home", { at: "map" })} onClick={() => show(document.getElementById("map"))}>
      {`Stop 1 of ${STOPS.length}, ${minutes} minutes in all: the map`}
    </a>
  );
}

export function LabMap({ here, asked }: { here: string; asked: boolean }): JSX.Element {
  const [, again] = useState(0);
  const [said, setSaid] = useState("");
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (asked) show(heading.current);
  }, [asked]);
  const been = visited();
  const last = been.filter((name) => name !== here).pop();
  const latest = STOPS.find((s) => s.name === last);
  const quiz = read();
  const settled = quiz ? tally(quiz).settled : 0;
  const state = (name: string): string => {
    if (name === here) return "● you are here";
    if (name === "quiz" && settled > 0) return settled === QUESTIONS.length ? `✓ all ${settled} ideas settled` : `◐ ${settled} of ${QUESTIONS.length} ideas settled`;
    return been.includes(name) ? "✓ visited" : "";
  };
  return (
    <section class="part map" aria-labelledby="map">
      <h2 id="map" ref={heading} tabIndex={-1}>The map of the lab</h2>
      <p>
        Ten stops, best in this order; each stands on its own. {latest ? <>You were last at <a href={linkTo(latest.name)}>{`stop ${STOPS.indexOf(latest) + 1}, ${latest.title}`}</a>.</> : null}
      </p>
      <ol>
        {STOPS.map(({ name, title, teaches, minutes }) => {
          const now = state(name);
          return (
            <li key={name} class={now ? "been" : undefined}>
              <span class="stop"><a href={linkTo(name)} aria-current={name === here ? "page" : undefined}>{title}</a></span>
              <span class="teaches">{teaches}</span>
              <span class="minutes">{minutes} min</span>
              <span class="state">{now}</span>
            </li>
          );
        })}
      </ol>
      <p class="row">
        <Button quiet onClick={() => {
          keep([]);
          visit(here);
          again((n) => n + 1);
          setSaid("Forgotten.");
        }}>Forget where I was</Button>
        <span role="status">{said}</span>
      </p>
      <p class="small">This is kept in your browser and nowhere else. The quiz’s answers are forgotten on the quiz’s own page.</p>
    </section>
  );
}

/** The stops before and after this one, and the map. */
export function Onward({ here }: { here: string }): JSX.Element | null {
  const at = STOPS.findIndex((s) => s.name === here);
  const [before, after] = [STOPS[at - 1], STOPS[at + 1]];
  return (
    <nav class="onward" aria-label="Along the lesson">
      {before ? <a href={linkTo(before.name)}>{`← ${before.title}`}</a> : <span />}
      {here !== "home" && <a href={linkTo("home", { at: "map" })}>The map</a>}
      {after ? <a href={linkTo(after.name)}>{`Next: ${after.title} →`}</a> : <span />}
    </nav>
  );
}

/** All stops in one row, which scrolls in its own box where there is no room; the present one is always in view. */
export function Navigation({ here }: { here: string }): JSX.Element {
  const box = useRef<HTMLElement>(null);
  const [more, setMore] = useState("");
  const look = (): void => {
    const row = box.current;
    if (!row) return;
    const left = row.scrollLeft > 2;
    const right = row.scrollLeft + row.clientWidth < row.scrollWidth - 2;
    setMore(left && right ? "both" : left ? "left" : right ? "right" : "");
  };
  useEffect(() => {
    const row = box.current;
    const link = row?.querySelector<HTMLElement>("[aria-current]");
    if (row && link) row.scrollLeft = link.offsetLeft - row.offsetLeft - (row.clientWidth - link.offsetWidth) / 2;
    look();
    window.addEventListener("resize", look);
    return () => window.removeEventListener("resize", look);
  }, [here]);
  return (
    <nav ref={box} class="stops-row" aria-label="Lesson" data-more={more} onScroll={look}
      onFocusIn={(e) => (e.target as HTMLElement).scrollIntoView({ block: "nearest", inline: "nearest" })}>
      {STOPS.map(({ name, title }) => (
        <a key={name} href={linkTo(name)} aria-current={name === here ? "page" : undefined}>{title}</a>
      ))}
    </nav>
  );
}
