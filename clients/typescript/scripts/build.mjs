// Builds dist/: each entry point as an ES module and for CommonJS, with its types. The names of what
// only this package uses are shortened, as minifiers do with local names.
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build, transformSync } from "esbuild";

export const entries = ["index", "operator", "output", "react", "testing"];

/** Members that no caller sees, no JSON has and no platform API names. */
const internal =
  "answered backoff bound cancelBehind closedBy codec dropped fetcher finished heard isCurrent kept moved opened " +
  "parts refuse renewIn restore retire sentAt stored taps timers tokens unread within renewAt follow stateListeners " +
  "link use begin make offer answer about drop check ready watch live pause poll onToken onEnd onClose " +
  "SocketClass http expires storageSource isOver dropped call claim load put remove tracked settings ref over " +
  "failWith stop silence onAny encoded owner time promise handle kept cancelAnswer listener storageKey serverUrl " +
  "decode plain onMove probe tokenError renew settle outcome";

/** How every build and the size check make a bundle. */
export const options = {
  bundle: true,
  external: ["react"],
  minifySyntax: true,
  mangleProps: new RegExp(`^(${internal.replaceAll(" ", "|")})$`),
  target: "es2022",
};

/** Throws when a name that would be shortened is a member of what users get. */
function refusePublicNames() {
  for (const name of ["error", "fake_request", "operator", "options", "react", "snapshot", "stats", "streamer", "testing"]) {
    const text = readFileSync(`dist/${name}.d.ts`, "utf8").replaceAll(/ +private .*/g, "");
    for (const [, member] of text.matchAll(/^ +(?:readonly |get )?(\w+)\??[:(<]/gm)) {
      if (options.mangleProps.test(member)) throw new Error(`dist/${name}.d.ts: ${member} is public: do not shorten it`);
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.chdir(fileURLToPath(new URL("..", import.meta.url)));
  rmSync("dist", { recursive: true, force: true });
  await build({
    ...options,
    entryPoints: entries.map((name) => `src/${name}.ts`),
    outdir: "dist",
    format: "esm",
    splitting: true,
    chunkNames: "[name]-[hash]",
  });
  execFileSync("node_modules/.bin/tsc", ["-p", "tsconfig.build.json"], { stdio: "inherit" });
  for (const name of entries.slice(1)) {
    // A folder, for what resolves packages as Node 10 did and knows no exports.
    mkdirSync(name, { recursive: true });
    const stub = { main: `../dist/${name}.cjs`, module: `../dist/${name}.js`, types: `../dist/${name}.d.cts` };
    writeFileSync(`${name}/package.json`, JSON.stringify(stub, null, 2) + "\n");
  }
  refusePublicNames();
  for (const name of readdirSync("dist")) {
    const text = readFileSync(`dist/${name}`, "utf8");
    if (name.endsWith(".d.ts")) {
      // CommonJS has declarations of its own, which differ in nothing but the names of files.
      writeFileSync(
        `dist/${name.replace(".d.ts", ".d.cts")}`,
        text.replaceAll(/((?:from |import\()"\.\/[\w-]+)\.js"/g, '$1.cjs"'),
      );
    } else {
      // File by file, so that the entry points share their classes there, too.
      const { code } = transformSync(text, { format: "cjs", platform: "node", target: options.target });
      writeFileSync(`dist/${name.replace(".js", ".cjs")}`, code.replaceAll(/((?:require|import)\("\.\/[\w-]+)\.js"/g, '$1.cjs"'));
    }
  }
}
