import { el, put } from "./element.js";
import { field, problem } from "./parts.js";
import { pasted } from "./renew.js";
import { type Config, Session, secret } from "./session.js";
import { type Problem, SCOPE } from "./state.js";

/** Asks for a sign-in; `done` gets the session. */
export function signInView(
  root: HTMLElement,
  config: Config,
  fault: Problem | undefined,
  done: (session: Session) => void,
): void {
  const known = config.sign_in;
  const tenant = el("input", {
    name: "tenant",
    required: true,
    value: known?.tenant ?? "",
    autocomplete: "off",
    spellcheck: "false",
  });
  const subject = el("input", {
    name: "subject",
    required: true,
    value: known?.subject ?? "",
    autocomplete: "off",
    spellcheck: "false",
  });
  const start = el("input", {
    name: "secret",
    type: "password",
    required: true,
    value: secret.get(),
    autocomplete: "off",
    spellcheck: "false",
  });
  const token = el("textarea", { name: "token", required: true, rows: 5, autocomplete: "off", spellcheck: "false" });
  const heading = el("h1", { tabindex: -1 }, "Sign in");
  put(
    root,
    heading,
    fault && problem(fault),
    config.has_token &&
      el(
        "form",
        {
          class: "sign-in",
          onsubmit: (event: Event) => {
            event.preventDefault();
            secret.keep(start.value.trim());
            done(Session.served());
          },
        },
        el("h2", {}, "With the command's token"),
        el("p", {}, "The command that serves this page was started with a token."),
        field("Secret", start, "It follows #secret= in the address of the console that the command printed when it started"),
        el("button", { type: "submit", class: "main" }, "Sign in"),
      ),
    known &&
      el(
        "form",
        {
          class: "sign-in",
          onsubmit: (event: Event) => {
            event.preventDefault();
            secret.keep(start.value.trim());
            done(Session.of({ tenant: tenant.value.trim(), subject: subject.value.trim() }));
          },
        },
        el("h2", {}, "On this machine"),
        el(
          "p",
          {},
          "This development stack signs a token for the tenant and subject that you name. You see every request of that tenant.",
        ),
        field("Tenant", tenant),
        field("Subject", subject, "Whose requests those are that you send"),
        field("Secret", start, "It follows #secret= in the address of the console that the stack printed when it started"),
        el("button", { type: "submit", class: "main" }, "Sign in"),
      ),
    el(
      "form",
      {
        class: "sign-in",
        onsubmit: (event: Event) => {
          event.preventDefault();
          done(Session.paste(pasted(token.value)));
        },
      },
      el("h2", {}, "With a token"),
      el("p", {}, "The token needs the scope ", el("code", {}, SCOPE), ". This tab keeps it until it is closed."),
      field("Token", token),
      el("button", { type: "submit", class: known || config.has_token ? "" : "main" }, "Sign in with the token"),
    ),
  );
  document.title = "Sign in · Streamer console";
  heading.focus();
}
