import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { golden } from "./support/golden.js";

test("the types have every field of the golden frames, and take each as it is", (t) => {
  const folder = mkdtempSync(".build-types-");
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  // As literals, in which the compiler finds fields that the types do not have.
  const frames = [...golden("frames")].map(([name, text]) => `/** ${name} */ ${JSON.stringify(JSON.parse(text))},`);
  const lists = [...golden("frames")].filter(([name]) => name.startsWith("response-")).map(([, text]) => JSON.parse(text).data);
  const requests = lists.flatMap((data) => data?.requests ?? []);
  const schedules = lists.flatMap((data) => data?.schedules ?? []);
  writeFileSync(
    join(folder, "frames.ts"),
    `import type { Frame, Snapshot } from "../src/index.js";
import type { Schedule } from "../src/operator.js";
export const frames: Frame[] = [${frames.join("\n")}];
export const requests: Snapshot[] = ${JSON.stringify(requests)};
export const schedules: Schedule[] = ${JSON.stringify(schedules)};
`,
  );
  const flags = ["--ignoreConfig", "--noEmit", "--strict", "--exactOptionalPropertyTypes", "--target", "es2022"];
  const modules = ["--module", "nodenext", "--lib", "es2022,dom", "--types", "", "--skipLibCheck"];
  execFileSync(join("node_modules", ".bin", "tsc"), [...flags, ...modules, join(folder, "frames.ts")], { stdio: "inherit" });
});
