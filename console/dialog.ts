import { type Child, el } from "./element.js";

/**
 * Asks a question before something that cannot be taken back. Resolves with whether the
 * answer is yes; Escape and the way back are no.
 */
export function confirmed(question: string, advice: Child, yes: string): Promise<boolean> {
  return new Promise((resolve) => {
    const dialog = open(
      question,
      el("p", {}, advice),
      el(
        "form",
        { method: "dialog", class: "answers" },
        el("button", { value: "", autofocus: true }, "No, go back"),
        el("button", { value: "yes", class: "danger" }, yes),
      ),
    );
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"));
  });
}

/** Shows how far something is that the visitor may stop. Aborts `stop` when they do. */
export function progressDialog(title: string, stop: AbortController): { say(done: number, text: string): void; close(): void } {
  const bar = el("progress", { max: 1, value: 0, "aria-label": title, "data-state": "RUNNING" });
  const text = el("p", { role: "status" });
  const dialog = open(title, bar, text, el("form", { method: "dialog", class: "answers" }, el("button", {}, "Stop")));
  dialog.addEventListener("close", () => stop.abort());
  return {
    say(done, said) {
      bar.value = done;
      text.textContent = said;
    },
    close: () => dialog.close(),
  };
}

/** Opens a dialog, which is gone once it is closed; the focus goes back to where it was. */
export function open(title: string, ...children: Child[]): HTMLDialogElement {
  const heading = el("h2", { id: "dialog-title" }, title);
  const dialog = el("dialog", { "aria-labelledby": "dialog-title" }, heading, ...children);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
