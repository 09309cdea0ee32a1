import type { Snapshot } from "@pay-theory/streamer/operator";
import { copyButton } from "./copy.js";
import { type Child, el } from "./element.js";
import { href } from "./route.js";
import { subjectLink } from "./search.js";
import { duration, moment } from "./time.js";

/** What is known of a request, by name. `logs` is the address of its logs. */
export function facts(r: Snapshot, logs: string | undefined): HTMLElement {
  const d = r.detail;
  const pairs: [string, Child][] = [
    [
      "Id",
      el(
        "span",
        {},
        el("span", { class: "id" }, r.id),
        " ",
        copyButton("the id", () => r.id),
      ),
    ],
    ["Subject", r.subject && subjectLink({ subject: r.subject })],
    ["Started by", r.parent && el("a", { href: href("requests", r.parent, { subject: r.subject }) }, r.parent)],
    ["Attempt", r.attempts],
    ["Created", moment(r.created_at)],
    ["Not before", d?.not_before && moment(d.not_before)],
    ["Started", r.started_at && moment(r.started_at)],
    ["Finished", r.finished_at && moment(r.finished_at)],
    ["Worked for", d && duration(d.ran_ms)],
    ["Worker", d?.worker],
    ["Lease until", d?.lease_until && moment(d.lease_until)],
    ["Priority", d && (["low", "normal", "high"][d.priority + 1] ?? d.priority)],
    ["Holds permits of", d?.slots?.join(", ")],
    ["Slices", d?.slices],
    ["Lease expirations", d?.lost],
    ["Watched by", d && `${d.subscribers} connection${d.subscribers === 1 ? "" : "s"}`],
    ["Deleted after", d?.expires_at && moment(d.expires_at)],
    [
      "Correlation id",
      d?.correlation_id &&
        el(
          "span",
          {},
          el("span", { class: "id" }, d.correlation_id),
          " ",
          copyButton("the correlation id", () => d.correlation_id),
        ),
    ],
    [
      "Logs",
      logs &&
        d?.correlation_id &&
        el("a", { href: logsAddress(logs, d.correlation_id), target: "_blank", rel: "noreferrer" }, "Open"),
    ],
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

function logsAddress(template: string, correlationId: string): string {
  return template.replaceAll("{correlation_id}", encodeURIComponent(correlationId));
}
