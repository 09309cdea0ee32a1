// A person at the console, in headless Chromium. What they see is asserted by
// role and text; every value that somebody else chose must come out as text.
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import WebSocket from "ws";
import { assertAccessible, open, run } from "./console-page.mjs";

const { SITE, CONTROL, OPERATOR, USER, HOSTILE, SCREENSHOTS } = process.env;
let { CONSOLE } = process.env; // the address that the stack printed at its start

await mkdir(SCREENSHOTS, { recursive: true });
const page = await open();
const control = async (what) => {
  const response = await fetch(`${CONTROL}/${what}`, { method: "POST" });
  assert.equal(response.status, 200);
  return response.text();
};
const heading = (name, on = page) => on.getByRole("heading", { level: 1, name }).waitFor();
const view = (name) => page.getByRole("navigation", { name: "Views" }).getByRole("link", { name }).click();
const state = (text) => page.locator(".head .badge").filter({ hasText: text }).waitFor();
const go = (path, on = page) => on.goto(`${SITE}/console/${path}`);

async function submit(token, message) {
  const response = await fetch(`${SITE}/requests`, {
    method: "POST",
    headers: { Authorization: "Bearer " + token, "Content-Type": "application/json" },
    body: JSON.stringify(message),
  });
  assert.equal(response.status, 202, await response.text());
}

async function send(action, payload, id) {
  await view("Send");
  await page.getByLabel("Action").fill(action);
  await page.getByLabel("Payload").fill(payload);
  await page.getByLabel("Id", { exact: true }).fill(id);
  await page.getByRole("button", { name: "Send" }).click();
}

/** A request that failed runs, is watched live again, and succeeds. */
async function repaired() {
  const frames = page.getByRole("log", { name: "Frames" });
  await state("running");
  await frames
    .getByText(/(QUEUED|RUNNING) rev/)
    .last()
    .waitFor();
  await control("release");
  await state("succeeded");
  await frames.getByText("complete").waitFor();
  await page.getByRole("region", { name: "Result" }).filter({ hasText: "repaired" }).waitFor();
}

const steps = {
  async "a visitor without the secret of the start is asked for it"() {
    await go("");
    await heading("Sign in");
    await page.getByText("the address of the console that the stack printed").waitFor();
    await page.getByLabel("Secret").fill("guessed");
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByRole("alert").filter({ hasText: "the secret is missing, or is not the one of this start" }).waitFor();
    assert.equal(await page.getByLabel("Secret").inputValue(), "");
  },

  async "signed in on this machine, with nothing to see yet"() {
    await page.goto(CONSOLE); // in the tab that asks: only the fragment is another
    await heading("Overview");
    assert.equal(page.url(), `${SITE}/console/`); // the secret is not in the address bar
    await page.reload(); // and the tab has it
    await heading("Overview");
    await page.getByText("There are no requests yet.").waitFor();
    await page.getByText("dev as you").waitFor();
    await page.getByText("connected", { exact: true }).waitFor();
    await page.evaluate(() => (window.sameLoad = true));
  },

  async "by keyboard alone: send, watch, cancel"() {
    const focused = () => page.evaluate(() => document.activeElement.textContent || document.activeElement.getAttribute("name"));
    const tabTo = async (text) => {
      for (let i = 0; i < 30; i++) {
        await page.keyboard.press("Tab");
        if ((await focused()) === text) return;
      }
      assert.fail(`no Tab leads to ${text}`);
    };
    await tabTo("Skip to the content");
    await page.keyboard.press("Enter");
    assert.equal(await focused(), "Overview");
    await page.keyboard.press("Shift+Tab"); // the account
    for (let i = 0; i < 6 && (await focused()) !== "Send"; i++) await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("Enter");
    await heading("Send an action");
    assert.equal(await focused(), "Send an action");
    await tabTo("action");
    await page.keyboard.type("hold");
    await tabTo("{}");
    await page.keyboard.press("ControlOrMeta+A");
    await page.keyboard.type("{oops");
    await page.getByText("The payload is not valid JSON").waitFor();
    await page.keyboard.press("ControlOrMeta+A");
    await page.keyboard.type('{"n": 9223372036854775807}');
    await tabTo("id");
    await page.keyboard.type("by-keyboard");
    await page.keyboard.press("Enter");
    await heading("hold by-keyboard");
    await state("running");
    await page.getByText("9223372036854775807").waitFor(); // no digit was lost
    await tabTo("Cancel");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog", { name: "Cancel hold by-keyboard?" }).waitFor();
    assert.equal(await focused(), "No, go back");
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    assert.equal(await focused(), "Cancel");
    await state("running");
    await page.keyboard.press("Enter");
    await tabTo("Cancel it");
    await page.keyboard.press("Enter");
    await state("cancelled");
    await page.getByRole("listitem").filter({ hasText: "you asked to cancel it" }).waitFor();
    await page.getByText("CANCELLED", { exact: true }).first().waitFor();
  },

  async "a request watched to its end"() {
    await send("hold", "{}", "watched");
    await heading("hold watched");
    await state("running");
    await page.getByRole("status").filter({ hasText: "holding on" }).waitFor();
    await page.getByRole("heading", { name: "take" }).waitFor(); // the recorded step
    await page.getByRole("listitem").filter({ hasText: "attempt 1 runs" }).waitFor();
    await page.getByRole("listitem").filter({ hasText: "step take stored" }).getByRole("time").waitFor();
    await control("release");
    await state("succeeded");
    await page.getByRole("region", { name: "Result" }).filter({ hasText: "let go" }).waitFor();
    await page.getByRole("log", { name: "Frames" }).getByText("complete").waitFor();
    const logs = page.getByRole("list", { name: "Log lines" });
    await logs.getByText("request finished").waitFor();
    await logs.getByText("holding on").waitFor();
    assert.doesNotMatch(await logs.innerText(), /eyJ/, "a token is in the logs");
  },

  async "a short action answers on the spot"() {
    await send("answer", '{"big": 12345678901234567890}', "");
    await page.getByRole("region", { name: "Answer" }).filter({ hasText: "12345678901234567890" }).waitFor();
    await send("no-such-action", "{}", "");
    await page.getByRole("alert").filter({ hasText: "no-such-action" }).waitFor();
  },

  async "a form from the action's schema"() {
    await view("Send");
    await page.getByLabel("Action").fill("formed");
    const fields = page.getByRole("group", { name: "Payload by fields" });
    await page.getByText("Answers with the order that it gets. It answers on the spot.").waitFor();
    await fields.getByLabel("item").fill('a "box"');
    await fields.getByLabel("count").fill("nine");
    await page.getByText("count: nine is not an integer").waitFor();
    await fields.getByLabel("count").fill("9007199254740993"); // more than a double holds
    await fields.getByLabel("gift").selectOption("true");
    await page.getByRole("button", { name: "Send" }).click();
    const answer = page.getByRole("region", { name: "Answer" });
    await answer.filter({ hasText: '"item": "a \\"box\\""' }).waitFor();
    await answer.filter({ hasText: "9007199254740993" }).filter({ hasText: '"gift": true' }).waitFor();
  },

  async "a long output, all of it"() {
    await send("chatty", "{}", "chatty-1");
    await state("succeeded");
    const output = page.getByRole("region", { name: "Output" });
    await output.getByText("1,500 chunks").waitFor();
    await output.getByText("line 1 of the output").waitFor();
    const chunks = output.getByRole("group", { name: "Chunks of the output" });
    for (const [at, text] of [
      [0.5, /^line 75\d of the output$/],
      [1, /^line 1500 of the output$/],
    ]) {
      await chunks.evaluate((e, part) => e.scrollTo(0, e.scrollHeight * part - e.clientHeight * part), at);
      await chunks.getByText(text).first().waitFor();
    }
    assert.ok((await chunks.getByRole("listitem").count()) < 100, "all rows are drawn");
    await chunks.getByText("line 1500 of the output").click();
    await output.getByRole("heading", { name: "Chunk 1,500" }).waitFor();
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await output.getByRole("button", { name: "Copy the whole output" }).click();
    await output.getByText("Copied").waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    assert.equal(copied.split("\n").length, 1500);
  },

  async "a part of the output that could not be read is read again"() {
    await page.route("**/output?*", (route) => route.abort(), { times: 1 });
    await view("Requests");
    await page.goBack();
    const output = page.getByRole("region", { name: "Output" });
    await output.getByRole("alert").waitFor();
    await output.getByText("line 1 of the output").waitFor();
  },

  async "a schedule is paused, resumed and run"() {
    await view("Schedules");
    await page.getByRole("button", { name: "Pause nightly" }).click();
    await page.getByText("nightly is paused.").waitFor();
    await page.getByRole("button", { name: "Resume nightly" }).click();
    await page.getByRole("button", { name: "Run now: nightly" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Run now" }).click();
    await page.getByRole("listitem").filter({ hasText: "by an operator" }).getByRole("link").click();
    await page.getByRole("heading", { level: 1, name: /^mirror / }).waitFor();
  },

  async "a failed one is redriven"() {
    await submit(USER, { action: "broken", payload: {}, id: "broken-2" });
    await page.evaluate(() => {
      window.overtaken = true;
    }); // it fails at once
    await send("broken", "{}", "broken-1");
    await state("failed");
    await page.getByText("the machine is broken").first().waitFor();
    await go("requests/broken-1?subject=you"); // nothing is left of the first watch
    await state("failed");
    await control("repair");
    await page.getByRole("button", { name: "Redrive" }).click();
    await repaired();
  },

  async "one that somebody else redrives is followed again"() {
    await go("requests/broken-2?subject=ada");
    await state("failed");
    const response = await fetch(`${SITE}/requests/broken-2/redrive`, {
      method: "POST",
      headers: { Authorization: "Bearer " + USER },
    });
    assert.equal(response.status, 200);
    await repaired();
  },

  async "one that waits is given its signal"() {
    await send("approval", "{}", "approval-1");
    await page.getByText("It waits for the signal approval").waitFor();
    assert.equal(await page.getByLabel("Token").inputValue(), "approval");
    await page.getByRole("textbox", { name: "Payload" }).fill('{"by":"boss"}');
    await page.getByRole("button", { name: "Give the signal" }).click();
    await state("succeeded");
    await page.getByRole("heading", { name: "signal:approval" }).waitFor();
    await page.getByRole("region", { name: "Result" }).filter({ hasText: "boss" }).waitFor();
  },

  async "the list, filtered by its address"() {
    await Promise.all(Array.from({ length: 55 }, (_, i) => submit(USER, { action: "mirror", payload: { i }, id: `many-${i}` })));
    await submit(USER, { action: "mirror", id: "newest" });
    await view("Requests");
    const rows = page.getByRole("list", { name: "Requests, newest first" }).getByRole("listitem");
    await page.getByRole("link", { name: "newest", exact: true }).waitFor();
    assert.equal(await rows.count(), 50);
    await page.getByRole("link", { name: "Older" }).click();
    await page.getByRole("link", { name: "approval-1" }).waitFor();
    await page.getByRole("link", { name: "« Newest" }).click();
    await page.getByRole("link", { name: "newest", exact: true }).waitFor();
    await page.getByLabel("State").selectOption("CANCELLED");
    await page.getByRole("link", { name: "by-keyboard" }).waitFor();
    assert.equal(await rows.count(), 1);
    assert.match(page.url(), /state=CANCELLED/);
    await page.reload();
    await page.getByRole("link", { name: "by-keyboard" }).waitFor();
    await page.goBack();
    await page.getByRole("link", { name: "newest", exact: true }).waitFor();
    await go("requests?subject=ada&action=mirror&id=many-7");
    await page.getByRole("link", { name: "many-7" }).click();
    await heading("mirror many-7");
    assert.match(page.url(), /requests\/many-7\?subject=ada$/);
    await go("requests?action=nothing");
    await page.getByText("No request is like that.").waitFor();
    await go("requests/none?subject=ada");
    await page.getByRole("alert").filter({ hasText: "It is not there" }).waitFor();
    await go("nowhere");
    await heading("No such page");
  },

  async "values that others chose are text"() {
    const payload = {
      html: "<img src=x onerror=alert(1)>",
      script: "</script><script>alert(2)</script>",
      rtl: "\u202Eevil\u202C \u2067right\u2069",
      "<b>key</b>": "javascript:alert(3)",
      huge: "x".repeat(90_000),
    };
    await submit(HOSTILE, { action: "mirror", payload, id: "hostile", metadata: { "<i>": "<svg onload=alert(4)>" } });
    await go("requests");
    await page.getByText("of <img src=x onerror=alert(1)>").waitFor();
    await page.getByRole("link", { name: "hostile" }).click();
    await state("succeeded");
    const result = page.getByRole("region", { name: "Result" });
    await result.filter({ hasText: "</script><script>alert(2)</script>" }).waitFor();
    assert.ok((await result.innerText()).length < 25_000);
    await page
      .getByRole("button", { name: /^Show all/ })
      .first()
      .click();
    await page.waitForFunction(() => document.activeElement.textContent.length > 90_000);
    assert.deepEqual(await page.locator("main img, main b:has(b), main script").count(), 0);
    assert.equal(
      await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth),
      true,
      "it is wider than the window",
    );
  },

  async "who is connected, and closing their connections"() {
    const socket = new WebSocket(SITE.replace("http", "ws") + "/dev", ["streamer.v1", "bearer." + USER]);
    await new Promise((resolve, reject) => socket.on("open", resolve).on("error", reject));
    const closed = new Promise((resolve) => socket.on("close", resolve));
    await view("Connections");
    await page.getByRole("button", { name: "Close all connections of ada" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "No, go back" }).click();
    await page.getByRole("button", { name: "Close all connections of ada" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Close them" }).click();
    await page.getByText("1 connection was closed.").waitFor();
    await closed;
    await page.getByRole("button", { name: "Close all connections of you" }).first().waitFor();
  },

  async "through a restart of the server, without a reload"() {
    await send("hold", "{}", "restarted");
    await state("running");
    await page.evaluate(() => (window.sameLoad = true));
    await control("stop");
    await page.getByRole("status").filter({ hasText: "reconnecting" }).waitFor();
    await page.getByRole("alert").filter({ hasText: "The server does not answer" }).waitFor();
    CONSOLE = await control("start");
    await page.getByText("connected", { exact: true }).waitFor();
    await control("release");
    await state("succeeded");
    await page.getByRole("region", { name: "Result" }).filter({ hasText: "let go" }).waitFor();
    assert.equal(await page.getByRole("alert").count(), 0);
    assert.equal(await page.evaluate(() => window.sameLoad), true);
  },

  async "another tenant sees nothing of it, and a token without the scope is told so"() {
    await page.getByRole("button", { name: "Sign out" }).click();
    await heading("Sign in");
    await page.getByLabel("Tenant").fill("other");
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByRole("alert").filter({ hasText: "is not the one of this start" }).waitFor(); // the server was started again
    await page.getByLabel("Tenant").fill("other");
    await page.getByLabel("Secret").fill(CONSOLE.split("#secret=")[1]);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByText("other as you").waitFor();
    await go("requests");
    await page.getByText("There are no requests yet.").waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("Token").fill(USER);
    await page.getByRole("button", { name: "Sign in with the token" }).click();
    await page
      .getByRole("alert")
      .filter({ hasText: "The token lacks a scope" })
      .filter({ hasText: "streamer:operator" })
      .waitFor();
    await page.getByLabel("Token").fill("nonsense");
    await page.getByRole("button", { name: "Sign in with the token" }).click();
    await page.getByRole("alert").filter({ hasText: "The token is not valid" }).waitFor();
    await page.getByLabel("Token").fill(OPERATOR);
    await page.getByRole("button", { name: "Sign in with the token" }).click();
    await page.getByText("dev as boss").waitFor();
  },

  async "for people who do not see it, and on a phone"() {
    for (const [name, options] of Object.entries({
      "light, desktop": { colorScheme: "light" },
      "dark, phone": { colorScheme: "dark", viewport: { width: 320, height: 780 } },
    })) {
      const on = await open(options);
      await on.goto(CONSOLE);
      await on.getByText("dev as you").waitFor();
      for (const path of ["send", "connections", "schedules", "requests/broken-1?subject=you"]) {
        await go(path, on);
        await on.getByRole("heading", { level: 1 }).waitFor();
        await on.waitForFunction(() => !document.body.textContent.includes("Loading…"));
        await assertAccessible(on, `${name}, /${path}`);
      }
      await on.context().close();
    }
  },
};

await run(page, steps, `${SCREENSHOTS}/fault.png`);
