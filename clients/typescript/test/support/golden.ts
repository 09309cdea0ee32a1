import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The cases of the repository's wire/testdata, which every client shares. */
export function golden(kind: string): Map<string, string> {
  const folder = fileURLToPath(new URL(`../../../../../wire/testdata/${kind}`, import.meta.url));
  const files = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith(".json")) : [];
  assert.ok(files.length > 0, `there are no golden files in ${folder}`);
  return new Map(files.map((file) => [file.replace(".json", ""), readFileSync(`${folder}/${file}`, "utf8").trimEnd()]));
}
