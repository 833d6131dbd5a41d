// Small parts that all screens share.

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Lesson } from "./hooks";
import { useCatalog } from "./hooks";
import { justArrived, update } from "./state";

/** The headline of a screen; it takes the focus when the screen changes. */
export function Headline({ children }: { children: ComponentChildren }): JSX.Element {
  const ref = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => {
    if (justArrived()) ref.current?.focus({ preventScroll: true });
  }, []);
  return <h1 ref={ref} tabIndex={-1}>{children}</h1>;
}

const QUIET = 600;

/** The present truth in one sentence, in large type; said aloud (politely) once it has been at rest for a while. */
export function Sentence({ text, children }: { text: string; children?: ComponentChildren }): JSX.Element {
  const [said, setSaid] = useState("");
  useEffect(() => {
    const timer = window.setTimeout(() => setSaid(text), QUIET);
    return () => window.clearTimeout(timer);
  }, [text]);
  return (
    <>
      <p class="sentence">{children ?? text}</p>
      <p class="aside-voice" role="status" aria-live="polite">{said}</p>
    </>
  );
}

export interface Choice<T extends string = string> {
  readonly value: T;
  readonly label: string;
}

/** One of a few: radio buttons in a row. */
export function Choices<T extends string>(props: {
  label: string;
  value: T;
  options: readonly Choice<T>[];
  onChange: (value: T) => void;
}): JSX.Element {
  const name = useId();
  return (
    <fieldset class="choices">
      <legend>{props.label}</legend>
      <div>
        {props.options.map(({ value, label }) => (
          <label key={value}>
            <input type="radio" name={name} value={value} checked={value === props.value} onChange={() => props.onChange(value)} />
            <span>{label}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

export function Check(props: { label: string; checked: boolean; onChange: (checked: boolean) => void }): JSX.Element {
  return (
    <label class="check">
      <input type="checkbox" checked={props.checked} onChange={(e) => props.onChange(e.currentTarget.checked)} />
      <span>{props.label}</span>
    </label>
  );
}

export function Select(props: {
  label: string;
  value: string;
  options: readonly Choice[];
  onChange: (value: string) => void;
}): JSX.Element {
  const { label: title, value: chosen, options } = props;
  const change = useRef(props.onChange);
  change.current = props.onChange;
  // There may be a thousand options: they are made anew only when they change, not whenever a scrubber moves.
  return useMemo(
    () => (
      <label class="select">
        <span>{title}</span>
        <select value={chosen} onChange={(e) => change.current(e.currentTarget.value)}>
          {options.map(({ value, label }) => (
            <option key={value} value={value} selected={value === chosen}>{label}</option>
          ))}
        </select>
      </label>
    ),
    [title, chosen, options],
  );
}

export function Button(props: {
  children: ComponentChildren;
  onClick: () => void;
  label?: string;
  disabled?: boolean;
  quiet?: boolean;
  pressed?: boolean;
}): JSX.Element {
  return (
    <button type="button" class={props.quiet ? "quiet" : undefined} aria-label={props.label} aria-disabled={props.disabled || undefined}
      aria-pressed={props.pressed} onClick={() => props.disabled || props.onClick()}>
      {props.children}
    </button>
  );
}

/** A button that copies lines of Python; the lines can be read, and selected by hand, too. */
export function CopyPython({ code }: { code: string }): JSX.Element {
  const [state, setState] = useState<"" | "Copied." | "Select the lines and copy them.">("");
  const ref = useRef<HTMLPreElement>(null);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(code);
      setState("Copied.");
    } catch {
      const lines = ref.current;
      if (lines) getSelection()?.selectAllChildren(lines);
      setState("Select the lines and copy them.");
    }
    window.setTimeout(() => setState(""), 3000);
  };
  return (
    <details class="python">
      <summary>The same in Python</summary>
      <pre ref={ref}>{code}</pre>
      <p class="row">
        <Button onClick={() => void copy()}>Copy as Python</Button>
        <span role="status">{state}</span>
      </p>
    </details>
  );
}

export interface TableProps {
  readonly caption: string;
  readonly columns: readonly string[];
  /** How many rows there are, and the texts of one. */
  readonly count: number;
  readonly row: (n: number) => readonly string[];
  /** A row to point out. */
  readonly current?: number;
  readonly children?: ComponentChildren;
}

const PAGE = 25;

/** Long words of heads with the places where they may be broken: a wide font leaves a phone no room for whole ones. */
const BROKEN: Readonly<Record<string, string>> = { coefficient: "coeffi\u00adcient", deviance: "devi\u00adance", explained: "ex\u00adplained", predicted: "pre\u00addicted", observed: "ob\u00adserved" };

function Head({ name }: { name: string }): JSX.Element {
  return <>{name.split(" ").map((word, n) => <>{n > 0 && " "}<span class="word">{BROKEN[word] ?? word}</span></>)}</>;
}

/** The numbers behind a picture, made when opened, in pages. */
export function DataTable({ caption, columns, count, row, current, children }: TableProps): JSX.Element {
  const [open, setOpen] = useState(false);
  const [page, setPage] = useState(0);
  const pages = Math.max(1, Math.ceil(count / PAGE));
  const here = Math.min(page, pages - 1);
  const numbers = Array.from({ length: Math.min(PAGE, count - here * PAGE) }, (_, n) => here * PAGE + n);
  return (
    <details class="table" onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary>{caption}</summary>
      {open && (
        <>
          {children}
          <table>
            <caption class="aside-voice">{caption}</caption>
            <thead>
              <tr>{columns.map((name, n) => <th key={n} scope="col" class={n ? "n" : undefined}><Head name={name} /></th>)}</tr>
            </thead>
            <tbody>
              {numbers.map((n) => (
                <tr key={n} class={n === current ? "picked" : undefined} aria-current={n === current ? "true" : undefined}>
                  {row(n).map((cell, c) => (c ? <td key={c} class="n">{cell}</td> : <th key={c} scope="row">{cell}</th>))}
                </tr>
              ))}
            </tbody>
          </table>
          {pages > 1 && (
            <p class="row">
              <Button disabled={here === 0} onClick={() => setPage(here - 1)}>Previous rows</Button>
              <Button disabled={here === pages - 1} onClick={() => setPage(here + 1)}>Next rows</Button>
              <span>{`Page ${here + 1} of ${pages}`}</span>
            </p>
          )}
        </>
      )}
    </details>
  );
}

export interface Guess {
  readonly id: string;
  readonly label: ComponentChildren;
}

/** A question to commit to before the picture moves. `made` is the answer given ("skip" without one). */
export function Predict(props: {
  question: ComponentChildren;
  guesses: readonly Guess[];
  right: string;
  made: string | undefined;
  onGuess: (id: string) => void;
  children: ComponentChildren;
}): JSX.Element {
  const { made, right } = props;
  const guess = props.guesses.find((g) => g.id === made);
  const verdict = useRef<HTMLParagraphElement>(null);
  const before = useRef(made);
  useEffect(() => {
    if (before.current === undefined && made !== undefined) verdict.current?.focus({ preventScroll: true });
    before.current = made;
  }, [made]);
  if (made !== undefined)
    return (
      <div class="predict told">
        <p ref={verdict} tabIndex={-1}>
          {guess && <strong>{made === right ? "As you said. " : "Not quite. "}</strong>}
          {props.children}
        </p>
      </div>
    );
  return (
    <div class="predict" role="group" aria-label="Predict first">
      <p><strong>Predict first. </strong>{props.question}</p>
      <div class="guesses">
        {props.guesses.map(({ id, label }) => (
          <button key={id} type="button" onClick={() => props.onGuess(id)}>{label}</button>
        ))}
        <button type="button" class="quiet" onClick={() => props.onGuess("skip")}>Just show me</button>
      </div>
    </div>
  );
}

/** What to say while a lesson is on its way, could not be had, or needs the server. */
export function Waiting({ lesson }: { lesson: Lesson }): JSX.Element | null {
  if (lesson.missing)
    return (
      <div class="alert" role="alert">
        <p>This combination is not in this folder: it has to be computed, which takes bridle itself. Where bridle is installed, run</p>
        <pre>bridle lab</pre>
      </div>
    );
  if (lesson.error) return <p class="alert" role="alert">{lesson.error.message}</p>;
  if (!lesson.payload)
    return <p class="waiting" role="status">{lesson.progress ? `Computing: ${lesson.progress.stage}, ${Math.round(100 * lesson.progress.share)}%` : "Computing …"}</p>;
  return null;
}

/** A figure with its title; it fades a little while newer numbers are on their way. */
export function Figure(props: { title: ComponentChildren; note?: ComponentChildren; busy?: boolean; children: ComponentChildren }): JSX.Element {
  return (
    <figure aria-busy={props.busy ? "true" : undefined} class={props.busy ? "busy" : undefined}>
      <figcaption><strong>{props.title}</strong>{props.note && <span>{props.note}</span>}</figcaption>
      {props.children}
    </figure>
  );
}

/** The built-in data sets, to choose from. */
export function DataChoice({ value, only }: { value: string; only?: readonly string[] }): JSX.Element | null {
  const found = useCatalog();
  const options = useMemo(
    () => (found?.datasets ?? []).filter((d) => !only || only.includes(d.id)).map((d) => ({ value: d.id, label: d.title })),
    [found, only?.join()],
  );
  if (options.length < 2) return null;
  return (
    <Select label="Data" value={value} options={options}
      onChange={(dataset) => update({ dataset, k: null, pick: null, scale: null, i: null, j: null })} />
  );
}

/** A few lines of theory beside the picture. */
export function Note({ title, children }: { title: string; children: ComponentChildren }): JSX.Element {
  return (
    <section class="note">
      <h2>{title}</h2>
      {children}
    </section>
  );
}
