import type { ColumnProfile } from "./actions.js";

function add<Name extends keyof HTMLElementTagNameMap>(parent: Element, name: Name, text = ""): HTMLElementTagNameMap[Name] {
  const element = parent.appendChild(document.createElement(name));
  element.textContent = text;
  return element;
}

/** What the page shows of one file, newest first: its name, how far it is, a button that cancels, in the end a table. */
export class View {
  readonly #section = document.createElement("section");
  readonly #bar: HTMLProgressElement;
  readonly #text: HTMLParagraphElement;
  readonly #button: HTMLButtonElement;

  constructor(fileName: string) {
    document.querySelector("#requests")!.prepend(this.#section);
    this.#section.setAttribute("aria-label", fileName);
    add(this.#section, "h2", fileName);
    this.#bar = add(this.#section, "progress");
    this.#bar.max = 100;
    this.#text = add(this.#section, "p", "sent");
    this.#button = add(this.#section, "button", "Cancel");
  }

  /** Says how far one of the two things is that take their time. */
  progress(of: "upload" | "profile", percentage: number, message: string): void {
    this.#bar.setAttribute("aria-label", of);
    this.#bar.value = percentage;
    this.say(message);
  }

  say(message: string): void {
    this.#text.textContent = message;
  }

  /** Calls cancel when the button is pressed, in the place of what was called before. */
  onCancel(cancel: () => void): void {
    this.#button.onclick = cancel;
  }

  /** Shows the end, with a table of which each row is an object. */
  done(message: string, rows: ColumnProfile[] = []): void {
    this.say(message);
    this.#bar.remove();
    this.#button.remove();
    const keys = (Object.keys(rows[0] ?? {}) as (keyof ColumnProfile)[]).filter((key) => typeof rows[0]![key] !== "object");
    if (!keys.length) return;
    const table = add(this.#section, "table");
    const head = add(table, "tr");
    for (const key of keys) add(head, "th", key).scope = "col";
    for (const row of rows) {
      const line = add(table, "tr");
      for (const key of keys) add(line, "td", String(row[key] ?? ""));
    }
  }

  fail(message: string): void {
    this.done(message);
    this.#text.setAttribute("role", "alert");
  }
}
