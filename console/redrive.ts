import type { FailureGroup, Operator, Snapshot } from "@pay-theory/streamer/operator";
import { confirmed, progressDialog } from "./dialog.js";
import type { Range } from "./range.js";
import { explain } from "./state.js";
import { number } from "./table.js";

/** How many redrives are under way at a time. */
const AT_ONCE = 4;

/**
 * Redrives every request of a group of failures, after a question. Resolves with what came of
 * it, and with undefined when the answer was no.
 */
export async function redriveAll(operator: Operator, group: FailureGroup, range: Range): Promise<string | undefined> {
  const { action, code, message, count } = group;
  const question = `Redrive ${number(count)} request${count === 1 ? "" : "s"} of ${action}?`;
  const advice = `Each that has failed with ${code} “${message}” is queued again, and goes on from its last checkpoint.`;
  if (!(await confirmed(question, advice, "Redrive all"))) return undefined;

  const stop = new AbortController();
  const { signal } = stop;
  const dialog = progressDialog(`Redriving ${action}`, stop);
  const done = { changed: 0, same: 0, failed: 0 };
  const total = () => done.changed + done.same + done.failed;
  let fault = "";
  const redrive = async (r: Snapshot) => {
    try {
      if (!(await belongs(operator, r, group, signal))) return;
      const answer = await operator.redrive(r.id, { subject: r.subject, signal });
      done[answer.changed === false ? "same" : "changed"]++;
    } catch (error) {
      if (signal.aborted) return;
      done.failed++;
      fault = explain(error).title;
    }
    dialog.say(Math.min(total() / count, 1), `${number(total())} of ${number(count)}`);
  };
  try {
    for (let cursor: string | undefined; !signal.aborted; ) {
      const page = await operator.requests({ ...range, state: "FAILED", action, limit: 100, cursor, signal });
      const waiting = page.requests.filter((r) => r.error?.code === code);
      await Promise.all(
        Array.from({ length: AT_ONCE }, async () => {
          for (let next = waiting.shift(); next && !signal.aborted; next = waiting.shift()) await redrive(next);
        }),
      );
      cursor = page.cursor;
      if (!cursor) break;
    }
  } catch (error) {
    if (!signal.aborted) fault = explain(error).title;
  }
  const stopped = signal.aborted;
  dialog.close();
  return [
    stopped ? "Stopped." : "",
    `${number(done.changed)} ${done.changed === 1 ? "is" : "are"} queued again.`,
    done.same ? `${number(done.same)} had been redriven already.` : "",
    done.failed || fault ? `${number(done.failed)} could not be redriven: ${fault}.` : "",
  ]
    .filter(Boolean)
    .join(" ");
}

/** Whether a request is one of the group. The cause of an internal error is not in a list. */
async function belongs(operator: Operator, r: Snapshot, group: FailureGroup, signal: AbortSignal): Promise<boolean> {
  if (!group.kind) return withoutNumbers(r.error?.message ?? "") === group.message;
  const { history } = await operator.request(r.id, { subject: r.subject, signal });
  const cause = history?.at(-1)?.cause;
  return cause?.kind === group.kind && withoutNumbers(cause.message) === group.message;
}

/** A message as the server groups it: with # in the place of numbers, hexadecimal ones included, and of ids. */
export function withoutNumbers(message: string): string {
  return message.replaceAll(/[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}(?![\da-z])|[\da-z]+/gi, (word) => {
    if (!/\d/.test(word)) return word.includes("-") ? "#" : word;
    const id = word.length >= 16 || /^(?:0x)?[\da-f]*$/i.test(word);
    return id ? "#" : word.replaceAll(/\d+/g, "#");
  });
}
