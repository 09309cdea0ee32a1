import type { Operator, Snapshot } from "@pay-theory/streamer/operator";
import { type Child, el, put } from "./element.js";
import { requestHref } from "./parts.js";
import { moment } from "./time.js";

/** Says why a queued request does not run. */
export function why(r: Snapshot): Child[] {
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

/** How many running requests are looked at for the holders of a permit. */
const LOOKED_AT = 20;

/** Links to requests that hold a permit of a limit. A list does not tell permits, so each is read. */
export async function holders(operator: Operator, limit: string, signal: AbortSignal, into: Element): Promise<void> {
  const action = limit.startsWith("action:") ? { action: limit.slice("action:".length) } : {};
  const { requests, cursor } = await operator.requests({ ...action, state: "RUNNING", limit: LOOKED_AT, signal });
  const details = await Promise.all(
    requests.map((r) => operator.request(r.id, { subject: r.subject, signal }).catch(() => undefined)),
  );
  const held = details.filter((r): r is Snapshot => !!r?.detail?.slots?.includes(limit));
  put(
    into,
    held.length > 0 &&
      el(
        "p",
        {},
        "Held by ",
        ...held.flatMap((r, i) => [i ? ", " : "", el("a", { class: "id", href: requestHref(r) }, r.id)]),
        cursor && " and perhaps others",
        ".",
      ),
  );
}
