import { el, put } from "./element.js";
import { problem } from "./parts.js";
import { redraw } from "./redraw.js";
import type { Session } from "./session.js";
import { explain } from "./state.js";
import { moment } from "./time.js";

/** A line that a function logged. */
type LogLine = Record<string, unknown>;

/** What the local stack's functions logged under a correlation id; it is no call of the API. */
async function logs(session: Session, correlationId: string, signal: AbortSignal): Promise<LogLine[]> {
  const query = new URLSearchParams({ correlation_id: correlationId });
  const headers = { Authorization: "Bearer " + (await session.token()) };
  const response = await session.fetch("/console/logs?" + query, { headers, signal });
  if (!response.ok) throw new Error(`HTTP status ${response.status}`);
  return (await response.json()).lines;
}

/** What the functions logged, read again whenever the request has changed. */
export function logsPart(
  session: Session,
  signal: AbortSignal,
): { element: HTMLElement; show(correlationId: string | undefined, rev: number): void } {
  const element = el("div", {}, el("p", { class: "empty" }, "Nothing yet."));
  let shown = "";
  return {
    element,
    show(correlationId, rev) {
      if (!correlationId || shown === `${correlationId} ${rev}`) return;
      shown = `${correlationId} ${rev}`;
      logs(session, correlationId, signal).then(
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

function logLine(line: LogLine): HTMLElement {
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
