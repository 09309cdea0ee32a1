/** A JSON text that is sent as it was typed. */
export class Typed {
  /** Throws a SyntaxError for a text that is not JSON. */
  constructor(readonly text: string) {
    JSON.parse(text);
  }
}

export function stringify(value: unknown): string | undefined {
  return value instanceof Typed ? value.text : JSON.stringify(value);
}

/** A value as a person reads it. */
export function pretty(value: unknown): string {
  return JSON.stringify(value, null, 2) ?? "";
}
