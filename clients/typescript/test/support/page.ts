import { execFileSync } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, type TestContext } from "node:test";
import { build } from "esbuild";
import { type Browser, chromium, type Page } from "playwright-core";

/** Where Chromium is, unless there is none; where tests must not be skipped, that is an error. */
function findChromium(): string | undefined {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
    try {
      return execFileSync("which", [name], { encoding: "utf8" }).trim();
    } catch {
      // The next one, then.
    }
  }
  if (process.env.CI) throw new Error("Chromium is not installed: apt-get install chromium");
  return undefined;
}

const executablePath = findChromium();

/** Why tests in a browser are skipped, or false. */
export const skip = executablePath ? false : "Chromium is not installed: apt-get install chromium";

/** Is started by the first test that needs it. */
let browser: Promise<Browser> | undefined;
after(async () => (await browser)?.close());

/** A page in headless Chromium whose global `streamer` is the module of the client. It ends with the test. */
export async function openPage(t: TestContext): Promise<Page> {
  const bundle = await build({ entryPoints: ["src/index.ts"], bundle: true, format: "esm", target: "es2022", write: false });
  const site = createServer((request, response) => {
    const script = request.url === "/client.js";
    response.setHeader("Content-Type", script ? "text/javascript" : "text/html");
    response.end(script ? bundle.outputFiles[0]!.contents : "<!doctype html><title>test</title>");
  });
  await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve));
  t.after(() => site.close());
  browser ??= chromium.launch({ executablePath: executablePath! });
  const page = await (await browser).newPage();
  t.after(() => page.close());
  await page.goto(`http://127.0.0.1:${(site.address() as AddressInfo).port}/`);
  await page.evaluate(async () => {
    (globalThis as any).streamer = await import("/client.js" as string);
  });
  return page;
}
