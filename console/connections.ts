import type { Connection } from "@pay-theory/streamer/operator";
import type { Context } from "./context.js";
import { confirmed } from "./dialog.js";
import { el, Keyed, put } from "./element.js";
import { field, loading, problem } from "./parts.js";
import { poll } from "./poll.js";
import { href, type Visit } from "./route.js";
import { exactly } from "./search.js";
import { explain } from "./state.js";
import { duration, moment } from "./time.js";

/** The connections that are open now. */
export function connectionsView({ operator, visit }: Context, { root, query, signal }: Visit): string {
  const subject = query.get("subject") ?? "";
  const cursor = query.get("cursor") ?? "";
  const input = el("input", { name: "subject", value: subject, autocomplete: "off", spellcheck: "false" });
  const filter = (event: Event) => {
    event.preventDefault();
    const address = href("connections", "", { subject: input.value.trim() });
    if (address !== location.pathname + location.search) visit(address);
  };
  const said = el("p", { role: "status" });
  const notice = el("div", {}, loading());
  const list = el("ul", { class: "rows connections", "aria-label": "Connections" });
  const rows = new Keyed<Connection>(list, (c) => c.id, row);
  const more = el("nav", { class: "pages", "aria-label": "Pages" });
  root.append(
    el("h1", {}, "Connections"),
    el(
      "form",
      { class: "filters", role: "search", "aria-label": "Filter connections", onsubmit: filter, onchange: filter },
      field("Subject", input),
      el("button", { type: "submit" }, "Filter"),
      subject && el("a", { class: "quiet", href: href("connections") }, "Clear"),
    ),
    said,
    notice,
    list,
    more,
  );

  const next = el("a", {}, "More »");
  void poll(
    signal,
    2000,
    async () => {
      const page = await operator.connections({ subject, limit: 100, cursor, signal });
      rows.show(page.connections);
      put(
        notice,
        !page.connections.length &&
          el(
            "p",
            { class: "empty", role: "status" },
            subject
              ? `${subject} has no connection.`
              : "There are no connections. The command “streamer call” connects, and so does this page when it shows a request.",
          ),
      );
      if (page.cursor) next.setAttribute("href", href("connections", "", { subject, cursor: page.cursor }));
      if (!page.cursor) next.remove();
      else if (!next.isConnected) more.append(next);
    },
    (error) => put(notice, problem(explain(error))),
  );

  async function closeAll(subject: string): Promise<void> {
    const advice = "Their requests go on. Whoever has a token that is still good can connect again.";
    if (!(await confirmed(`Close all connections of ${subject}?`, advice, "Close them"))) return;
    try {
      const { closed } = await operator.closeAll(subject);
      put(said, `${closed} connection${closed === 1 ? " was" : "s were"} closed.`);
    } catch (error) {
      put(notice, problem(explain(error)));
    }
  }

  function row(c: Connection): HTMLElement {
    return el(
      "li",
      { class: "row" },
      el("a", { class: "subject", href: href("requests", "", { subject: exactly(c.subject) }) }, c.subject),
      el("span", { class: "id" }, c.id),
      el("span", { class: "when" }, "since ", moment(c.connected_at)),
      el("span", { class: "expires" }, `token for ${duration(Date.parse(c.expires_at) - Date.now())} more`),
      el("span", { class: "agent" }, [c.source_ip, c.user_agent].filter(Boolean).join(" · ")),
      el(
        "button",
        {
          type: "button",
          class: "danger",
          "aria-label": `Close all connections of ${c.subject}`,
          onclick: () => closeAll(c.subject),
        },
        "Close all",
      ),
    );
  }
  return "Connections";
}
