// Lessons by key: from the server as a stream of frames, or from the static folder as scripts. Kept, shared, cancellable.

import { decode, type Payload } from "./wire";

export interface Progress {
  readonly stage: string;
  readonly share: number;
}

export interface DataSet {
  readonly id: string;
  readonly title: string;
  readonly about: string;
  readonly n_rows: number;
  readonly p: number;
  readonly target: string;
  readonly names: readonly string[];
}

export interface Catalog {
  readonly version: string;
  readonly datasets: readonly DataSet[];
  readonly keys?: readonly string[];
}

interface Static {
  readonly catalog: Catalog;
  readonly keys: readonly string[];
}

declare global {
  interface Window {
    bridleStatic?: Static;
    bridleLesson?: (key: string, base64: string) => void;
  }
}

/** The lesson is not in the static folder: it has to be computed by `bridle lab`. */
export class NeedsServer extends Error {}

/** `onPartial` gets what there is so far, where a lesson comes in parts; the result is complete by itself. */
export type Options = { signal?: AbortSignal; onProgress?: (progress: Progress) => void; onPartial?: (partial: Payload) => void };
export type Values = { readonly [name: string]: string | number };

/** `kind?a=1&b=2`, names sorted. */
export function lessonKey(kind: string, values: Values): string {
  const names = Object.keys(values).sort();
  return `${kind}?${names.map((name) => `${name}=${values[name]}`).join("&")}`;
}

const KEPT = 48;
const kept = new Map<string, Payload>();

export function cached(key: string): Payload | undefined {
  const payload = kept.get(key);
  if (payload) {
    kept.delete(key);
    kept.set(key, payload);
  }
  return payload;
}

function keep(key: string, payload: Payload): Payload {
  kept.set(key, payload);
  for (const old of kept.keys()) {
    if (kept.size <= KEPT) break;
    kept.delete(old);
  }
  return payload;
}

export async function load(key: string, options: Options = {}): Promise<Payload> {
  const here = cached(key);
  if (here) return here;
  const payload = window.bridleStatic ? await fromFolder(key, options) : await fromServer(key, options);
  return keep(key, payload);
}

let known: Promise<Catalog> | undefined;

/** What there is to look at; asked for once. */
export function catalog(): Promise<Catalog> {
  known ??= findCatalog().catch((error: unknown) => {
    known = undefined;
    throw error;
  });
  return known;
}

async function findCatalog(): Promise<Catalog> {
  if (window.bridleStatic) return window.bridleStatic.catalog;
  const answer = await fetch("api/catalog");
  if (!answer.ok) throw new Error(refusal(answer.status));
  return (await answer.json()) as Catalog;
}

function refusal(status: number): string {
  if (status === 401 || status === 403)
    return "This page no longer has leave to ask the server. Open the address that `bridle lab` printed.";
  return `The server answered ${status}.`;
}

async function fromServer(key: string, { signal, onProgress, onPartial }: Options): Promise<Payload> {
  const answer = await fetch(`api/lesson?key=${encodeURIComponent(key)}`, { signal });
  if (!answer.ok || !answer.body) throw new Error(refusal(answer.status));
  const reader = answer.body.getReader();
  let waiting = new Uint8Array(0);
  let result: Payload | undefined;
  for (;;) {
    const { value, done } = await reader.read();
    if (value) waiting = joined(waiting, value);
    for (;;) {
      if (waiting.length < 5) break;
      const length = new DataView(waiting.buffer, waiting.byteOffset).getUint32(0, true);
      if (waiting.length < 4 + length) break;
      const content = waiting.slice(5, 4 + length);
      const kind = String.fromCharCode(waiting[4]);
      waiting = waiting.slice(4 + length);
      if (kind === "R") {
        result = decode(content); // and on to the end of the stream: a connection that is left early is lost
        continue;
      }
      if (kind === "S") {
        onPartial?.(decode(content));
        continue;
      }
      const said = JSON.parse(new TextDecoder().decode(content)) as { stage: string; share: number; message: string };
      if (kind === "E") throw new Error(said.message);
      onProgress?.({ stage: said.stage, share: said.share });
    }
    if (!done) continue;
    if (result) return result;
    throw new Error("The server stopped in the middle of its answer.");
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/** The file name of a lesson in the static folder. */
export function slug(key: string): string {
  return key.replace(/[^A-Za-z0-9.=_-]/gu, "_");
}

const expected = new Map<string, (base64: string) => void>();

async function fromFolder(key: string, { signal }: Options): Promise<Payload> {
  if (!window.bridleStatic?.keys.includes(key)) throw new NeedsServer(key);
  window.bridleLesson ??= (name, base64) => expected.get(name)?.(base64);
  let base64: string | undefined;
  expected.set(key, (content) => (base64 = content));
  await script(`data/${slug(key)}.js`);
  signal?.throwIfAborted();
  if (base64 === undefined) throw new Error("A file of this folder is missing or empty.");
  return decode(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)));
}

/** Adds a classic script and waits for it; works from file:// too. */
export function script(source: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const element = document.createElement("script");
    element.src = source;
    element.onload = () => {
      element.remove();
      resolve();
    };
    element.onerror = () => {
      element.remove();
      reject(new Error(`${source} could not be read.`));
    };
    document.head.append(element);
  });
}
