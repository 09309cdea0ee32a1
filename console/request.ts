import type { Snapshot } from "@pay-theory/streamer/operator";
import { childrenPart } from "./children.js";
import type { Context } from "./context.js";
import { confirmed } from "./dialog.js";
import { el, put } from "./element.js";
import { facts } from "./facts.js";
import { framesPart } from "./frames.js";
import { logsPart } from "./logs.js";
import { outputPart } from "./output.js";
import { badge, bar, loading, problem, section } from "./parts.js";
import { line, type Point } from "./plot.js";
import { poll } from "./poll.js";
import { redraw } from "./redraw.js";
import { href, type Visit } from "./route.js";
import { signalPart } from "./signal.js";
import { explain, isFinalState } from "./state.js";
import { between, duration, moment } from "./time.js";
import { timeline } from "./timeline.js";
import { steps, values } from "./values.js";
import { holders, why } from "./why.js";

/** How often a request that has not ended is read again, beside what frames tell. */
const AGAIN = 3000;
/** The most points of its progress that are kept. */
const POINTS = 400;

/** One request: all that is known of it, live. */
export function requestView(context: Context, { root, rest: id, query, signal }: Visit): string {
  const { operator, config } = context;
  const subject = query.get("subject") ?? undefined;
  let newest: Snapshot | undefined;
  const progress = new Map<number, Point>();

  const title = el("h1", {}, el("span", { class: "id" }, id));
  const head = el("div", { class: "head" });
  const status = el("p", { class: "status", role: "status" });
  const fault = el("div", {}, loading());
  const parts = {
    waiting: el("div", {}),
    held: el("div", {}),
    progress: el("div", {}),
    timeline: el("div", {}),
    steps: el("div", {}),
    values: el("div", {}),
    facts: el("div", {}),
  };
  const output = outputPart(operator, id, subject, signal);
  const children = childrenPart(operator, signal);
  const frames = framesPart();
  const logs = config.logs ? logsPart(context.session, signal) : undefined;

  const cancel = el("button", { type: "button", class: "danger", onclick: askToCancel }, "Cancel");
  const redrive = el(
    "button",
    {
      type: "button",
      onclick: () => act(() => operator.redrive(id, { subject }), "It is queued again.", "It had been redriven already."),
    },
    "Redrive",
  );
  const signalForm = signalPart((token, payload) =>
    act(
      () => operator.signal(id, token, payload, { subject }),
      "The signal was given.",
      "That signal had been given before, and the first counts.",
    ),
  );
  root.append(
    el("p", { class: "crumb" }, el("a", { href: href("requests") }, "Requests")),
    title,
    head,
    status,
    el("div", { class: "controls", role: "group", "aria-label": "What can be done" }, cancel, redrive, signalForm.element),
    fault,
    el(
      "div",
      { class: "columns" },
      el("div", {}, parts.waiting, parts.progress, parts.timeline, parts.steps, parts.values, output.element, children.element),
      el(
        "div",
        {},
        parts.facts,
        section(
          "Frames",
          ...(context.tenant ? [el("p", { class: "empty" }, "Frames come for the token's own tenant only.")] : frames.children),
        ),
        logs && section("What the functions logged", logs.element),
      ),
    ),
  );

  async function askToCancel(): Promise<void> {
    const running =
      newest?.state === "RUNNING" ? " It is running: its action is asked to stop, and what it did so far stays done." : "";
    if (
      !(await confirmed(
        `Cancel ${newest?.action ?? "request"} ${id}?`,
        `A cancelled request cannot be redriven.${running}`,
        "Cancel it",
      ))
    )
      return;
    await act(() => operator.cancel(id, { subject }), "The cancel was asked for.", "It had ended before, and stays as it is.");
  }

  async function act(call: () => Promise<Snapshot>, done: string, unchanged: string): Promise<void> {
    try {
      const { changed, ...answer } = await call();
      show({ ...newest, ...answer });
      said.textContent = " " + (changed === false ? unchanged : done);
      await refresh();
    } catch (error) {
      if (!signal.aborted) put(fault, problem(explain(error)));
    }
  }

  const said = el("span", {});

  /** Answers may overtake each other: only what is newer is shown. */
  function show(r: Snapshot): void {
    if (newest && r.rev < newest.rev) return;
    if (newest?.state === "FAILED" && r.state !== "FAILED") subscribe(); // what has ended has no subscribers left
    newest = r;
    point(r.rev, r.updated_at, r.percentage);
    const state = r.cancelling ? "CANCELLING" : r.state;
    redraw(title, [r.action, r.id], () => [r.action, " ", el("span", { class: "id" }, r.id)]);
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
    draw(r);
    if (r.output) output.show(r.output);
    children.show(r);
    logs?.show(r.detail?.correlation_id, r.rev);
  }

  function draw(r: Snapshot): void {
    const waits = r.state === "QUEUED" ? r.waiting : undefined;
    redraw(parts.waiting, waits, () =>
      waits ? [section("Why it waits", el("p", {}, ...why(r)), waits.limit ? parts.held : undefined)] : [],
    );
    const points = [{ at: Date.parse(r.created_at), value: 0 }, ...[...progress].sort((a, b) => a[0] - b[0]).map(([, p]) => p)];
    redraw(parts.progress, points, () => [progressPlot(r, points)]);
    const d = r.detail;
    redraw(
      parts.timeline,
      [r.state, r.attempts, r.history, r.started_at, r.finished_at, r.due_at, d?.worker, d?.claimed_at, d?.audit, d?.steps],
      () => [section("Timeline", ...timeline(r))],
    );
    redraw(parts.steps, d?.steps, () => steps(r));
    redraw(parts.values, [d?.payload, r.result, r.error, r.history, d?.checkpoint, d?.metadata, r.metadata], () => values(r));
    redraw(parts.facts, [d, r.subject, r.attempts, r.rev, r.parent], () => [section("Facts", facts(r, config.logs_url))]);
  }

  function point(rev: number, at: string, value: number): void {
    if (progress.has(rev)) return;
    progress.set(rev, { at: Date.parse(at), value });
    // A long run keeps every other point: the line looks the same.
    if (progress.size > POINTS) for (const [i, key] of [...progress.keys()].entries()) if (i % 2) progress.delete(key);
  }

  let looked = "";
  async function refresh(): Promise<void> {
    const r = await operator.request(id, { subject, signal });
    put(fault);
    show(r);
    const { limit, running } = r.waiting ?? {};
    if (!limit || looked === `${limit} ${running}`) return;
    looked = `${limit} ${running}`;
    await holders(operator, limit, signal, parts.held);
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
  const live = context.tenant ? undefined : context.connect();
  signal.addEventListener("abort", () => live?.close());
  function subscribe(): void {
    if (live?.state === "open" && live.reason === "connected")
      live.request("streamer.subscribe", { request_id: id, ...(subject && { subject }) });
  }
  live?.onState(subscribe);
  live?.onFrame((frame) => {
    if ((frame.request?.id ?? frame.request_id) !== id) return;
    frames.add(frame);
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

function progressPlot(r: Snapshot, points: Point[]): HTMLElement {
  const [first, last] = [points[0]!.at, points.at(-1)!.at];
  return section(
    "Progress",
    line(points, 100, `Progress over time: ${Math.round(r.percentage)} % after ${duration(last - first)}`),
    el("p", { class: "axis" }, moment(first), el("span", {}, "what this page has seen of it"), moment(last)),
  );
}
