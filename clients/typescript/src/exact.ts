// Where the engine tells how a number was written:
// https://tc39.es/proposal-json-parse-with-source/
interface WithSource {
  parse(text: string, reviver: (key: string, value: unknown, context?: { source?: string }) => unknown): unknown;
  rawJSON?(text: string): unknown;
}

const json = JSON as unknown as WithSource;

/**
 * `JSON.parse`, but that an integer above 2^53 keeps its digits: it becomes an object that
 * `JSON.stringify` writes as it was. An engine without `JSON.rawJSON`, such as Node 20, rounds it.
 */
export function parseExact(text: string): unknown {
  return json.parse(text, (_, value, context) =>
    typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value) && context?.source && json.rawJSON
      ? json.rawJSON(context.source)
      : value,
  );
}
