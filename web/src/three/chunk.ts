// The 3D view: a bowl, a wall and a point. The only file that knows three.js; loaded by need as a script of its own.

import {
  BackSide, BufferAttribute, BufferGeometry, Color, FrontSide, Group, LineSegments, Mesh, PerspectiveCamera, Scene as World, ShaderMaterial, SphereGeometry, Vector3,
  WebGLRenderer, type Side,
} from "three";
import type { Point } from "../math/pair";
import type { Colours, Scene, Stage } from "./scene";

const TALL = 1;
const REST = 150; // milliseconds without a turn

// Without a graphics card every pixel and every call costs. Light falls on corners, not on pixels: what lies between them is
// mixed, and no eye can tell on sheets so smooth. Colours come as the screen wants them.
const SUN = new Vector3(2, 5, 3).normalize();
const LIT = `
  uniform vec3 colour; uniform float side; varying vec3 tone;
  void main() {
    vec3 light = colour * (1.6 + 1.9 * max(0.0, side * dot(normal, vec3(${SUN.toArray().map((v) => v.toFixed(6)).join(",")})))) / 3.14159265;
    tone = mix(1.055 * pow(light, vec3(1.0 / 2.4)) - 0.055, 12.92 * light, vec3(lessThanEqual(light, vec3(0.0031308))));
    gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0);
  }`;
const PLAIN = `
  uniform vec3 colour; varying vec3 tone;
  void main() {
    tone = colour;
    gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0);
  }`;
const PAINT = "uniform float opacity; varying vec3 tone; void main() { gl_FragColor = vec4(tone, opacity); }";

function nameOf(gl: WebGLRenderingContext | WebGL2RenderingContext): string {
  const detail = gl.getExtension("WEBGL_debug_renderer_info");
  return String(gl.getParameter(detail ? detail.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
}

/** Without a graphics card every pixel costs: smooth edges are left out there. */
function inSoftware(): boolean {
  const gl = document.createElement("canvas").getContext("webgl2");
  const software = gl !== null && /swiftshader|llvmpipe|software|basic render/i.test(nameOf(gl));
  gl?.getExtension("WEBGL_lose_context")?.loseContext();
  return software;
}

const indices = (faces: number[]): BufferAttribute => new BufferAttribute(new Uint16Array(faces), 1);

/** Triangles between rings of corners, taking every `step`th each way. */
function between(rings: number, around: number, step: number): number[] {
  const faces: number[] = [];
  for (let m = 0; m + step < rings; m += step)
    for (let n = 0; n < around; n += step) {
      const next = (n + step) % around;
      const [a, b, c, e] = [m * around + n, m * around + next, (m + step) * around + n, (m + step) * around + next];
      faces.push(a, c, b, b, c, e);
    }
  return faces;
}

function mount(canvas: HTMLCanvasElement, first: Colours): Stage {
  const plain = inSoftware();
  const renderer = new WebGLRenderer({ canvas, antialias: !plain, alpha: true, powerPreference: "low-power" });
  const world = new World();
  const camera = new PerspectiveCamera(32, 1, 0.1, 50);
  const stage = new Group();
  world.add(stage);
  let colours = first;
  let scene: Scene | undefined;
  let frame = 0;
  let rest: number | undefined;
  let alive = true;
  let [azimuth, elevation] = [35, 32];

  const soon = (): void => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      if (alive) renderer.render(world, camera);
    });
  };
  const aim = (): void => {
    const a = (azimuth * Math.PI) / 180;
    const e = (elevation * Math.PI) / 180;
    const far = 4.9 / Math.min(1, camera.aspect * 0.86);
    camera.position.set(far * Math.cos(e) * Math.sin(a), 0.42 + far * Math.sin(e), far * Math.cos(e) * Math.cos(a));
    camera.lookAt(0, 0.42, 0);
    camera.updateMatrixWorld();
    soon();
  };
  const place = ([x, y]: Point, height: number, lift = 0): Vector3 => {
    const s = scene!;
    return new Vector3((x - s.centre[0]) / s.half, height * TALL + lift, -(y - s.centre[1]) / s.half);
  };
  // Materials are kept: to dispose of the last one of a kind throws its compiled program away.
  const materials = new Map<string, ShaderMaterial>();
  const kept = (tone: string, opacity: number, side: Side | undefined): ShaderMaterial => {
    const name = `${tone} ${opacity} ${side}`;
    let found = materials.get(name);
    if (!found) {
      const lit = side !== undefined;
      const colour = lit ? new Color(tone) : new Color(tone).convertLinearToSRGB();
      found = new ShaderMaterial({
        vertexShader: lit ? LIT : PLAIN, fragmentShader: PAINT, side: side ?? FrontSide, transparent: lit || opacity < 1, depthWrite: !lit,
        uniforms: { colour: { value: colour }, opacity: { value: opacity }, side: { value: side === BackSide ? -1 : 1 } },
      });
      materials.set(name, found);
    }
    return found;
  };
  /** Lines of one colour, drawn with one call. */
  const lines = (runs: readonly (readonly Vector3[])[], tone: string, opacity = 1): void => {
    const ends = runs.flatMap((run) => run.slice(1).flatMap((point, n) => [run[n], point]));
    stage.add(new LineSegments(new BufferGeometry().setFromPoints(ends), kept(tone, opacity, undefined)));
  };
  const closed = (run: readonly Vector3[]): readonly Vector3[] => [...run, run[0]];
  /** A sheet that light shines through: what is seen of it from behind, then from before. */
  const sheet = (corners: Vector3[], faces: number[], tone: string, opacity: number, order: number): BufferGeometry => {
    const geometry = new BufferGeometry().setFromPoints(corners);
    geometry.setIndex(indices(faces));
    geometry.computeVertexNormals();
    for (const side of [BackSide, FrontSide]) {
      const half = new Mesh(geometry, kept(tone, opacity, side));
      half.renderOrder = order;
      stage.add(half);
      order += 0.5;
    }
    return geometry;
  };
  // In software the bowl's many small faces cost most of a frame: while it turns it is made of every second corner each way.
  let coarsen: (coarse: boolean) => void = () => undefined;
  const turning = (): void => {
    if (!plain) return;
    coarsen(true);
    window.clearTimeout(rest);
    rest = window.setTimeout(() => {
      rest = undefined;
      coarsen(false);
      soon();
    }, REST);
  };
  const clear = (): void => {
    for (const child of [...stage.children]) {
      stage.remove(child);
      (child as Mesh).geometry.dispose();
    }
  };
  const build = (): void => {
    clear();
    if (!scene) return;
    const { rings, heights, wall, wallHeights, trajectory, solution, solutionHeight, centre, half } = scene;
    const around = rings[0]?.length ?? 0;
    const edge = (u: number, v: number): Vector3 => place([centre[0] + u * half, centre[1] + v * half], 0);
    lines([[place([centre[0] - half, 0], 0), place([centre[0] + half, 0], 0)], [place([0, centre[1] - half], 0), place([0, centre[1] + half], 0)]], colours.muted);
    lines([closed([edge(-1, -1), edge(1, -1), edge(1, 1), edge(-1, 1)])], colours.rule);

    const corners: Vector3[] = [];
    rings.forEach((ring, m) => ring.forEach((point) => corners.push(place(point, heights[m]))));
    const [fine, coarse] = [between(rings.length, around, 1), between(rings.length, around, 2)];
    const bowl = sheet(corners, fine, colours.up, 0.3, 2);
    bowl.setIndex(indices([...fine, ...coarse]));
    coarsen = (now) => (now ? bowl.setDrawRange(fine.length, coarse.length) : bowl.setDrawRange(0, fine.length));
    coarsen(rest !== undefined);
    const seen = rings.map((_, m) => m).filter((m) => m > 0 && m % 2 === 0);
    lines(seen.map((m) => closed(corners.slice(m * around, (m + 1) * around))), colours.up, 0.75);

    if (wall.length > 2) {
      const count = wall.length;
      const foot = wall.map((point) => place(point, 0));
      const top = wall.map((point, n) => place(point, wallHeights[n]));
      const panels: number[] = [];
      for (let n = 0; n < count; n++) {
        const next = (n + 1) % count;
        panels.push(n, next, count + n, next, count + next, count + n);
      }
      sheet([...foot, ...top], panels, colours.down, 0.38, 1);
      lines([closed(foot), closed(top)], colours.down);
    }
    const ball = new Mesh(new SphereGeometry(0.045, 24, 16), kept(colours.ink, 1, undefined));
    ball.position.copy(place(solution, solutionHeight));
    ball.renderOrder = 3;
    stage.add(ball);
    lines([trajectory.map((point) => place(point, 0, 0.004)), [place(solution, 0), place(solution, solutionHeight)]], colours.ink);
  };
  aim();
  return {
    renderer: nameOf(renderer.getContext()),
    draw(next) {
      scene = next;
      build();
      soon();
    },
    paint(next) {
      colours = next;
      build();
      soon();
    },
    resize(width, height) {
      renderer.setPixelRatio(plain ? 1 : Math.min(2, window.devicePixelRatio || 1));
      renderer.setSize(width, height, false);
      camera.aspect = width / height;
      camera.updateProjectionMatrix();
      aim();
    },
    turn(a, e) {
      if (azimuth === a && elevation === e) return;
      [azimuth, elevation] = [a, e];
      turning();
      aim();
    },
    project(points) {
      if (!scene) return [];
      return points.map(([x, y, height]) => {
        const v = place([x, y], height).project(camera);
        return [((v.x + 1) / 2) * canvas.clientWidth, ((1 - v.y) / 2) * canvas.clientHeight] as const;
      });
    },
    dispose() {
      alive = false;
      cancelAnimationFrame(frame);
      window.clearTimeout(rest);
      clear();
      for (const material of materials.values()) material.dispose();
      renderer.dispose();
    },
  };
}

window.bridleThree = { mount };
