// Fails when an entry point, bundled, minified and gzipped, is larger than it may be. What it loads
// only when it is needed, by `import()`, is a chunk of its own.
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { options } from "./build.mjs";

const limits = {
  "src/index.ts": 6500,
  "src/http.ts": 1500,
  "src/react.ts": 1700,
  "src/output.ts": 1000,
  "src/operator.ts": 4300,
};

let tooLarge = false;
for (const [entry, limit] of Object.entries(limits)) {
  const { outputFiles, metafile } = await build({
    ...options,
    entryPoints: [entry],
    outdir: "dist",
    splitting: true,
    metafile: true,
    minify: true,
    format: "esm",
    write: false,
  });
  const needed = new Set();
  const need = (path) => {
    needed.add(path);
    for (const { path: next, kind } of metafile.outputs[path].imports)
      if (kind === "import-statement" && metafile.outputs[next]) need(next);
  };
  need(Object.keys(metafile.outputs).find((path) => metafile.outputs[path].entryPoint === entry));
  const size = outputFiles
    .filter(({ path }) => [...needed].some((name) => path.endsWith(name)))
    .reduce((sum, { contents }) => sum + gzipSync(contents, { level: 9 }).length, 0);
  console.log(`${entry}: ${size} bytes minified and gzipped, ${limit} are allowed`);
  tooLarge ||= size > limit;
}
process.exit(tooLarge ? 1 : 0);
