import type { Schedule } from "@pay-theory/streamer/operator";
import type { Context } from "./context.js";
import { confirmed } from "./dialog.js";
import { el, Keyed, put } from "./element.js";
import { badge, loading, problem } from "./parts.js";
import { poll } from "./poll.js";
import { href, type Visit } from "./route.js";
import { explain } from "./state.js";
import { age, duration, moment } from "./time.js";

const AGAIN = 5000;

/** The schedules of the tenant: when each starts its request, and the one that it started last. */
export function schedulesView({ operator }: Context, { root, signal }: Visit): string {
  const notice = el("div", {}, loading());
  const said = el("p", { role: "status" });
  const list = el("ul", { class: "rows schedules", "aria-label": "Schedules" });
  const rows = new Keyed<Schedule>(list, (s) => s.name, row);
  root.append(el("h1", {}, "Schedules"), said, notice, list);

  async function show(): Promise<void> {
    const schedules = await operator.schedules({ signal });
    rows.show(schedules);
    put(
      notice,
      !schedules.length && el("p", { class: "empty", role: "status" }, "The application declares no schedule for this tenant."),
    );
  }
  void poll(signal, AGAIN, show, (error) => put(notice, problem(explain(error))));

  async function act(call: () => Promise<Schedule>, text: string): Promise<void> {
    try {
      await call();
      put(said, text);
      await show();
    } catch (error) {
      if (!signal.aborted) put(notice, problem(explain(error)));
    }
  }

  async function run(s: Schedule): Promise<void> {
    const advice = `It starts a request of ${s.action} for ${s.subject} at once, beside those of its times.`;
    if (await confirmed(`Run ${s.name} now?`, advice, "Run now")) {
      await act(() => operator.runSchedule(s.name), `${s.name} has started a request.`);
    }
  }

  function row(s: Schedule): HTMLElement {
    const toggle = s.paused
      ? el(
          "button",
          { type: "button", onclick: () => act(() => operator.resumeSchedule(s.name), `${s.name} goes on.`) },
          "Resume",
        )
      : el(
          "button",
          { type: "button", onclick: () => act(() => operator.pauseSchedule(s.name), `${s.name} is paused.`) },
          "Pause",
        );
    toggle.setAttribute("aria-label", `${toggle.textContent} ${s.name}`);
    const last = s.last;
    return el(
      "li",
      { class: "schedule" },
      el(
        "div",
        { class: "what" },
        el("h2", {}, s.name, s.paused && el("span", { class: "faint" }, " (paused)")),
        el(
          "p",
          {},
          el("b", {}, s.action),
          ` for ${s.subject}, `,
          s.cron ? el("code", {}, s.cron) : `every ${duration(s.every_ms ?? NaN)}`,
          ` (${s.time_zone})`,
          s.overlap && ", also while the one before runs",
        ),
        el(
          "p",
          { class: "faint" },
          s.next[0] ? "next " : "no next time",
          ...s.next.flatMap((at, i) => [i ? ", " : "", moment(at)]),
        ),
        last
          ? el(
              "p",
              {},
              "last: ",
              el("a", { class: "id", href: href("requests", last.request_id, { subject: s.subject }) }, last.request_id),
              " ",
              last.state ? badge(last.state) : el("span", { class: "faint" }, "not kept any more"),
              last.scheduled_for
                ? el("span", { class: "faint" }, " for ", age(last.scheduled_for))
                : el("span", { class: "faint" }, " by an operator"),
            )
          : el("p", { class: "faint" }, "It has started nothing yet."),
      ),
      el(
        "div",
        { class: "ways" },
        toggle,
        el("button", { type: "button", "aria-label": `Run now: ${s.name}`, onclick: () => run(s) }, "Run now"),
      ),
    );
  }
  return "Schedules";
}
