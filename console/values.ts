import type { Snapshot } from "@pay-theory/streamer/operator";
import { type Child, el } from "./element.js";
import { code, section } from "./parts.js";
import { cause } from "./timeline.js";

/** What a request was given, keeps and gave. */
export function values(r: Snapshot): Child[] {
  const d = r.detail;
  const last = r.history?.at(-1);
  return [
    r.error &&
      section(
        "Error",
        el("p", {}, el("strong", {}, r.error.code), " ", r.error.message),
        last && r.state !== "CANCELLED" && cause(last),
        r.error.details && code(r.error.details, "Details of the error"),
      ),
    r.result !== undefined && section("Result", code(r.result, "Result")),
    d?.payload !== undefined && section("Payload", code(d.payload, "Payload")),
    d?.metadata && section("Metadata", code(d.metadata, "Metadata")),
    r.metadata && section("Of the last progress", code(r.metadata, "Metadata of the last progress")),
    d?.checkpoint !== undefined && section("Checkpoint", code(d.checkpoint, "Checkpoint")),
  ];
}

/** The results that the action keeps. */
export function steps(r: Snapshot): Child[] {
  const all = r.detail?.steps;
  if (!all?.length) return [];
  const items = all.map((s) => el("li", {}, el("h3", {}, s.name), code(s.result, `Result of ${s.name}`)));
  return [section("Steps", el("ul", { class: "steps" }, ...items))];
}
