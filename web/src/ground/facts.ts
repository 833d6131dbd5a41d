// The numbers that the present screen shows, for whoever wants to check them: window.bridleLab.facts().

import { useLayoutEffect } from "preact/hooks";

export type Facts = { readonly [name: string]: unknown };

let current: () => Facts = () => ({});

declare global {
  interface Window {
    readonly bridleLab: { readonly facts: () => Facts };
  }
}

export function installFacts(): void {
  Object.defineProperty(window, "bridleLab", { value: Object.freeze({ facts: () => current() }) });
}

/** `facts` is asked only when someone looks. */
export function useFacts(facts: () => Facts): void {
  useLayoutEffect(() => {
    current = facts;
  });
  useLayoutEffect(() => () => void (current = () => ({})), []);
}
