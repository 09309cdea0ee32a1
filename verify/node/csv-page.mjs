// Drives the page of examples/csv-page in headless Chromium: node csv-page.mjs SCENARIO.
import assert from "node:assert/strict";
import { basename } from "node:path";
import { chromium } from "playwright-core";

const { CHROMIUM, PAGE_URL, CSV_FILE, ROWS, CONTROL_URL } = process.env;
const PATIENCE = { timeout: 60_000 };

const browser = await chromium.launch({ executablePath: CHROMIUM });
const context = await browser.newContext();
const page = await context.newPage();
const faults = [];
page.on("pageerror", (error) => faults.push(error));

const state = (text) => page.getByRole("status").filter({ hasText: text }).waitFor(PATIENCE);
const upload = () => page.getByLabel("File").setInputFiles(CSV_FILE);
const progress = (above) =>
  page.waitForFunction((above) => document.querySelector("progress[aria-label=profile]")?.value > above, above, PATIENCE);
const cancel = page.getByRole("button", { name: "Cancel" });
const server = async (what) => assert.equal((await fetch(`${CONTROL_URL}/${what}`, { method: "POST" })).status, 200);

/** The page shows one request, with its one result. */
async function finished() {
  await page.locator("table").waitFor(PATIENCE); // the last progress may have the same text as the result
  await page.getByText(`${ROWS} rows`, { exact: true }).waitFor(PATIENCE);
  assert.equal(await page.locator("section").count(), 1);
  assert.equal(await page.locator("table").count(), 1);
  assert.equal(await page.locator("progress").count(), 0);
  assert.equal(await cancel.count(), 0);
  await page.getByRole("heading", { name: basename(CSV_FILE) }).waitFor(PATIENCE);
}

const scenarios = {
  async kill() {
    await page.evaluate(() => (window.sameLoad = true));
    await upload();
    await progress(10);
    await server("kill");
    await state("reconnecting");
    await server("start");
    await finished();
    assert.equal(await page.evaluate(() => window.sameLoad), true);
  },
  async reload() {
    await upload();
    await progress(5);
    await page.reload();
    await finished();
    await page.reload();
    await state("open: connected");
    await finished();
  },
  async cancel() {
    await upload();
    await progress(1);
    await cancel.click();
    await page.getByText("cancelled", { exact: true }).waitFor(PATIENCE);
    await page.reload();
    await page.getByText("cancelled", { exact: true }).waitFor(PATIENCE);
    assert.equal(await page.locator("table").count(), 0);
    assert.equal(await page.getByRole("alert").count(), 0);
  },
  async upload() {
    const told = [];
    await page.exposeFunction("tell", (text) => told.push(text));
    await page.evaluate(() => {
      new MutationObserver(() => {
        const bar = document.querySelector("progress[aria-label=upload]");
        if (bar) window.tell([bar.value, bar.nextSibling.textContent]);
      }).observe(document.querySelector("#requests"), { subtree: true, childList: true, attributes: true });
    });
    const cdp = await context.newCDPSession(page);
    const uploadAt = (uploadThroughput) =>
      cdp.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput });
    await cdp.send("Network.enable");
    await uploadAt(100_000); // bytes a second
    await upload();
    await page.locator("progress[aria-label=upload]").waitFor(PATIENCE);
    await cancel.click();
    await page.getByText("cancelled", { exact: true }).waitFor(PATIENCE);
    await page.reload();
    await state("open: connected");
    assert.equal(await page.locator("section").count(), 0, "an upload that was cancelled is shown again");
    await uploadAt(-1);
    await upload();
    await finished();
    assert.ok(told.length > 0 && told.every(([value, text]) => value <= 100 && /^uploading: .* of .* MB$/.test(text)), told);
  },
  async blocked() {
    await state("open: polling");
    await upload();
    await finished();
  },
  async offline() {
    await state("open: connected");
    await context.setOffline(true);
    await server("kill");
    await state("reconnecting: offline");
    await server("start");
    await context.setOffline(false);
    await state("open: connected");
    await upload();
    await finished();
  },
};

try {
  await page.goto(PAGE_URL);
  await scenarios[process.argv[2]]();
  assert.deepEqual(faults, []);
} catch (error) {
  console.error(
    await page
      .locator("body")
      .innerText()
      .catch(() => "there is no page"),
  );
  throw error;
} finally {
  await browser.close();
}
