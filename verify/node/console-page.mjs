// What the scripts of the console share: a browser, and pages that notice what a
// person would not.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const PATIENCE = 60_000;
const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe need not look at: what is as the first of its kind, and a plot, which is one image to it, whatever it is drawn of. */
const ALIKE = [
  ".plot > *",
  "tbody tr:nth-child(n+4)",
  ".rows > li:nth-child(n+4)",
  ".held li:nth-child(n+3)",
  ".chunks li:nth-child(n+3)",
];

export const browser = await chromium.launch({ executablePath: process.env.CHROMIUM });

/** What a script threw, and what somebody else's would have shown. */
export const faults = [];

/** Opens a page that notes every violation of its policy. */
export async function open(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options });
  await context.addInitScript(() => {
    window.violations = [];
    addEventListener("securitypolicyviolation", (e) =>
      window.violations.push(`${e.violatedDirective}: ${e.blockedURI} ${e.sample}`),
    );
  });
  // With window.overtaken, an acknowledgment comes behind what is pushed meanwhile, as it may.
  await context.addInitScript(() => {
    const { get, set } = Object.getOwnPropertyDescriptor(WebSocket.prototype, "onmessage");
    Object.defineProperty(WebSocket.prototype, "onmessage", {
      get,
      set(listener) {
        set.call(this, (event) => {
          if (window.overtaken && JSON.parse(event.data).type === "acknowledgment") setTimeout(listener, 1000, event);
          else listener(event);
        });
      },
    });
  });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  page.on("pageerror", (error) => faults.push(error));
  page.on("dialog", (dialog) => {
    faults.push(new Error("a script ran: " + dialog.message()));
    void dialog.dismiss();
  });
  return page;
}

/** Asserts that a person who cannot see the page can use it, and that nothing is beside the screen. */
export async function assertAccessible(page, where) {
  // axe itself needs no part of the page's policy: it is run from outside.
  const { violations } = await page.evaluate(
    `${AXE}; axe.run({ exclude: ${JSON.stringify(ALIKE)} }, { resultTypes: ['violations'] })`,
  );
  const serious = violations.filter((v) => v.impact === "serious" || v.impact === "critical");
  assert.deepEqual(
    serious.map((v) => [v.id, v.help, v.nodes.map((n) => n.html)]),
    [],
    where,
  );
  const beside = await page.evaluate(() =>
    document.documentElement.scrollWidth <= innerWidth
      ? []
      : [...document.querySelectorAll("body *")]
          .filter((e) => e.getBoundingClientRect().right > innerWidth + 1)
          .map((e) => e.outerHTML.slice(0, 120)),
  );
  assert.deepEqual(beside, [], `${where}: wider than the window`);
  assert.deepEqual(await page.evaluate(() => window.violations), [], where);
}

/** Runs steps by name, and shows the page where one fails. */
export async function run(page, steps, shot) {
  let step = "";
  try {
    for (const [name, act] of Object.entries(steps)) {
      step = name;
      const began = Date.now();
      await act();
      assert.deepEqual(await page.evaluate(() => window.violations), []);
      assert.deepEqual(faults, []);
      console.log(`${((Date.now() - began) / 1000).toFixed(1)} s: ${name}`);
    }
  } catch (error) {
    console.error(`step: ${step}, at ${page.url()}`);
    console.error(
      await page
        .locator("body")
        .innerText()
        .catch(() => "there is no page"),
    );
    if (shot) await page.screenshot({ path: shot, fullPage: true }).catch(() => {});
    throw error;
  } finally {
    await browser.close();
  }
}
