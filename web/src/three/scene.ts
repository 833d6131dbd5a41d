// What the 3D chunk is asked to draw; plain numbers, no three.js here.

import type { Point } from "../math/pair";

export interface Scene {
  /** Rings of the bowl from the bottom outwards: points of one level each, all of the same count. */
  readonly rings: readonly (readonly Point[])[];
  /** The height of each ring, 0 at the bottom, 1 at the rim. */
  readonly heights: readonly number[];
  /** The body's wall: its outline, and the bowl's height above each point; empty for none. */
  readonly wall: readonly Point[];
  readonly wallHeights: readonly number[];
  readonly trajectory: readonly Point[];
  readonly solution: Point;
  readonly solutionHeight: number;
  /** Middle and half width of what is shown. */
  readonly centre: Point;
  readonly half: number;
}

export interface Colours {
  readonly paper: string;
  readonly ink: string;
  readonly muted: string;
  readonly rule: string;
  readonly up: string;
  readonly down: string;
}

export interface Stage {
  draw(scene: Scene): void;
  paint(colours: Colours): void;
  resize(width: number, height: number): void;
  turn(azimuth: number, elevation: number): void;
  /** Where points of the floor (height 0) or above lie, in pixels of the canvas. */
  project(points: readonly (readonly [number, number, number])[]): readonly Point[];
  dispose(): void;
  /** What draws: the graphics card's name, as far as the browser tells. */
  readonly renderer: string;
}

declare global {
  interface Window {
    bridleThree?: { readonly mount: (canvas: HTMLCanvasElement, colours: Colours) => Stage };
  }
}
