import type { Frame, Streamer } from "@pay-theory/streamer";
import type { Operator, Snapshot } from "@pay-theory/streamer/operator";
import { type Child, el, put } from "./element.js";
import { Typed } from "./json.js";
import type { LogLine } from "./logs.js";
import { badge, bar, code, field, loading, problem, section } from "./parts.js";
import { line, type Point, spans } from "./plot.js";
import { poll } from "./poll.js";
import { href, type Visit } from "./route.js";
import { explain, isFinalState } from "./state.js";
import { between, duration, moment } from "./time.js";

/** How often a request that has not ended is read again, beside what frames tell. */
const AGAIN = 3000;
/** The most frames that are kept on the page. */
const FRAMES = 200;

/** One request: all that is known of it, live. */
export function requestView(
  operator: Operator,
  connect: () => Streamer,
  readLogs: ReadLogs,
  { root, rest: id, query, signal }: Visit,
): string {
  const subject = query.get("subject") ?? undefined;
  let newest: Snapshot | undefined;
  const progress = new Map<number, Point>();

  const title = el("h1", {}, el("span", { class: "id" }, id));
  const head = el("div", { class: "head" });
  const status = el("p", { class: "status", role: "status" });
  const fault = el("div", {}, loading());
  const controls = el("div", { class: "controls", role: "group", "aria-label": "What can be done" });
  const parts = {
    waiting: el("div", {}),
    progress: el("div", {}),
    timeline: el("div", {}),
    facts: el("div", {}),
    values: el("div", {}),
    steps: el("div", {}),
    output: el("div", {}),
  };
  const frames = el("ol", { class: "frames" });
  const log = el("div", { class: "log", role: "log", "aria-live": "off", "aria-label": "Frames", tabindex: 0 }, frames);
  const noFrames = el("p", { class: "empty" }, "Frames appear here as the server sends them.");
  const logs = logsPart(readLogs, signal);
  root.append(
    el("p", { class: "crumb" }, el("a", { href: href("requests") }, "Requests")),
    title,
    head,
    status,
    controls,
    fault,
    el(
      "div",
      { class: "columns" },
      el("div", {}, parts.waiting, parts.progress, parts.timeline, parts.steps, parts.values, parts.output),
      el("div", {}, parts.facts, section("Frames", log, noFrames), section("What the functions logged", logs.element)),
    ),
  );

  const cancel = el(
    "button",
    { type: "button", class: "danger", onclick: () => act(() => operator.cancel(id, { subject }), "The cancel was asked for.") },
    "Cancel",
  );
  const redrive = el(
    "button",
    { type: "button", onclick: () => act(() => operator.redrive(id, { subject }), "It is queued again.") },
    "Redrive",
  );
  const signalForm = signalPart((token, payload) => {
    const value = payload ? new Typed(payload) : undefined;
    return act(() => operator.signal(id, token, value, { subject }), "The signal was given.");
  });
  controls.append(cancel, redrive, signalForm.element);

  async function act(call: () => Promise<Snapshot>, said: string): Promise<void> {
    try {
      show({ ...newest, ...(await call()) });
      announce(said);
      await refresh();
    } catch (error) {
      if (!signal.aborted) put(fault, problem(explain(error)));
    }
  }

  const said = el("span", {});
  function announce(text: string): void {
    said.textContent = " " + text;
  }

  /** Answers may overtake each other: only what is newer is shown. */
  function show(r: Snapshot): void {
    if (newest && r.rev < newest.rev) return;
    if (newest?.state === "FAILED" && r.state !== "FAILED") subscribe(); // what has ended has no subscribers left
    newest = r;
    point(r.rev, r.updated_at, r.percentage);
    const state = r.cancelling ? "CANCELLING" : r.state;
    put(title, r.action, " ", el("span", { class: "id" }, r.id));
    put(
      head,
      badge(state),
      bar(r),
      el(
        "span",
        {},
        isFinalState(r.state) ? `after ${duration(between(r.created_at, r.finished_at))}` : `${Math.round(r.percentage)} %`,
      ),
    );
    const text = `${state} ${r.message}`;
    if (status.dataset.text !== text) put(status, el("span", { class: "hidden" }, state.toLowerCase() + ": "), r.message, said);
    status.dataset.text = text;
    cancel.hidden = isFinalState(r.state) || !!r.cancelling;
    redrive.hidden = r.state !== "FAILED";
    signalForm.show(r);
    draw(r, progress, parts);
    logs.show(r.detail?.correlation_id, r.rev);
  }

  function point(rev: number, at: string, value: number): void {
    if (!progress.has(rev)) progress.set(rev, { at: Date.parse(at), value });
  }

  async function refresh(): Promise<void> {
    const r = await operator.request(id, { subject, signal });
    put(fault);
    show(r);
    if (r.output && r.output > 0) await readOutput();
  }

  let chunks: unknown[] = [];
  async function readOutput(): Promise<void> {
    const page = await operator.output(id, { subject, from: chunks.length, signal });
    if (!page.chunks.length) return;
    chunks = [...chunks.slice(0, page.offset), ...page.chunks];
    put(parts.output, section("Output", code(chunks, "Output")));
  }

  let due: ReturnType<typeof setTimeout> | undefined;
  function refreshSoon(): void {
    due ??= setTimeout(() => {
      due = undefined;
      refresh().catch(() => {}); // the poll says what is wrong
    }, 150);
  }
  signal.addEventListener("abort", () => clearTimeout(due));

  // A connection of its own: an id is one among those of its subject, and
  // frames name the id alone.
  const live = connect();
  signal.addEventListener("abort", () => live.close());
  const subscribe = () => {
    if (live.state === "open" && live.reason === "connected")
      live.request("streamer.subscribe", { request_id: id, ...(subject && { subject }) });
  };
  live.onState(subscribe);
  live.onFrame((frame) => {
    if ((frame.request?.id ?? frame.request_id) !== id) return;
    noFrames.remove();
    const below = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    frames.append(frameItem(frame));
    if (frames.childElementCount > FRAMES) frames.firstElementChild!.remove();
    if (below) log.scrollTop = log.scrollHeight;
    if (frame.type === "progress" && newest && frame.rev! > newest.rev) {
      const { rev = 0, percentage = 0, message = "", timestamp = new Date().toISOString() } = frame;
      show({ ...newest, state: "RUNNING", rev, percentage, message, updated_at: timestamp });
    }
    refreshSoon();
  });

  void poll(
    signal,
    AGAIN,
    async () => {
      // A failed one may be redriven, here or elsewhere.
      if (!newest || !isFinalState(newest.state) || newest.state === "FAILED" || fault.childElementCount) await refresh();
    },
    (error) => put(fault, problem(explain(error))),
  );
  return `Request ${id}`;
}

interface Parts {
  waiting: Element;
  progress: Element;
  timeline: Element;
  facts: Element;
  values: Element;
  steps: Element;
}

const drawn = new WeakMap<Element, string>();

/** Draws a part again only when what it shows has changed, so that focus, selection and scrolling stay. */
function redraw(part: Element, value: unknown, make: () => Child[]): void {
  const version = JSON.stringify(value) ?? "";
  if (drawn.get(part) === version) return;
  drawn.set(part, version);
  put(part, ...make());
}

function draw(r: Snapshot, progress: Map<number, Point>, parts: Parts): void {
  const d = r.detail;
  redraw(parts.waiting, r.state === "QUEUED" && r.waiting, () =>
    r.state === "QUEUED" && r.waiting ? [section("Why it waits", el("p", {}, ...why(r)))] : [],
  );

  const points = [{ at: Date.parse(r.created_at), value: 0 }, ...[...progress].sort((a, b) => a[0] - b[0]).map(([, p]) => p)];
  redraw(parts.progress, points, () => [
    section(
      "Progress",
      line(points, 100, `Progress over time: ${Math.round(r.percentage)} % after ${duration(points.at(-1)!.at - points[0]!.at)}`),
      el(
        "p",
        { class: "axis" },
        moment(points[0]!.at),
        el("span", {}, "what this page has seen of it"),
        moment(points.at(-1)!.at),
      ),
    ),
  ]);
  redraw(
    parts.timeline,
    [r.state, r.attempts, r.history, r.started_at, r.finished_at, r.waiting, d?.worker, d?.claimed_at, d?.lease_until],
    () => [section("Timeline", ...timeline(r))],
  );
  redraw(parts.steps, d?.steps, () =>
    d?.steps?.length
      ? [
          section(
            "Steps",
            el(
              "ul",
              { class: "steps" },
              ...d.steps.map((s) => el("li", {}, el("h3", {}, s.name), code(s.result, `Result of ${s.name}`))),
            ),
          ),
        ]
      : [],
  );
  redraw(parts.values, [d?.payload, r.result, r.error, d?.checkpoint, d?.metadata, r.metadata], () => [
    r.error &&
      section(
        "Error",
        el("p", {}, el("strong", {}, r.error.code), " ", r.error.message),
        r.error.details && code(r.error.details, "Details of the error"),
      ),
    r.result !== undefined && section("Result", code(r.result, "Result")),
    d?.payload !== undefined && section("Payload", code(d.payload, "Payload")),
    d?.metadata && section("Metadata", code(d.metadata, "Metadata")),
    r.metadata && section("Of the last progress", code(r.metadata, "Metadata of the last progress")),
    d?.checkpoint !== undefined && section("Checkpoint", code(d.checkpoint, "Checkpoint")),
  ]);
  redraw(parts.facts, [d, r.subject, r.attempts, r.rev], () => [section("Facts", facts(r))]);
}

function facts(r: Snapshot): HTMLElement {
  const d = r.detail;
  const pairs: [string, Child][] = [
    ["Subject", r.subject],
    ["Started by", r.parent && el("a", { href: href("requests", r.parent, { subject: r.subject }) }, r.parent)],
    ["Children", r.children && `${r.children.total}, of which ${r.children.ended} have ended`],
    ["Attempt", r.attempts],
    ["Created", moment(r.created_at)],
    ["Started", moment(r.started_at)],
    ["Finished", moment(r.finished_at)],
    ["Worked for", d && duration(d.ran_ms)],
    ["Worker", d?.worker],
    ["Lease until", d?.lease_until && moment(d.lease_until)],
    ["Priority", d && (["low", "normal", "high"][d.priority + 1] ?? d.priority)],
    ["Holds permits of", d?.slots?.join(", ")],
    ["Slices", d?.slices],
    ["Lease expirations", d?.lost],
    ["Watched by", d && `${d.subscribers} connection${d.subscribers === 1 ? "" : "s"}`],
    ["Deleted after", d?.expires_at && moment(d.expires_at)],
    ["Correlation id", d?.correlation_id],
    ["Rev", r.rev],
  ];
  return el(
    "dl",
    {},
    ...pairs
      .filter(([, value]) => value || value === 0)
      .map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))),
  );
}

function why(r: Snapshot): Child[] {
  const w = r.waiting!;
  const until: Child[] = w.until ? [" until ", moment(w.until)] : [];
  switch (w.for) {
    case "worker":
      return ["A worker is about to take it."];
    case "retry":
      return ["The last attempt failed", r.error && ` with ${r.error.code}`, ". It waits for the next one", ...until, "."];
    case "time":
      return [r.started_at ? "The action asked to go on later" : "It was asked to start later", ": it waits", ...until, "."];
    case "signal":
      return ["It waits for the signal ", el("code", {}, w.token), ...until, ". Give it with the form above."];
    case "children":
      return [`It waits for its children: ${r.children?.ended ?? 0} of ${r.children?.total ?? 0} have ended.`];
    case "limit":
      return [
        "All permits of the limit ",
        el("code", {}, w.limit),
        " are taken",
        w.running !== undefined && `, by ${w.running}`,
        w.position !== undefined && `. It is number ${w.position} in the wait queue`,
        ".",
      ];
  }
  return [`It waits for ${w.for}`, ...until, "."];
}

/** What happened when, as a line and as a list. */
function timeline(r: Snapshot): Child[] {
  const created = Date.parse(r.created_at);
  const end = r.finished_at ? Date.parse(r.finished_at) : Date.now();
  const failed = (r.history ?? []).map((a) => ({ from: Date.parse(a.started_at), to: Date.parse(a.ended_at), state: "FAILED" }));
  const last = Math.max(r.started_at ? Date.parse(r.started_at) : NaN, failed.at(-1)?.to ?? 0);
  const from = failed.length && r.detail?.claimed_at ? Date.parse(r.detail.claimed_at) : last;
  const current =
    (r.state === "RUNNING" || r.state === "SUCCEEDED") && Number.isFinite(from) ? [{ from, to: end, state: r.state }] : [];
  const items: Child[] = [
    el("li", {}, moment(r.created_at), el("span", {}, "created")),
    ...(r.history ?? []).map((a) =>
      el(
        "li",
        { "data-state": "FAILED" },
        moment(a.started_at),
        el(
          "span",
          {},
          `attempt ${a.number} failed with ${a.code} after ${duration(between(a.started_at, a.ended_at))}`,
          el("small", {}, a.worker),
        ),
      ),
    ),
    r.state === "RUNNING" &&
      el(
        "li",
        { "data-state": "RUNNING" },
        el("span", {}, "now"),
        el("span", {}, `attempt ${r.attempts} runs`, el("small", {}, r.detail?.worker)),
      ),
    r.state === "QUEUED" &&
      el(
        "li",
        { "data-state": "QUEUED" },
        el("span", {}, "now"),
        el("span", {}, "waits", r.due_at && " until ", r.due_at && moment(r.due_at)),
      ),
    r.finished_at &&
      el(
        "li",
        { "data-state": r.state },
        moment(r.finished_at),
        el("span", {}, r.state.toLowerCase(), r.state === "SUCCEEDED" && r.attempts > 1 && ` in attempt ${r.attempts}`),
      ),
  ];
  return [
    spans([...failed, ...current], created, end, `Attempts on a line of ${duration(end - created)}: ${failed.length} failed`),
    el("ol", { class: "timeline" }, ...items),
  ];
}

function frameItem(frame: Frame): HTMLElement {
  const { type, request, ...rest } = frame;
  delete rest.request_id;
  const at = new Date().toISOString();
  const text = request ? `${request.state} rev ${request.rev}` : JSON.stringify(rest);
  return el("li", {}, moment(at), el("b", {}, type), el("code", {}, text.length > 400 ? text.slice(0, 400) + "…" : text));
}

function signalPart(send: (token: string, payload: string) => void): { element: HTMLElement; show(r: Snapshot): void } {
  const token = el("input", { name: "token", required: true, autocomplete: "off", spellcheck: "false" });
  const payload = el("textarea", { name: "payload", rows: 3, spellcheck: "false", placeholder: "{}" });
  const form = el(
    "form",
    {
      onsubmit: (event: Event) => {
        event.preventDefault();
        send(token.value.trim(), payload.value.trim());
      },
    },
    field("Token", token),
    field("Payload", payload, "JSON, or nothing"),
    el("button", { type: "submit" }, "Give the signal"),
  );
  const element = el("details", { class: "signal" }, el("summary", {}, "Signal"), form);
  let opened = "";
  return {
    element,
    show(r) {
      element.hidden = isFinalState(r.state);
      const waits = r.waiting?.for === "signal" ? (r.waiting.token ?? "") : "";
      if (waits && waits !== opened) {
        opened = token.value = waits;
        element.open = true;
      }
    },
  };
}

/** Reads what the functions logged under a correlation id. */
export type ReadLogs = (correlationId: string, signal: AbortSignal) => Promise<LogLine[]>;

/** What the functions logged, read again whenever the request has changed. */
function logsPart(
  readLogs: ReadLogs,
  signal: AbortSignal,
): { element: HTMLElement; show(correlationId: string | undefined, rev: number): void } {
  const element = el("div", {}, el("p", { class: "empty" }, "Nothing yet."));
  let shown = "";
  return {
    element,
    show(correlationId, rev) {
      if (!correlationId || shown === `${correlationId} ${rev}`) return;
      shown = `${correlationId} ${rev}`;
      readLogs(correlationId, signal).then(
        (lines) =>
          redraw(element, lines, () =>
            lines.length
              ? [el("ol", { class: "logs", tabindex: 0, "aria-label": "Log lines" }, ...lines.map(logLine))]
              : [el("p", { class: "empty" }, "The stack keeps the last 5,000 lines of this run, and none is of this request.")],
          ),
        (error) => !signal.aborted && put(element, problem(explain(error))),
      );
    },
  };
}

const KNOWN = [
  "time",
  "timestamp",
  "level",
  "msg",
  "message",
  "correlation_id",
  "invocation_id",
  "request_id",
  "tenant",
  "action",
];

function logLine(line: Record<string, unknown>): HTMLElement {
  const { time, timestamp, level, msg, message } = line;
  const others = Object.entries(line).filter(([name]) => !KNOWN.includes(name));
  return el(
    "li",
    { "data-level": String(level) },
    moment(String(time ?? timestamp)),
    el("b", {}, String(level)),
    el("span", {}, String(msg ?? message)),
    el(
      "code",
      {},
      others.map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`).join("  "),
    ),
  );
}
