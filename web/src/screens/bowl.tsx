// The 3D view of the corners screen: loads the chunk by need, rotates by drag, buttons and arrow keys.

import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { colour, useDark, useWidth } from "../ground/hooks";
import { script } from "../ground/load";
import { Button } from "../ground/parts";
import type { Colours, Scene, Stage } from "../three/scene";

declare const THREE_CHUNK: string;

const palette = (): Colours => ({
  paper: colour("paper"), ink: colour("ink"), muted: colour("muted"), rule: colour("rule"), up: colour("up"), down: colour("down"),
});

export function hasWebGL(): boolean {
  try {
    return document.createElement("canvas").getContext("webgl2") !== null;
  } catch {
    return false;
  }
}

export function Bowl(props: {
  scene: Scene;
  names: readonly [string, string];
  label: string;
  tall: number;
  azimuth: number;
  elevation: number;
  onTurn: (azimuth: number, elevation: number) => void;
  onFail: () => void;
}): JSX.Element {
  const { scene, azimuth, elevation, onTurn } = props;
  const [box, width] = useWidth<HTMLDivElement>();
  const size = width;
  const tall = Math.min(Math.round(1.05 * width), props.tall);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [stage, setStage] = useState<Stage>();
  const dark = useDark();
  useEffect(() => {
    let gone = false;
    let made: Stage | undefined;
    const start = async (): Promise<void> => {
      if (!window.bridleThree) await script(THREE_CHUNK);
      if (gone || !canvas.current || !window.bridleThree) return;
      made = window.bridleThree.mount(canvas.current, palette());
      setStage(made);
    };
    start().catch(() => !gone && props.onFail());
    return () => {
      gone = true;
      made?.dispose();
    };
  }, []);
  useLayoutEffect(() => stage?.paint(palette()), [stage, dark]);
  useLayoutEffect(() => {
    if (stage && size > 0) stage.resize(size, tall);
  }, [stage, size, tall]);
  useLayoutEffect(() => stage?.draw(scene), [stage, scene]);
  useLayoutEffect(() => stage?.turn(azimuth, elevation), [stage, azimuth, elevation]);
  const drag = useRef<readonly [number, number, number, number] | undefined>(undefined);
  const turn = (a: number, e: number): void => onTurn(Math.round((((a % 360) + 540) % 360) - 180), Math.round(Math.min(85, Math.max(4, e))));
  const marks = useRef<SVGSVGElement>(null);
  useLayoutEffect(() => {
    if (!stage || size === 0 || !marks.current) return;
    const { centre: [x, y], half, solution, solutionHeight } = scene;
    const places = stage.project([[x + half, 0, 0], [0, y + half, 0], [solution[0], solution[1], solutionHeight]]);
    const lift = [[6, 4], [6, -4], [11, -9]];
    [...marks.current.children].forEach((mark, n) => {
      mark.setAttribute("x", String(Math.min(size - 60, Math.max(4, places[n][0] + lift[n][0]))));
      mark.setAttribute("y", String(Math.max(14, places[n][1] + lift[n][1])));
    });
  }, [stage, scene, size, tall, azimuth, elevation]);
  return (
    <div ref={box} class="bowl">
      <div
        class="bowl-stage"
        style={{ height: `${tall}px` }}
        role="group"
        tabIndex={0}
        aria-label={`${props.label} The arrow keys rotate it.`}
        onKeyDown={(e) => {
          const step = { ArrowLeft: [-5, 0], ArrowRight: [5, 0], ArrowUp: [0, 5], ArrowDown: [0, -5] }[e.key];
          if (!step) return;
          e.preventDefault();
          turn(azimuth + step[0], elevation + step[1]);
        }}
        onPointerDown={(e) => {
          if (e.button !== 0) return;
          drag.current = [e.clientX, e.clientY, azimuth, elevation];
          try {
            e.currentTarget.setPointerCapture(e.pointerId);
          } catch {
            // a made-up pointer has no capture
          }
        }}
        onPointerMove={(e) => {
          const from = drag.current;
          if (from && (e.buttons & 1) === 1) turn(from[2] - 0.5 * (e.clientX - from[0]), from[3] + 0.4 * (e.clientY - from[1]));
        }}
        onPointerUp={() => (drag.current = undefined)}
      >
        <canvas ref={canvas} aria-hidden="true" data-renderer={stage?.renderer} width={1} height={1} />
        {stage && (
          <svg ref={marks} width={size} height={tall} aria-hidden="true">
            <text class="axis-name">{props.names[0]}</text>
            <text class="axis-name">{props.names[1]}</text>
            <text class="end ink">solution</text>
          </svg>
        )}
        {!stage && <p class="covered small" role="status">Loading the 3D view …</p>}
      </div>
      <div class="row" role="group" aria-label="Rotate">
        <Button onClick={() => turn(azimuth - 15, elevation)}>← turn</Button>
        <Button onClick={() => turn(azimuth + 15, elevation)}>turn →</Button>
        <Button onClick={() => turn(azimuth, elevation + 10)}>↑ from above</Button>
        <Button onClick={() => turn(azimuth, elevation - 10)}>↓ from the side</Button>
      </div>
    </div>
  );
}
