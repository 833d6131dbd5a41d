// The one state of the lab: the screen and its settings, kept in the URL's hash.

import { useEffect, useState } from "preact/hooks";

export type Settings = { readonly [name: string]: string };
export interface Place {
  readonly screen: string;
  readonly settings: Settings;
}

export const SCREENS = ["home", "corners", "descent", "twins", "needles", "overfit", "network", "yours", "theory", "quiz"] as const;
/** Settings that mean the same on every screen and go along when the screen changes. */
const SHARED = ["dataset", "l1"];
const PATIENCE = 300;

export function parse(hash: string): Place {
  const match = /^#\/([a-z]+)(?:\?(.*))?$/s.exec(hash);
  const screen = match && (SCREENS as readonly string[]).includes(match[1]) ? match[1] : "home";
  const settings: { [name: string]: string } = {};
  for (const [name, value] of new URLSearchParams(match?.[2] ?? "")) {
    if (/^[a-z0-9]{1,12}$/.test(name) && value.length <= 1500) settings[name] = value;
  }
  return { screen, settings };
}

export function hashOf({ screen, settings }: Place): string {
  const names = Object.keys(settings).sort();
  const query = new URLSearchParams(names.map((name) => [name, settings[name]])).toString();
  return `#/${screen}${query ? `?${query}` : ""}`;
}

let place = parse(location.hash);
let pending: number | undefined;
const listeners = new Set<() => void>();

function tell(): void {
  for (const listener of [...listeners]) listener();
}

function write(): void {
  window.clearTimeout(pending);
  pending = undefined;
  if (hashOf(place) !== location.hash) history.replaceState(null, "", hashOf(place));
}

/** Changes settings of this screen; the URL follows at rest (browsers refuse many changes a second). null removes one. */
export function update(changes: { readonly [name: string]: string | number | null }): void {
  const settings: { [name: string]: string } = { ...place.settings };
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) delete settings[name];
    else settings[name] = String(value);
  }
  place = { screen: place.screen, settings };
  window.clearTimeout(pending);
  pending = window.setTimeout(write, PATIENCE);
  tell();
}

/** The hash of a link to a screen; what is shared goes along. */
export function linkTo(screen: string, settings: Settings = {}): string {
  const shared = Object.fromEntries(SHARED.filter((name) => name in place.settings).map((name) => [name, place.settings[name]]));
  return hashOf({ screen, settings: { ...shared, ...settings } });
}

/** Goes to a screen: a step in the browser's history. */
export function go(screen: string, settings: Settings = {}): void {
  if (pending !== undefined) write();
  location.hash = linkTo(screen, settings);
}

window.addEventListener("hashchange", () => {
  if (location.hash !== "" && !location.hash.startsWith("#/")) return;
  window.clearTimeout(pending);
  pending = undefined;
  const next = parse(location.hash);
  if (hashOf(next) === hashOf(place)) return;
  const moved = next.screen !== place.screen;
  place = next;
  tell();
  if (moved) {
    window.scrollTo(0, 0);
    arriving = true;
  }
});
for (const act of ["keydown", "pointerdown"]) window.addEventListener(act, () => (arriving = false), true);
window.addEventListener("pagehide", () => pending !== undefined && write());

/** Whether the screen has just changed: its headline then takes the focus, unless the person has gone on meanwhile. */
let arriving = false;
export const justArrived = (): boolean => arriving;

export function currentPlace(): Place {
  return place;
}

export function usePlace(): Place {
  const [, again] = useState(0);
  useEffect(() => {
    const listener = (): void => again((n) => n + 1);
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }, []);
  return place;
}
