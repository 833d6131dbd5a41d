// The 3D view: a bowl, a wall and a point. The only file that knows three.js; loaded by need as a script of its own.

import {
  AmbientLight, BufferAttribute, BufferGeometry, Color, DirectionalLight, DoubleSide, Group, Line, LineBasicMaterial, LineLoop, LineSegments, Mesh,
  MeshBasicMaterial, MeshLambertMaterial, PerspectiveCamera, Scene as World, SphereGeometry, Vector3, WebGLRenderer, type Material, type Object3D,
} from "three";
import type { Point } from "../math/pair";
import type { Colours, Scene, Stage } from "./scene";

const TALL = 1;

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

function mount(canvas: HTMLCanvasElement, first: Colours): Stage {
  const plain = inSoftware();
  const renderer = new WebGLRenderer({ canvas, antialias: !plain, alpha: true, powerPreference: "low-power" });
  const world = new World();
  const camera = new PerspectiveCamera(32, 1, 0.1, 50);
  const sun = new DirectionalLight(0xffffff, 1.9);
  sun.position.set(2, 5, 3);
  world.add(new AmbientLight(0xffffff, 1.6), sun);
  const stage = new Group();
  world.add(stage);
  let colours = first;
  let scene: Scene | undefined;
  let frame = 0;
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
  const materials = new Map<string, Material>();
  const kept = <T extends Material>(name: string, make: () => T): T => {
    let found = materials.get(name) as T | undefined;
    if (!found) materials.set(name, (found = make()));
    return found;
  };
  const line = (points: Vector3[], tone: string, closed: boolean, opacity = 1): Object3D => {
    const geometry = new BufferGeometry().setFromPoints(points);
    const material = kept(`line ${tone} ${opacity}`, () => new LineBasicMaterial({ color: new Color(tone), transparent: opacity < 1, opacity }));
    return closed ? new LineLoop(geometry, material) : new Line(geometry, material);
  };
  const mesh = (corners: Vector3[], faces: number[], tone: string, opacity: number): Mesh => {
    const geometry = new BufferGeometry().setFromPoints(corners);
    geometry.setIndex(new BufferAttribute(new Uint32Array(faces), 1));
    geometry.computeVertexNormals();
    const material = kept(`sheet ${tone} ${opacity}`, () => new MeshLambertMaterial({ color: new Color(tone), side: DoubleSide, transparent: true, opacity, depthWrite: false }));
    return new Mesh(geometry, material);
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
    const floor = [-1, 1].map((u): Point => [centre[0] + u * half, 0]);
    const side = [-1, 1].map((v): Point => [0, centre[1] + v * half]);
    const axes = new LineSegments(
      new BufferGeometry().setFromPoints([place(floor[0], 0), place(floor[1], 0), place(side[0], 0), place(side[1], 0)]),
      kept(`line ${colours.muted} 1`, () => new LineBasicMaterial({ color: new Color(colours.muted) })),
    );
    const frameLine = line([[-1, -1], [1, -1], [1, 1], [-1, 1]].map(([u, v]) => place([centre[0] + u * half, centre[1] + v * half], 0)), colours.rule, true);
    stage.add(axes, frameLine);

    const corners: Vector3[] = [];
    rings.forEach((ring, m) => ring.forEach((point) => corners.push(place(point, heights[m]))));
    const faces: number[] = [];
    for (let m = 0; m + 1 < rings.length; m++)
      for (let n = 0; n < around; n++) {
        const next = (n + 1) % around;
        const [a, b, c, e] = [m * around + n, m * around + next, (m + 1) * around + n, (m + 1) * around + next];
        faces.push(a, c, b, b, c, e);
      }
    const bowl = mesh(corners, faces, colours.up, 0.3);
    bowl.renderOrder = 2;
    stage.add(bowl);
    rings.forEach((ring, m) => {
      if (m > 0 && m % 2 === 0) stage.add(line(ring.map((point) => place(point, heights[m])), colours.up, true, 0.75));
    });

    if (wall.length > 2) {
      const count = wall.length;
      const sheet = [...wall.map((point) => place(point, 0)), ...wall.map((point, n) => place(point, wallHeights[n]))];
      const panels: number[] = [];
      for (let n = 0; n < count; n++) {
        const next = (n + 1) % count;
        panels.push(n, next, count + n, next, count + next, count + n);
      }
      const curtain = mesh(sheet, panels, colours.down, 0.38);
      curtain.renderOrder = 1;
      stage.add(curtain, line(sheet.slice(0, count), colours.down, true), line(sheet.slice(count), colours.down, true));
    }
    if (trajectory.length > 1) stage.add(line(trajectory.map((point) => place(point, 0, 0.004)), colours.ink, false));
    const ball = new Mesh(new SphereGeometry(0.045, 24, 16), kept(`ball ${colours.ink}`, () => new MeshBasicMaterial({ color: new Color(colours.ink) })));
    ball.position.copy(place(solution, solutionHeight));
    ball.renderOrder = 3;
    stage.add(ball, line([place(solution, 0), place(solution, solutionHeight)], colours.ink, false));
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
      azimuth = a;
      elevation = e;
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
      clear();
      for (const material of materials.values()) material.dispose();
      renderer.dispose();
    },
  };
}

window.bridleThree = { mount };
