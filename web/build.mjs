// Builds ../src/bridle/lab/app: app.js, app.css, index.html and the chunk for 3D, the same bytes every time.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
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

const three = await bytes({ entryPoints: ["src/three/chunk.ts"] });
const name = `three-${createHash("sha256").update(three).digest("hex").slice(0, 8)}.js`;
const app = await bytes({
  entryPoints: ["src/main.tsx"],
  jsx: "automatic",
  jsxImportSource: "preact",
  define: { THREE_CHUNK: JSON.stringify(name) },
});
const css = await bytes({ entryPoints: ["src/app.css"] });
const page = readFileSync(join(here, "src", "index.html"));
const licences = ["preact", "three"]
  .map((library) => `${library}\n\n${readFileSync(join(here, "node_modules", library, "LICENSE"), "utf8").trim()}\n`)
  .join("\n\n");

mkdirSync(out, { recursive: true });
for (const old of readdirSync(out)) if (/^three-.*\.js$/.test(old) && old !== name) rmSync(join(out, old));
const files = { "index.html": page, "app.js": app, "app.css": css, [name]: three, "licences.txt": licences };
for (const [file, content] of Object.entries(files)) {
  writeFileSync(join(out, file), content);
  const size = gzipSync(content, { level: 9 }).length;
  console.log(`${file.padEnd(20)} ${String(content.length).padStart(8)}  gzip ${String(size).padStart(7)}`);
}
