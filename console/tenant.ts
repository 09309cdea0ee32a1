import { el } from "./element.js";

/**
 * Chooses the tenant that every view is of, for the stage's owner: the token's own, or any
 * other by its name. It is in the address, as `tenant`.
 */
export function tenantSwitch(
  own: string | undefined,
  go: (tenant: string | undefined) => void,
): { element: HTMLElement; show(tenant: string | undefined): void } {
  const input = el("input", {
    name: "tenant",
    "aria-label": "Tenant",
    autocomplete: "off",
    spellcheck: "false",
    placeholder: own ?? "own tenant",
  });
  const choose = (event: Event) => {
    event.preventDefault();
    const name = input.value.trim();
    go(name && name !== own ? name : undefined);
  };
  const element = el("form", { class: "tenant", title: "Whose requests are shown", onsubmit: choose, onchange: choose }, input);
  return {
    element,
    show(tenant) {
      input.value = tenant ?? own ?? "";
      element.dataset.other = String(!!tenant);
    },
  };
}
