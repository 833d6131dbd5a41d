// Long work tells how far it is, and can be stopped.

import type { JSX } from "preact";
import type { Lesson } from "../ground/hooks";
import { Button } from "../ground/parts";

export function Working({ lesson, onStop }: { lesson: Lesson; onStop: () => void }): JSX.Element | null {
  if (!lesson.busy) return null;
  const { progress } = lesson;
  return (
    <p class="row working">
      <span role="status">{progress ? `${progress.stage[0].toUpperCase()}${progress.stage.slice(1)}, ${Math.round(100 * progress.share)}%` : "Computing …"}</span>
      <Button onClick={onStop}>Stop</Button>
    </p>
  );
}
