// A table comes in: dropped anywhere on the page, chosen with a button, or named on the command line.

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Button } from "../ground/parts";
import { update } from "../ground/state";

export interface Held {
  readonly id: string;
  readonly name: string;
  readonly bytes: number;
}

interface Listed {
  readonly tables: readonly Held[];
  readonly largest: number;
}

/** Settings of a table that make no sense for another one. */
const FRESH = { roles: null, family: null, k: null, pick: null, guess: null, i: null, j: null, corners: null, methods: null, networks: null };

export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  const [value, unit] = bytes < 1e6 ? [bytes / 1e3, "kB"] : bytes < 1e9 ? [bytes / 1e6, "MB"] : [bytes / 1e9, "GB"];
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${unit}`;
}

export async function listed(): Promise<Listed> {
  const answer = await fetch("api/tables");
  if (!answer.ok) throw new Error("This page no longer has leave to ask the server. Open the address that `bridle lab` printed.");
  return (await answer.json()) as Listed;
}

export const choose = (id: string | null): void => update({ ...FRESH, table: id });

interface Way {
  readonly name: string;
  readonly share: number;
  readonly stop: () => void;
}

/** Sends a file to bridle on this machine; `told` hears how much of it is there. */
function send(file: File, told: (share: number) => void): { done: Promise<Held & { said: string }>; stop: () => void } {
  const request = new XMLHttpRequest();
  const done = new Promise<Held & { said: string }>((resolve, reject) => {
    request.open("POST", `api/table?name=${encodeURIComponent(file.name.slice(0, 100))}`);
    request.setRequestHeader("content-type", "application/octet-stream");
    request.upload.onprogress = (e) => told(e.total > 0 ? e.loaded / e.total : 0);
    request.onabort = () => reject(new Error("Stopped: nothing of the file was kept."));
    request.onerror = () => reject(new Error("The file did not arrive: bridle lab does not answer any more."));
    request.onload = () => {
      let answer: { message?: string } = {};
      try {
        answer = JSON.parse(request.responseText) as { message?: string };
      } catch {
        // then the status says it
      }
      if (request.status === 200) resolve(answer as Held & { said: string });
      else reject(new Error(answer.message ?? `The server answered ${request.status}.`));
    };
    request.send(file);
  });
  return { done, stop: () => request.abort() };
}

/** The file button, the drop, the tables that are here already. */
export function Opener({ current, brief }: { current: string | undefined; brief: boolean }): JSX.Element {
  const [there, setThere] = useState<Listed>();
  const [way, setWay] = useState<Way>();
  const [said, setSaid] = useState("");
  const [trouble, setTrouble] = useState("");
  const [over, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const largest = useRef(Infinity);
  const refresh = (): Promise<void> => listed().then((found) => {
    largest.current = found.largest;
    setThere(found);
  }, (problem: Error) => setTrouble(problem.message));
  const take = (file: File | undefined): void => {
    if (!file) return;
    setSaid("");
    setTrouble("");
    if (file.size > largest.current) {
      setTrouble(`${file.name} has ${size(file.size)}; the page takes at most ${size(largest.current)}. Larger ones are opened where they lie: bridle lab TABLE.`);
      return;
    }
    const { done, stop } = send(file, (share) => setWay({ name: file.name, share, stop }));
    setWay({ name: file.name, share: 0, stop });
    done.then(
      (held) => {
        setSaid(held.said);
        choose(held.id);
      },
      (problem: Error) => setTrouble(problem.message),
    ).finally(() => {
      setWay(undefined);
      void refresh();
    });
  };
  const taken = useRef(take);
  taken.current = take;
  useEffect(() => void refresh(), [current]);
  useEffect(() => {
    const files = (e: DragEvent): boolean => e.dataTransfer?.types.includes("Files") ?? false;
    const hover = (e: DragEvent): void => {
      if (!files(e)) return;
      e.preventDefault(); // or the browser would leave the page for the file
      setOver(true);
    };
    const leave = (e: DragEvent): void => void (e.relatedTarget === null && setOver(false));
    const drop = (e: DragEvent): void => {
      if (!files(e)) return;
      e.preventDefault();
      setOver(false);
      taken.current(e.dataTransfer?.files[0]);
    };
    window.addEventListener("dragover", hover);
    window.addEventListener("dragleave", leave);
    window.addEventListener("drop", drop);
    return () => {
      window.removeEventListener("dragover", hover);
      window.removeEventListener("dragleave", leave);
      window.removeEventListener("drop", drop);
    };
  }, []);
  const drop = async (id: string): Promise<void> => {
    await fetch(`api/table?id=${encodeURIComponent(id)}`, { method: "DELETE" });
    if (id === current) choose(null);
    await refresh();
  };
  const others = (there?.tables ?? []).filter((held) => held.id !== current);
  return (
    <div class={`opener${over ? " over" : ""}${brief ? " brief" : ""}`}>
      <div class="opener-row">
        <Button onClick={() => input.current?.click()}>{brief ? "Open another table" : "Choose a table"}</Button>
        <input ref={input} type="file" hidden accept=".csv,.tsv,.txt,.gz,.parquet,.pq,.arrow,.feather,.jsonl,.ndjson" aria-label="A table" tabIndex={-1}
          onChange={(e) => {
            take(e.currentTarget.files?.[0]);
            e.currentTarget.value = "";
          }} />
        <p>{brief ? "or drop a file anywhere on this page." : "or drop a file anywhere on this page: CSV, Parquet, Arrow or JSON lines, one row for each observation, with names in the first line."}</p>
      </div>
      {way && (
        <div class="opener-row">
          <label class="way"><span>{`Taking in ${way.name}, ${Math.round(100 * way.share)}%`}</span><progress max={1} value={way.share} /></label>
          <Button onClick={way.stop}>Stop</Button>
        </div>
      )}
      {trouble && <p class="alert" role="alert">{trouble}</p>}
      <p role="status" class={said ? "small" : "aside-voice"}>{said}</p>
      {others.length > 0 && (
        <ul class="held">
          {others.map((held) => (
            <li key={held.id}>
              <Button onClick={() => choose(held.id)} label={`Look at ${held.name}`}>{held.name}</Button>
              <span>{size(held.bytes)}</span>
              <Button quiet label={`Forget ${held.name}`} onClick={() => void drop(held.id)}>Forget</Button>
            </li>
          ))}
        </ul>
      )}
      {current !== undefined && there?.tables.some((held) => held.id === current) && (
        <p class="opener-row"><Button quiet onClick={() => void drop(current)}>Forget this table</Button></p>
      )}
    </div>
  );
}

export function Privacy(): JSX.Element {
  return (
    <p class="privacy">
      <strong>Nothing leaves this computer.</strong> This page was sent by bridle on this machine ({location.host}) and may talk to nobody else: the browser itself forbids it. A file that
      you choose here is copied to a private folder, which is removed when the lab ends; one that you named on the command line is read where it lies.
    </p>
  );
}
