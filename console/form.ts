import type { JsonSchema } from "@pay-theory/streamer/operator";
import { el } from "./element.js";
import { field } from "./parts.js";

type Schema = Record<string, any>;

/** A field for one value. */
interface Input {
  element: HTMLElement;
  /** The value as JSON; undefined: left out. Throws an Error that says what is wrong. */
  read(): string | undefined;
  write(value: unknown): void;
}

/** How deep objects have fields of their own; below, they are JSON. */
const DEPTH = 3;

/**
 * Makes a form of a JSON Schema. Undefined for a schema that is not of an object with named
 * members: JSON is as good for that.
 */
export function schemaForm(schema: JsonSchema): Input | undefined {
  const root = typeof schema === "object" ? (schema as Schema) : {};
  const resolved = resolve(root, root);
  return resolved.type === "object" && Object.keys(resolved.properties ?? {}).length ? object(resolved, root, DEPTH) : undefined;
}

/** A schema whose references to definitions are followed. */
function resolve(schema: Schema | boolean, root: Schema): Schema {
  if (typeof schema === "boolean") return {};
  const path = typeof schema.$ref === "string" && /^#\/(.+)$/.exec(schema.$ref)?.[1];
  if (!path) return schema;
  let at: any = root;
  for (const part of path.split("/")) at = at?.[decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~")];
  return { ...at, ...(schema.description && { description: schema.description }) };
}

/** The one type of a schema, beside null. */
function typeOf(schema: Schema): string {
  const types = [schema.type ?? []].flat().filter((t: string) => t !== "null");
  return types.length === 1 ? types[0] : "";
}

function object(schema: Schema, root: Schema, depth: number): Input {
  const required: string[] = schema.required ?? [];
  const members = Object.entries<Schema>(schema.properties ?? {}).map(([name, raw]) => {
    const member = resolve(raw, root);
    return { name, input: input(name, member, root, required.includes(name), depth - 1) };
  });
  return {
    element: el("div", { class: "members" }, ...members.map(({ input }) => input.element)),
    read() {
      const pairs = members.flatMap(({ name, input }) => {
        const value = input.read();
        return value === undefined ? [] : [`${JSON.stringify(name)}: ${value}`];
      });
      return pairs.length ? `{\n${pairs.join(",\n").replaceAll(/^/gm, "  ")}\n}` : "{}";
    },
    write(value) {
      const from = (value && typeof value === "object" ? value : {}) as Record<string, unknown>;
      for (const { name, input } of members) input.write(Object.hasOwn(from, name) ? from[name] : undefined);
    },
  };
}

function input(name: string, schema: Schema, root: Schema, required: boolean, depth: number): Input {
  const hint = [schema.description, bounds(schema), required ? "" : "may be left out"].filter(Boolean).join("; ");
  if (Array.isArray(schema.enum)) return choice(name, schema.enum, required, hint);
  switch (typeOf(schema)) {
    case "boolean":
      return choice(name, [true, false], required, hint);
    case "integer":
    case "number":
      return number(name, typeOf(schema), required, hint);
    case "string":
      return text(name, schema, required, hint);
    case "object":
      if (depth > 0 && schema.properties) return group(name, object(schema, root, depth), required, hint);
  }
  return json(name, required, hint);
}

function bounds({ minimum, maximum, pattern, format }: Schema): string {
  return [
    minimum !== undefined && `at least ${minimum}`,
    maximum !== undefined && `at most ${maximum}`,
    format && `as ${format}`,
    pattern && `like ${pattern}`,
  ]
    .filter(Boolean)
    .join(", ");
}

function choice(name: string, values: unknown[], required: boolean, hint: string): Input {
  const texts = values.map((value) => JSON.stringify(value));
  const select = el(
    "select",
    { name },
    ...(required ? [] : [el("option", { value: "" }, "–")]),
    ...values.map((value, i) => el("option", { value: texts[i] }, String(value))),
  );
  return {
    element: field(name, select, hint),
    read: () => select.value || undefined,
    write: (value) => {
      select.value = value === undefined ? (required ? (texts[0] ?? "") : "") : JSON.stringify(value);
    },
  };
}

/** A number keeps its digits, however many. */
function number(name: string, type: string, required: boolean, hint: string): Input {
  const box = el("input", { name, inputmode: "decimal", autocomplete: "off", required });
  const valid = type === "integer" ? /^-?(?:0|[1-9]\d*)$/ : /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
  return {
    element: field(name, box, hint),
    read() {
      const text = box.value.trim();
      if (!text && !required) return undefined;
      if (!valid.test(text))
        throw new Error(
          `${name}: ${text ? `${text} is not ${type === "integer" ? "an integer" : "a number"}` : "give a number"}`,
        );
      return text;
    },
    write: (value) => {
      box.value = value === undefined ? "" : JSON.stringify(value);
    },
  };
}

function text(name: string, schema: Schema, required: boolean, hint: string): Input {
  const types: Record<string, string> = { date: "date", email: "email", uri: "url" };
  const box = el("input", {
    name,
    type: types[schema.format] ?? "text",
    autocomplete: "off",
    spellcheck: "false",
    pattern: schema.pattern,
    maxlength: schema.maxLength,
    placeholder: schema.format === "date-time" ? new Date().toISOString() : undefined,
  });
  return {
    element: field(name, box, hint),
    read: () => (box.value || required ? JSON.stringify(box.value) : undefined),
    write: (value) => {
      box.value = typeof value === "string" ? value : "";
    },
  };
}

function json(name: string, required: boolean, hint: string): Input {
  const box = el("textarea", { name, rows: 3, spellcheck: "false", placeholder: required ? "null" : "" });
  return {
    element: field(name, box, ["JSON", hint].filter(Boolean).join("; ")),
    read() {
      const text = box.value.trim();
      if (!text) return required ? "null" : undefined;
      try {
        JSON.parse(text);
      } catch (error) {
        throw new Error(`${name}: ${(error as Error).message}`);
      }
      return text;
    },
    write: (value) => {
      box.value = value === undefined ? "" : JSON.stringify(value, null, 2);
    },
  };
}

/** An object inside another. One that may be left out is, when none of its fields is filled. */
function group(name: string, inner: Input, required: boolean, hint: string): Input {
  return {
    element: el("fieldset", {}, el("legend", {}, name), hint && el("small", {}, hint), inner.element),
    read() {
      const value = inner.read();
      return value === "{}" && !required ? undefined : value;
    },
    write: (value) => inner.write(value),
  };
}
