// Numbers beyond what a double holds stay as they were written, where the
// browser tells how that was:
// https://tc39.es/proposal-json-parse-with-source/
interface Exact {
  parse(text: string, reviver: (key: string, value: unknown, context?: { source?: string }) => unknown): unknown;
  rawJSON?(text: string): unknown;
}

const exact = JSON as unknown as Exact;

export function parse(text: string): unknown {
  return exact.parse(text, (_, value, context) =>
    typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value) && context?.source && exact.rawJSON
      ? exact.rawJSON(context.source)
      : value,
  );
}

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
