import { StreamerError } from "@pay-theory/streamer";
import { open } from "./dialog.js";
import { el } from "./element.js";
import { field } from "./parts.js";

/** A token as it was pasted, perhaps with the word that stands before it in a header. */
export function pasted(text: string): string {
  return text.trim().replace(/^bearer\s+/i, "");
}

/** Asks for a token in the place of one that has expired, above whatever the visitor looks at. */
export function askForToken(): Promise<string> {
  return new Promise((resolve, reject) => {
    const token = el("textarea", { name: "token", required: true, rows: 5, autocomplete: "off", spellcheck: "false" });
    const dialog = open(
      "The token is not valid any more",
      el("p", {}, "Paste a fresh one, and everything goes on where it was."),
      el(
        "form",
        {
          onsubmit: (event: Event) => {
            event.preventDefault();
            dialog.returnValue = "given";
            dialog.close();
            resolve(pasted(token.value));
          },
        },
        field("Token", token),
        el(
          "div",
          { class: "answers" },
          el("button", { type: "button", onclick: () => dialog.close() }, "Sign out"),
          el("button", { type: "submit", class: "main" }, "Go on"),
        ),
      ),
    );
    dialog.addEventListener("close", () => {
      if (dialog.returnValue !== "given") reject(new StreamerError({ code: "UNAUTHORIZED", message: "signed out" }));
    });
  });
}
