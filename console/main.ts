import { Streamer } from "@pay-theory/streamer";
import { Operator, parseExact } from "@pay-theory/streamer/operator";
import { connectionsView } from "./connections.js";
import { el, put } from "./element.js";
import { stringify } from "./json.js";
import { readLogs } from "./logs.js";
import { overviewView } from "./overview.js";
import { problem } from "./parts.js";
import { requestView } from "./request.js";
import { requestsView } from "./requests.js";
import { href, Router } from "./route.js";
import { sendView } from "./send.js";
import { type Config, Session, secret } from "./session.js";
import { signInView } from "./sign_in.js";
import { explain, type Problem } from "./state.js";

const PAGES = { "": "Overview", requests: "Requests", connections: "Connections", send: "Send" };

const main = el("main", { id: "main" });
const links = Object.entries(PAGES).map(([view, title]) => el("a", { href: href(view), "data-view": view }, title));
const nav = el("nav", { "aria-label": "Views" }, ...links);
const state = el("span", { class: "link", role: "status" });
const caller = el("span", { class: "caller" });
const signOut = el("button", { type: "button", class: "quiet", onclick: () => leave() }, "Sign out");
const account = el("div", { class: "account" }, state, caller, signOut);
const skip = el(
  "a",
  {
    class: "skip",
    href: "#main",
    onclick: (event: Event) => {
      event.preventDefault();
      main.querySelector("h1")?.focus();
    },
  },
  "Skip to the content",
);
document.body.append(
  skip,
  el(
    "header",
    {},
    el(
      "a",
      { class: "brand", href: href("") },
      el("img", { src: "/console/icon.svg", alt: "", width: 24, height: 24 }),
      "Streamer",
    ),
    nav,
    account,
  ),
  main,
);

let config: Config;
let visiting = new AbortController();

function leave(): void {
  Session.clear();
  ask();
}

/** Asks for a sign-in, and says why. */
function ask(fault?: Problem): void {
  visiting.abort();
  nav.hidden = account.hidden = true;
  signInView(main, config, fault, (session) => void enter(session));
}

/** Drops a secret that the stack does not take, and says so. */
function rejectSecret(error: Error): Problem {
  secret.clear();
  return { title: "The stack did not sign you in", advice: error.message };
}

/** Begins with a session, once the server has taken it. */
async function enter(session: Session): Promise<void> {
  visiting.abort();
  visiting = new AbortController();
  const { signal } = visiting;
  const httpUrl = config.http_url ?? location.origin;
  const operator = new Operator(httpUrl, { token: session.source(), stringify });
  try {
    await operator.requests({ limit: 1, signal });
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === "UNAUTHORIZED" || code === "FORBIDDEN") {
      Session.clear();
      return ask(code === "FORBIDDEN" || session.pasted ? explain(error) : rejectSecret(error as Error));
    }
    // The views say that the server does not answer, and try again.
  }
  session.onRefused = (error) => {
    Session.clear();
    ask(rejectSecret(error));
  };
  session.keep();
  const { tenant, subject } = await session.principal(config.tenant_claim);
  put(
    caller,
    el("span", { class: "hidden" }, "Signed in "),
    tenant && el("span", {}, el("span", { class: "hidden" }, "for "), el("b", {}, tenant), " "),
    subject ? `as ${subject}` : "by a token",
  );
  nav.hidden = account.hidden = false;

  const url = new URL(config.websocket_url, location.href.replace(/^http/, "ws")).href;
  const connect = () => {
    const client = new Streamer(url, { httpUrl, token: session.source(), parse: parseExact, stringify });
    client.connect();
    return client;
  };
  const client = connect();
  signal.addEventListener("abort", () => client.close());
  const labels: Record<string, string> = {
    idle: "not connected",
    open: "connected",
    connecting: "connecting…",
    reconnecting: "reconnecting…",
    closed: "signed off",
  };
  const tell = () => {
    state.dataset.state = client.state;
    put(state, client.reason === "polling" ? "connected without WebSocket" : labels[client.state]);
  };
  client.onState(tell);
  tell();

  const actions = config.actions ?? [];
  const logs = (id: string, signal: AbortSignal) => readLogs(session, id, signal);
  const visit = (address: string) => router.go(address);
  const router: Router = new Router(
    main,
    {
      "": (v) => overviewView(operator, v),
      requests: (v) => (v.rest ? requestView(operator, connect, logs, v) : requestsView(operator, actions, v, visit)),
      connections: (v) => connectionsView(operator, v, visit),
      send: (v) => sendView(client, actions, subject, v, visit),
    },
    (view) => {
      for (const link of links) {
        if (link.dataset.view === view) link.setAttribute("aria-current", "page");
        else link.removeAttribute("aria-current");
      }
    },
  );
  router.start(signal);
}

/** The session that the console's server opens for its secret. */
function signedIn(): Session | undefined {
  if (config.has_token) return Session.served();
  return config.sign_in && Session.of(config.sign_in);
}

async function start(): Promise<void> {
  secret.take();
  // The address of the next start may be opened in this tab, which alone loads no page.
  addEventListener("hashchange", () => secret.take() && location.reload());
  nav.hidden = account.hidden = true;
  try {
    config = await (await fetch("/console/config.json")).json();
  } catch (error) {
    put(main, el("h1", {}, "Streamer console"), problem(explain(error)));
    return;
  }
  const session = Session.restore() ?? (secret.get() ? signedIn() : undefined);
  if (session) await enter(session);
  else ask();
}

void start();
