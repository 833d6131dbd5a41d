// Screens that are loaded when they are first looked at: each a classic script of its own, which works from file:// too.
// build.mjs makes them and hands them the modules of this page, so that nothing is loaded twice.

import type { ComponentType, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { script } from "./load";
import { Headline } from "./parts";
import type { Settings } from "./state";

type Screen = ComponentType<{ settings: Settings }>;

/** The file of every such screen, by its name. */
declare const SCREEN_CHUNKS: { readonly [name: string]: string };

declare global {
  interface Window {
    bridleScreens?: { [name: string]: Screen };
  }
}

export const isLazy = (name: string): boolean => name in SCREEN_CHUNKS;

export function Lazy({ name, title, settings }: { name: string; title: string; settings: Settings }): JSX.Element {
  const [, again] = useState(0);
  const [failed, setFailed] = useState("");
  const Found = window.bridleScreens?.[name];
  useEffect(() => {
    if (window.bridleScreens?.[name]) return;
    let gone = false;
    script(SCREEN_CHUNKS[name]).then(
      () => !gone && again((n) => n + 1),
      (problem: Error) => !gone && setFailed(problem.message),
    );
    return () => void (gone = true);
  }, [name]);
  if (Found) return <Found settings={settings} />;
  return (
    <>
      <Headline>{title}</Headline>
      {failed ? <p class="alert" role="alert">{failed}</p> : <p class="waiting" role="status">Loading …</p>}
    </>
  );
}
