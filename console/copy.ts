import { el } from "./element.js";

/** How long the button says what it did, in ms. */
const SAID = 2000;

/** Copies a text, which is made when the button is pressed. */
export function copyButton(what: string, text: () => string | Promise<string>): HTMLButtonElement {
  const label = el("span", { "aria-live": "polite" }, "Copy");
  let timer: ReturnType<typeof setTimeout> | undefined;
  const say = (said: string) => {
    label.textContent = said;
    clearTimeout(timer);
    timer = setTimeout(() => {
      label.textContent = "Copy";
    }, SAID);
  };
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(await text());
      say("Copied");
    } catch {
      say("The browser does not allow it");
    }
  };
  return el(
    "button",
    { type: "button", class: "copy", "aria-label": `Copy ${what}`, title: `Copy ${what}`, onclick: copy },
    label,
  );
}
