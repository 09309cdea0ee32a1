import { type Child, el } from "./element.js";
import { field } from "./parts.js";

/** The spans of time that end now, by how the address names them. */
const SPANS: Record<string, { text: string; ms: number }> = {
  "1h": { text: "in the last hour", ms: 3_600_000 },
  "24h": { text: "in the last 24 hours", ms: 86_400_000 },
  "7d": { text: "in the last 7 days", ms: 7 * 86_400_000 },
};

/** When the requests were made that a view shows. */
export interface Range {
  since?: Date;
  until?: Date;
}

/** The range that an address names: `since` is a span or a time, `until` a time. */
export function rangeOf(query: URLSearchParams): Range {
  const given = query.get("since") ?? "";
  const span = SPANS[given];
  const since = span ? new Date(Date.now() - span.ms) : time(given);
  const until = time(query.get("until") ?? "");
  return { ...(since && { since }), ...(until && { until }) };
}

/** Fields to choose a range by. `readRange` reads them. */
export function rangeFields(query: URLSearchParams): Child[] {
  const since = query.get("since") ?? "";
  const until = query.get("until") ?? "";
  const between = until || (since && !SPANS[since]);
  const choice = el(
    "select",
    {
      name: "made",
      onchange: (event: Event) => {
        const open = choice.value === "between";
        for (const part of [from, to]) part.hidden = !open;
        if (open) event.stopPropagation(); // the times are still to come
      },
    },
    el("option", { value: "" }, "at any time"),
    ...Object.entries(SPANS).map(([name, { text }]) => el("option", { value: name, selected: name === since && !between }, text)),
    el("option", { value: "between", selected: !!between }, "between…"),
  );
  const from = field("From", el("input", { name: "from", type: "datetime-local", value: between ? local(time(since)) : "" }));
  const to = field("Until", el("input", { name: "to", type: "datetime-local", value: local(time(until)) }));
  from.hidden = to.hidden = !between;
  return [field("Made", choice), from, to];
}

/** What the fields say, for an address. */
export function readRange(form: FormData): { since: string; until: string } {
  const made = String(form.get("made") ?? "");
  if (made !== "between") return { since: made, until: "" };
  const iso = (name: string) => time(String(form.get(name) ?? ""))?.toISOString() ?? "";
  return { since: iso("from"), until: iso("to") };
}

function time(text: string): Date | undefined {
  const at = new Date(text);
  return text && Number.isFinite(at.getTime()) ? at : undefined;
}

/** As `datetime-local` has it: by this machine's clock, without a zone. */
function local(at: Date | undefined): string {
  return at ? new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16) : "";
}
