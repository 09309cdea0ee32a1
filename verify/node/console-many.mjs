// An operator's day over thousands of requests: the console's figures are the store's, they
// come at once, and no view takes much memory.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { assertAccessible, open, run } from "./console-page.mjs";

// FIRST_FIGURE is how soon the overview has a figure after the page was asked for, in ms.
const { SITE, OPERATOR, FRESH, OWNER, SCREENSHOTS, FIRST_FIGURE, THOROUGH } = process.env;
const CENSUS = JSON.parse(process.env.CENSUS);

/** How long each call of the API takes longer here than on this machine, in ms. */
const LATENCY = 50;
const HEAP = 200e6;

const sum = (counts) => Object.values(counts).reduce((a, b) => a + b, 0);
const number = (n) => n.toLocaleString("en-US");
const VIEWS = {
  overview: "",
  waits: "waiting",
  fails: "failures",
  requests: "requests",
  request: "requests/req_000015?subject=user-014",
  schedules: "schedules",
  connections: "connections",
  send: "send?action=formed",
};

const page = await open({ locale: "en-US" });
const go = (path, on = page) => on.goto(`${SITE}/console/${path}`);
const settled = async (on = page) => {
  await on.getByRole("heading", { level: 1 }).waitFor();
  await on.waitForFunction(() => !/Loading…|Still counting/.test(document.body.textContent));
};

async function signIn(token, on = page) {
  await go("", on);
  await on.getByLabel("Token").fill(token);
  await on.getByRole("button", { name: "Sign in with the token" }).click();
  await on.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
}

/** Each call of the API takes so much longer. */
async function slow(on, ms) {
  await on.route(
    (url) => !url.pathname.startsWith("/console/"),
    async (route) => {
      await new Promise((resolve) => setTimeout(resolve, ms));
      await route.continue().catch(() => {}); // the page has gone
    },
  );
}

async function heap(on = page) {
  const session = await on.context().newCDPSession(on);
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  await session.detach();
  return usedSize;
}

/** The texts of a table's rows, by their first cell. */
async function rows(label) {
  const table = page.locator(`.scroll[aria-label="${label}"] tbody tr`);
  await table.last().waitFor();
  return table.evaluateAll((trs) =>
    Object.fromEntries(trs.map((tr) => [tr.cells[0].innerText, [...tr.cells].slice(1).map((c) => c.innerText)])),
  );
}

const steps = {
  async "the overview is right, and there at once"() {
    await signIn(OPERATOR);
    await slow(page, LATENCY);
    await page.reload();
    await page.locator(".tiles b").first().waitFor();
    const took = await page.evaluate(() => performance.now());
    console.log(`first figure after ${Math.round(took)} ms`);
    assert.ok(took < Number(FIRST_FIGURE), `the first figure took ${took} ms`);
    // It waits for one call, and that one for no other.
    const calls = await page.evaluate(() =>
      performance.getEntriesByType("resource").filter((e) => !new URL(e.name).pathname.startsWith("/console/")),
    );
    const counting = calls.find((e) => new URL(e.name).pathname === "/stats/states");
    assert.deepEqual(
      calls.filter((e) => e.responseEnd && e.responseEnd < counting.startTime).map((e) => e.name),
      [],
    );
    await settled();
    for (const [state, count] of Object.entries(CENSUS.states)) {
      const tile = page.locator(`.tiles [data-state=${state}] b`);
      assert.equal(await tile.innerText(), number(count), state);
    }
    const byAction = await rows("By action");
    for (const [action, states] of Object.entries(CENSUS.actions)) {
      const order = ["QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"].map((s) => number(states[s] ?? 0));
      assert.deepEqual(byAction[action], [number(sum(states)), ...order], action);
    }
  },

  async "what waits, and for what"() {
    await page.getByRole("link", { name: "What waits" }).click();
    await settled();
    const reasons = await rows("Why they wait");
    const words = { signal: "a signal", retry: "their next attempt", worker: "a worker, which is about to take them" };
    for (const [reason, count] of Object.entries(CENSUS.waiting)) {
      const [what, ...limit] = reason.split(":");
      const name = words[what] ?? `a permit of the limit ${limit.join(":")}`;
      assert.equal(reasons[name]?.[0], number(count), reason);
    }
    for (const [worker, count] of Object.entries(CENSUS.workers)) {
      const item = page.locator(".workers > li").filter({ has: page.getByRole("heading", { name: worker, exact: true }) });
      await item.getByText(`holds ${number(count)} since`).waitFor();
      assert.equal(await item.locator(".held li").count(), Math.min(count, 20));
    }
    await page.getByRole("link", { name: "a signal", exact: true }).click();
    await page.getByText("Only requests that wait for signal.").waitFor();
    await page.locator(".row").first().waitFor();
    assert.deepEqual(await page.locator(".row .badge").evaluateAll((all) => [...new Set(all.map((e) => e.innerText))]), [
      "queued",
    ]);
  },

  async "what fails, in groups"() {
    await page.getByRole("link", { name: "What fails" }).click();
    await settled();
    const groups = page.locator(".failure");
    const counts = {};
    for (const text of await groups.evaluateAll((all) =>
      all.map((e) => [e.querySelector(".count"), e.querySelector(".action"), e.querySelector("strong")].map((x) => x.innerText)),
    )) {
      counts[`${text[1]} ${text[2]}`] = Number(text[0].replaceAll(",", ""));
    }
    assert.deepEqual(counts, CENSUS.failures);
    await groups.filter({ hasText: "card # was declined" }).first().waitFor();
    await groups.filter({ hasText: "insert order #: duplicate key (*pq.Error)" }).first().waitFor();
  },

  async "one of them, with its cause"() {
    await groups("ship_order", "INTERNAL_ERROR").getByRole("link", { name: "The last of them" }).click();
    const error = page.getByRole("region", { name: "Error" });
    await error.getByText(/insert order \d+: duplicate key/).waitFor();
    await page.locator(".timeline").getByText("*pq.Error").waitFor();
  },

  async "all of a group are redriven, after a question"() {
    await page.goBack();
    await settled();
    const group = groups("refund_payment", "INTERNAL_ERROR");
    const count = CENSUS.failures["refund_payment INTERNAL_ERROR"];
    await group.getByRole("button", { name: /^Redrive all/ }).click();
    await page.getByRole("dialog", { name: `Redrive ${number(count)} requests of refund_payment?` }).waitFor();
    await page.getByRole("button", { name: "No, go back" }).click();
    if (count > 100) return; // it is the same for more
    await group.getByRole("button", { name: /^Redrive all/ }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Redrive all" }).click();
    await page.getByText(`${number(count)} are queued again.`).waitFor();
  },

  async "parts of words are found, a time range counts, and Back keeps the place"() {
    await go("requests");
    await page.locator(".row").nth(49).waitFor();
    await page.getByLabel("Action").fill("_inv");
    await page.getByRole("button", { name: "Filter" }).click();
    await page.waitForFunction(() => [...document.querySelectorAll(".row .action")].every((e) => e.innerText === "send_invoice"));
    await page.locator(".row").nth(20).waitFor();
    await page.getByLabel("Subject").fill("ER-01");
    await page.getByRole("button", { name: "Filter" }).click();
    await page.waitForFunction(() => [...document.querySelectorAll(".row .subject")].every((e) => /user-01/.test(e.innerText)));
    await page.locator(".row").first().waitFor();
    await go("requests");
    await page.getByLabel("Made").selectOption("1h");
    await page.waitForURL(/since=1h/);
    await page.locator(".row").first().waitFor();
    await go("requests");
    await page.locator(".row").nth(49).waitFor();
    await page.evaluate(() => scrollTo(0, 1200));
    const top = await page.evaluate(() => scrollY);
    assert.ok(top > 600, `the list is only ${top} px longer than the window`);
    const link = page.locator(".row a.id").nth(30);
    const id = await link.innerText();
    await link.click({ noWaitAfter: true });
    await page.locator("h1").getByText(id).waitFor();
    await page.goBack();
    await page.waitForFunction((at) => Math.abs(scrollY - at) < 3, top);
  },

  async "a token that has expired is asked for in place"() {
    await go("waiting");
    await settled();
    await page.route(
      (url) => !url.pathname.startsWith("/console/"),
      (route) =>
        route.request().headers().authorization === `Bearer ${OPERATOR}`
          ? route.fulfill({
              status: 401,
              contentType: "application/problem+json",
              body: '{"code":"UNAUTHORIZED","detail":"expired"}',
            })
          : route.fallback(),
    );
    const dialog = page.getByRole("dialog", { name: "The token is not valid any more" });
    await dialog.getByLabel("Token").fill(FRESH);
    await page.evaluate(() => (window.sameLoad = true));
    await dialog.getByRole("button", { name: "Go on" }).click();
    await dialog.waitFor({ state: "detached" });
    await page.getByRole("link", { name: "Overview" }).click();
    await page.locator(".tiles b").first().waitFor();
    assert.equal(await page.evaluate(() => window.sameLoad), true);
  },

  async "the stage's owner sees every tenant"() {
    const on = await open({ locale: "en-US" });
    await signIn(OWNER, on);
    await on.getByRole("link", { name: "What waits" }).click();
    await on.getByLabel("Of which tenants").selectOption("all");
    await on.getByRole("region", { name: "Tenants", exact: true }).getByRole("link", { name: "shop" }).click();
    await on.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
    await on.locator(".tiles b").first().waitFor();
    assert.match(on.url(), /tenant=shop/);
    await on.context().close();
  },

  async "every view is small, and for everyone"() {
    for (const [name, path] of Object.entries(VIEWS)) {
      await go(path);
      await settled();
      const used = await heap();
      console.log(`heap of ${name}: ${(used / 1e6).toFixed(1)} MB`);
      assert.ok(used < HEAP, `${name} takes ${used} bytes`);
    }
    // Each view once where time is short, and in every way where there is more.
    const ways = Object.entries({
      "dark, phone": { colorScheme: "dark", viewport: { width: 320, height: 640 } },
      "light, desktop": { colorScheme: "light" },
      "forced colours": { forcedColors: "active" },
    });
    for (const [i, [how, options]] of ways.entries()) {
      const on = await open({ locale: "en-US", ...options });
      await signIn(FRESH, on);
      for (const [n, path] of Object.values(VIEWS).entries()) {
        if (!THOROUGH && n % ways.length !== i) continue;
        await go(path, on);
        await settled(on);
        await assertAccessible(on, `${how}, /${path}`);
      }
      await on.context().close();
    }
  },
};

function groups(action, code) {
  return page
    .locator(".failure")
    .filter({ has: page.getByText(action, { exact: true }) })
    .filter({ has: page.getByText(code, { exact: true }) });
}

/** Writes a picture of each view, on a desktop, on a phone and in the dark. */
async function takeScreenshots() {
  for (const [how, options] of Object.entries({
    desktop: { colorScheme: "light", viewport: { width: 1200, height: 760 } },
    dark: { colorScheme: "dark", viewport: { width: 1200, height: 760 } },
    phone: { colorScheme: "light", viewport: { width: 360, height: 720 } },
  })) {
    const on = await open({ locale: "en-US", reducedMotion: "reduce", ...options });
    await signIn(OPERATOR, on);
    for (const [name, path] of Object.entries(VIEWS)) {
      await go(path, on);
      await settled(on);
      const session = await on.context().newCDPSession(on);
      const { data } = await session.send("Page.captureScreenshot", { format: "webp", quality: 55 });
      await writeFile(`${SCREENSHOTS}/${name}-${how}.webp`, Buffer.from(data, "base64"));
    }
    await on.context().close();
  }
}

await run(page, SCREENSHOTS ? { takeScreenshots } : steps);
