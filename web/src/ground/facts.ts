// The numbers that the present screen shows, for whoever wants to check them: window.bridleLab.facts().

import { useLayoutEffect } from "preact/hooks";

export type Facts = { readonly [name: string]: unknown };

const NONE = (): Facts => ({});
let current = NONE;
/** Parts of a screen that have numbers of their own, by name. */
const parts = new Map<string, () => Facts>();

declare global {
  interface Window {
    readonly bridleLab: { readonly facts: () => Facts };
  }
}

export function installFacts(): void {
  const facts = (): Facts => ({ ...current(), ...Object.fromEntries([...parts].map(([name, own]) => [name, own()])) });
  Object.defineProperty(window, "bridleLab", { value: Object.freeze({ facts }) });
}

/** `facts` is asked only when someone looks; those of a part stand under its name. */
export function useFacts(facts: () => Facts, part?: string): void {
  useLayoutEffect(() => {
    if (part === undefined) current = facts;
    else parts.set(part, facts);
  });
  useLayoutEffect(() => () => {
    if (part === undefined) current = NONE;
    else parts.delete(part);
  }, []);
}
