import { Streamer, type StreamerError } from "@pay-theory/streamer";
import { type ActionDescription, Operator, parseExact } from "@pay-theory/streamer/operator";
import { connectionsView } from "./connections.js";
import type { Context } from "./context.js";
import { el, put } from "./element.js";
import { failuresView } from "./failures.js";
import { stringify } from "./json.js";
import { overviewView } from "./overview.js";
import { problem } from "./parts.js";
import { askForToken } from "./renew.js";
import { requestView } from "./request.js";
import { requestsView } from "./requests.js";
import { href, Router, tenantOf } from "./route.js";
import { schedulesView } from "./schedules.js";
import { sendView } from "./send.js";
import { type Config, Session, secret } from "./session.js";
import { signInView } from "./sign_in.js";
import { explain, OWNER_SCOPE, type Problem } from "./state.js";
import { tenantSwitch } from "./tenant.js";
import { waitingView } from "./waiting.js";

const PAGES = {
  "": "Overview",
  waiting: "What waits",
  failures: "What fails",
  requests: "Requests",
  schedules: "Schedules",
  connections: "Connections",
  send: "Send",
};

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
const brand = el(
  "a",
  { class: "brand", href: href("") },
  el("img", { src: "/console/icon.svg", alt: "", width: 24, height: 24 }),
  "Streamer",
);
document.body.append(skip, el("header", {}, brand, nav, account), main);

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

/** Begins with a session. The first call says whether the API takes its token. */
async function enter(session: Session): Promise<void> {
  visiting.abort();
  visiting = new AbortController();
  const { signal } = visiting;
  session.onRefused = (error) => {
    if (signal.aborted) return;
    Session.clear();
    ask(error.code === "FORBIDDEN" || session.pasted ? explain(error) : rejectSecret(error));
  };
  session.onExpired = async () => {
    try {
      return await askForToken();
    } catch (error) {
      leave();
      throw error;
    }
  };
  session.keep();
  const { tenant, subject, scopes } = await session.caller(config.tenant_claim);
  if (signal.aborted) return;
  put(
    caller,
    el("span", { class: "hidden" }, "Signed in "),
    tenant && el("span", {}, el("span", { class: "hidden" }, "for "), el("b", {}, tenant), " "),
    subject ? `as ${subject}` : "by a token",
  );
  nav.hidden = account.hidden = false;

  const token = () => session.token();
  const httpUrl = config.http_url ?? location.origin;
  const url = new URL(config.websocket_url, location.href.replace(/^http/, "ws")).href;
  const connect = () => {
    const client = new Streamer(url, { httpUrl, token, parse: parseExact, stringify, fetch: session.fetch });
    client.connect();
    return client;
  };
  const client = connect();
  signal.addEventListener("abort", () => client.close());
  showConnection(client);
  session.onRenewed = () => client.connect();

  const operator = new Operator(httpUrl, { token, stringify, fetch: session.fetch });
  const owner = scopes.includes(OWNER_SCOPE);
  const chooser = !owner ? undefined : tenantSwitch(tenant, (name) => router.go(href("", "", { tenant: name })));
  account.querySelector(".tenant")?.remove();
  if (chooser) account.prepend(chooser.element);

  let known: Promise<ActionDescription[]> | undefined;
  const context = (): Context => ({
    operator: tenantOf() ? operator.inTenant(tenantOf()!) : operator,
    tenant: tenantOf(),
    session,
    config,
    subject,
    owner,
    client,
    connect,
    // An older stage does not tell its actions.
    actions: () => (known ??= operator.actions({ signal }).catch(() => [])),
    visit: (address) => router.go(address),
  });
  const router: Router = new Router(
    main,
    {
      "": (v) => overviewView(context(), v),
      waiting: (v) => waitingView(context(), v),
      failures: (v) => failuresView(context(), v),
      requests: (v) => (v.rest ? requestView(context(), v) : requestsView(context(), v)),
      schedules: (v) => schedulesView(context(), v),
      connections: (v) => connectionsView(context(), v),
      send: (v) => sendView(context(), v),
    },
    (view) => {
      chooser?.show(tenantOf());
      brand.href = href("");
      for (const link of links) {
        link.href = href(link.dataset.view!);
        if (link.dataset.view === view) link.setAttribute("aria-current", "page");
        else link.removeAttribute("aria-current");
      }
    },
  );
  router.start(signal);
}

/** Says whether the page is connected, and how. */
function showConnection(client: Streamer): void {
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
}

/** Drops a secret that the server does not take, and says so. */
function rejectSecret(error: StreamerError): Problem {
  secret.clear();
  return { title: "The server did not sign you in", advice: error.message };
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
