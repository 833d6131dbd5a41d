// Builds ../src/bridle/lab/app: app.js, app.css, index.html, the chunk for 3D and those of screens that are loaded when
// they are first looked at, the same bytes every time.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2] ?? join(here, "..", "src", "bridle", "lab", "app");
const common = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  format: "iife",
  target: ["es2022"],
  charset: "utf8",
  legalComments: "none",
  write: false,
  loader: { ".css": "css" },
  logLevel: "warning",
};

const bytes = async (options) => (await build({ ...common, ...options })).outputFiles[0].contents;

const named = (stem, content) => `${stem}-${createHash("sha256").update(content).digest("hex").slice(0, 8)}.js`;
const jsx = { jsx: "automatic", jsxImportSource: "preact" };

// Screens with a chunk of their own: the name in the URL, and the component in screens/<name>.tsx.
const LAZY = { twins: "Twins", needles: "Needles", overfit: "Overfit", network: "Network", yours: "Yours" };
// What the page hands to them instead of loading it twice: Preact must be one, and state lives in the ground.
const LENT = [
  ...["preact", "preact/hooks", "preact/jsx-runtime"].map((library) => [library, library]),
  ...[...readdirSync(join(here, "src", "ground")).sort().map((file) => `ground/${file.replace(/\.tsx?$/, "")}`), "screens/home", "screens/corners"].map(
    (module) => [module, `./src/${module}`],
  ),
];
const borrowed = {
  name: "borrowed",
  setup(building) {
    building.onResolve({ filter: /^preact|^\.\.?\// }, ({ path, resolveDir, kind }) => {
      if (kind === "entry-point") return undefined;
      const module = path.startsWith(".") ? relative(join(here, "src"), resolve(resolveDir, path)) : path;
      return LENT.some(([name]) => name === module) ? { path: module, namespace: "lent" } : undefined;
    });
    building.onLoad({ filter: /.*/, namespace: "lent" }, ({ path }) => ({ contents: `module.exports = window.bridleLent[${JSON.stringify(path)}];` }));
  },
};
const fromText = (contents) => ({ stdin: { contents, resolveDir: here, loader: "ts" } });

const three = await bytes({ entryPoints: ["src/three/chunk.ts"] });
const name = named("three", three);
const chunks = {};
const screens = {};
for (const [screen, component] of Object.entries(LAZY)) {
  if (!existsSync(join(here, "src", "screens", `${screen}.tsx`))) continue;
  const entry = `import { ${component} } from "./src/screens/${screen}"; (window.bridleScreens ??= {}).${screen} = ${component};`;
  const content = await bytes({ ...fromText(entry), ...jsx, plugins: [borrowed] });
  screens[screen] = named(`screen-${screen}`, content);
  chunks[screens[screen]] = content;
}
const lending = LENT.map(([, path], n) => `import * as m${n} from ${JSON.stringify(path)};`).join("\n");
const app = await bytes({
  ...fromText(`${lending}\nimport "./src/main";\nwindow.bridleLent = { ${LENT.map(([module], n) => `${JSON.stringify(module)}: m${n}`).join(", ")} };`),
  ...jsx,
  define: { THREE_CHUNK: JSON.stringify(name), SCREEN_CHUNKS: JSON.stringify(screens) },
});
const css = await bytes({ entryPoints: ["src/app.css"] });
const page = readFileSync(join(here, "src", "index.html"));
const licences = ["preact", "three"]
  .map((library) => `${library}\n\n${readFileSync(join(here, "node_modules", library, "LICENSE"), "utf8").trim()}\n`)
  .join("\n\n");

mkdirSync(out, { recursive: true });
const files = { "index.html": page, "app.js": app, "app.css": css, ...chunks, [name]: three, "licences.txt": licences };
for (const old of readdirSync(out)) if (/^(three|screen)-.*\.js$/.test(old) && !(old in files)) rmSync(join(out, old), { force: true });
for (const [file, content] of Object.entries(files)) {
  writeFileSync(join(out, file), content);
  const size = gzipSync(content, { level: 9 }).length;
  console.log(`${file.padEnd(28)} ${String(content.length).padStart(8)}  gzip ${String(size).padStart(7)}`);
}
