// How long the overview takes to its first figure where each call of the API takes three
// seconds more, with 500 requests. It prints milliseconds. CONSOLE is the address that the
// stack printed, TOKEN an operator's.
import { chromium } from "playwright-core";

const { CHROMIUM, CONSOLE, TOKEN } = process.env;
const SITE = new URL(CONSOLE).origin;
const REQUESTS = 500;
const LATENCY = 3000;

const headers = { Authorization: `Bearer ${TOKEN}`, "Content-Type": "application/json" };
for (let i = 0; i < REQUESTS; i += 20) {
  const batch = Array.from({ length: 20 }, () =>
    fetch(`${SITE}/requests`, { method: "POST", headers, body: '{"action":"echo_async","payload":1}' }),
  );
  for (const response of await Promise.all(batch)) if (response.status !== 202) throw new Error(`HTTP status ${response.status}`);
}

const browser = await chromium.launch({ executablePath: CHROMIUM });
try {
  const page = await browser.newPage();
  await page.route(
    (url) => !url.pathname.startsWith("/console"),
    async (route) => {
      await new Promise((resolve) => setTimeout(resolve, LATENCY));
      await route.continue().catch(() => {}); // the page has gone
    },
  );
  await page.goto(CONSOLE);
  await page.locator(".tiles b").first().waitFor({ timeout: 120_000 });
  console.log(Math.round(await page.evaluate(() => performance.now())));
} finally {
  await browser.close();
}
