// The one scrubber of lambda: it stops only at strengths that were solved, and never asks the network for anything.

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { sweep } from "./hooks";
import { Button } from "./parts";

export interface Stop {
  readonly at: number;
  readonly label: string;
}

export interface ScrubberProps {
  readonly label: string;
  readonly count: number;
  readonly k: number;
  readonly onMove: (k: number, by?: string) => void;
  /** What the present place says aloud. */
  readonly say: string;
  readonly ends: readonly [string, string];
  readonly stops?: readonly Stop[];
  readonly unit?: readonly [string, string];
  readonly children?: ComponentChildren;
}

export function Scrubber(props: ScrubberProps): JSX.Element {
  const { k, count, onMove } = props;
  const stop = useRef<(() => void) | undefined>(undefined);
  useEffect(() => () => stop.current?.(), []);
  const to = (next: number): void => {
    stop.current?.();
    onMove(Math.min(count - 1, Math.max(0, next)));
  };
  const [back, forward] = props.unit ?? ["A stronger penalty", "A weaker penalty"];
  return (
    <div class="scrubber">
      <input
        type="range"
        min={0}
        max={count - 1}
        step={1}
        value={k}
        aria-label={props.label}
        aria-valuetext={props.say}
        onInput={(e) => to(Number(e.currentTarget.value))}
      />
      <div class="scrubber-row">
        <Button label={back} disabled={k === 0} onClick={() => to(k - 1)}>{`← ${props.ends[0]}`}</Button>
        <span class="stops">
          {props.stops?.map(({ at, label }) => (
            <Button key={label} pressed={at === k} onClick={() => {
              stop.current?.();
              stop.current = sweep(k, at, 0.5, (now) => onMove(now));
            }}>{label}</Button>
          ))}
          {props.children}
        </span>
        <Button label={forward} disabled={k === count - 1} onClick={() => to(k + 1)}>{`${props.ends[1]} →`}</Button>
      </div>
    </div>
  );
}
