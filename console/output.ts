import type { Operator } from "@pay-theory/streamer/operator";
import { copyButton } from "./copy.js";
import { el, put } from "./element.js";
import { code, problem, section } from "./parts.js";
import { explain } from "./state.js";
import { number } from "./table.js";

/** The height of a row in px, as console.css has it. */
const ROW = 28;
/** How many rows are drawn above and below those that are seen. */
const MARGIN = 20;
/** How many chunks are asked for at a time, and how many are kept at the most. */
const PAGE = 100;
const KEPT = 1000;
/** How much of a chunk is kept for its row, in characters. */
const SHOWN = 300;

/**
 * The chunks that a request has emitted, each a row. Only the rows around those that are seen are
 * read and drawn, so that an output of any length costs the page the same.
 */
export function outputPart(
  operator: Operator,
  id: string,
  subject: string | undefined,
  signal: AbortSignal,
): { element: HTMLElement; show(total: number): void } {
  const read = (from: number, limit: number) => operator.output(id, { subject, from, limit, signal });
  const texts = new Map<number, string>();
  const drawn = new Map<number, HTMLElement>();
  let total = 0;

  const rows = el("ol", { class: "chunks" });
  const scroller = el(
    "div",
    { class: "output", tabindex: 0, role: "group", "aria-label": "Chunks of the output", onscroll: () => draw() },
    rows,
  );
  const count = el("p", { class: "faint" });
  const fault = el("div", {});
  const one = el("div", { "aria-live": "polite" });
  const copy = copyButton("the whole output", all);
  const element = el("div", {});
  const part = section("Output", el("div", { class: "bar" }, count, copy), fault, scroller, one);

  function draw(): void {
    const first = Math.max(0, Math.floor(scroller.scrollTop / ROW) - MARGIN);
    const end = Math.min(total, Math.ceil((scroller.scrollTop + scroller.clientHeight) / ROW) + MARGIN);
    for (const [i, row] of drawn) {
      if ((i >= first && i < end) || row.contains(document.activeElement)) continue;
      row.remove();
      drawn.delete(i);
    }
    for (let i = first; i < end; i++) {
      const row = drawn.get(i) ?? add(i);
      const text = texts.get(i);
      const button = row.firstElementChild as HTMLButtonElement;
      if (text !== undefined && button.textContent !== text) button.textContent = text;
    }
    void fill(first, end);
  }

  function add(i: number): HTMLElement {
    const button = el("button", { type: "button", onclick: () => open(i) }, "…");
    const row = el("li", { "aria-posinset": i + 1, "aria-setsize": total }, button);
    row.style.top = `${i * ROW}px`;
    row.dataset.number = String(i + 1);
    // The order of the elements is that in which Tab goes.
    const after = [...drawn].filter(([at]) => at > i).sort((a, b) => a[0] - b[0])[0];
    rows.insertBefore(row, after?.[1] ?? null);
    drawn.set(i, row);
    return row;
  }

  let filling = false;
  async function fill(first: number, end: number): Promise<void> {
    if (filling) return; // draws again when it has ended
    let from = first;
    while (from < end && texts.has(from)) from++;
    if (from >= end) return;
    filling = true;
    try {
      const { offset, chunks } = await read(from, PAGE);
      for (const [i, chunk] of chunks.entries()) texts.set(offset + i, short(chunk));
      forget(from);
      put(fault);
      if (!chunks.length) return;
    } catch (error) {
      if (!signal.aborted) put(fault, problem(explain(error)));
      return;
    } finally {
      filling = false;
    }
    draw();
  }

  /** Drops the texts that are the farthest away. */
  function forget(near: number): void {
    if (texts.size <= KEPT) return;
    const far = [...texts.keys()].sort((a, b) => Math.abs(b - near) - Math.abs(a - near));
    for (const i of far.slice(0, texts.size - KEPT)) texts.delete(i);
  }

  async function open(i: number): Promise<void> {
    try {
      const { chunks } = await read(i, 1);
      put(one, el("h3", {}, `Chunk ${number(i + 1)}`), code(chunks[0], `Chunk ${i + 1}`));
    } catch (error) {
      if (!signal.aborted) put(fault, problem(explain(error)));
    }
  }

  /** The whole output, a chunk a line. */
  async function all(): Promise<string> {
    const lines: string[] = [];
    for (;;) {
      const { chunks } = await read(lines.length, PAGE);
      if (!chunks.length) return lines.join("\n");
      for (const chunk of chunks) lines.push(JSON.stringify(chunk));
    }
  }

  return {
    element,
    show(n) {
      if (n === total && !fault.firstChild) return; // what could not be read is read again
      if (!part.isConnected) element.append(part);
      const atEnd = total > 0 && scroller.scrollTop + scroller.clientHeight >= total * ROW - ROW;
      total = n;
      count.textContent = `${number(n)} chunk${n === 1 ? "" : "s"}. Press one to see it whole.`;
      rows.style.height = `${n * ROW}px`;
      scroller.style.height = `${Math.min(n, 12) * ROW + 2}px`;
      if (atEnd) scroller.scrollTop = n * ROW;
      draw();
    },
  };
}

/** The beginning of a chunk on one line. */
function short(chunk: unknown): string {
  const text = typeof chunk === "string" ? chunk : JSON.stringify(chunk);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text || '""';
}
