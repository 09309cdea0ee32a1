// Compiles sources and tests to a folder of this run, and runs Node's own test runner there.
// Arguments name test files: `node scripts/test.mjs link http`.
import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { basename } from "node:path";
import { buildSync } from "esbuild";

const files = (dir) =>
  readdirSync(dir, { recursive: true })
    .filter((f) => /\.tsx?$/.test(f))
    .map((f) => `${dir}/${f}`);
const build = `.build-${process.pid}`;
process.on("exit", () => rmSync(build, { recursive: true, force: true }));
const isTest = (f) => f.includes(".test.");
const compile = (entryPoints, banner = "") =>
  buildSync({
    entryPoints,
    outdir: build,
    outbase: ".",
    format: "esm",
    target: "es2022",
    sourcemap: "inline",
    banner: { js: banner },
  });
const inTest = files("test");
compile([...files("src"), ...inTest.filter((f) => !isTest(f))]);
compile(inTest.filter(isTest), 'import "./support/limit.js";');

const wanted = process.argv.slice(2);
const tests = readdirSync(`${build}/test`)
  .filter((f) => f.endsWith(".test.js") && (!wanted.length || wanted.includes(basename(f, ".test.js"))))
  .map((f) => `${build}/test/${f}`);
if (!tests.length) throw new Error(`there is no test named ${wanted.join(" or ")}`);
const { status } = spawnSync(process.execPath, ["--enable-source-maps", "--test", "--test-timeout=300000", ...tests], {
  stdio: "inherit",
});
process.exit(status ?? 1);
