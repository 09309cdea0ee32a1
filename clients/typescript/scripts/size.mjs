// Fails when an entry point, bundled, minified and gzipped, is larger than it may be.
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const limits = { "src/index.ts": 6500, "src/react.ts": 1000, "src/output.ts": 1000 };

let tooLarge = false;
for (const [entry, limit] of Object.entries(limits)) {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    external: ["react"],
    write: false,
  });
  const size = gzipSync(outputFiles[0].contents, { level: 9 }).length;
  console.log(`${entry}: ${size} bytes minified and gzipped, ${limit} are allowed`);
  tooLarge ||= size > limit;
}
process.exit(tooLarge ? 1 : 0);
