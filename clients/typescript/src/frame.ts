import { invalid, type WireError } from "./error.js";
import type { RequestState, Snapshot } from "./snapshot.js";

/** What a server sends: a union over `type`, of which the codec checks the shape. */
export interface Frame {
  type: string;
  request_id?: string;
  rev?: number;
  /** `queued`, of an acknowledgment. */
  status?: string;
  /** true, of a response and of complete. */
  success?: boolean;
  data?: unknown;
  percentage?: number;
  message?: string;
  metadata?: Record<string, unknown>;
  timestamp?: string;
  result?: unknown;
  result_ref?: string;
  error?: WireError;
  request?: Snapshot;
  /** Of the first of the chunks. */
  offset?: number;
  /** New pieces of the request's output. */
  chunks?: unknown[];
}

/** What a client sends. */
export interface Message {
  id: string;
  /** The message as it goes over a socket. */
  encoded: string;
  /** Instead of the text: a path below the HTTP API to read. */
  ref?: string;
}

/** Turns text into values and back. */
export interface Codec {
  parse(text: string): unknown;
  stringify(value: unknown): string | undefined;
}

/** An object of any shape, as JSON has them. */
export type Json = Record<string, any>;

/**
 * Reads a frame. Any other text gives undefined: API Gateway puts error
 * messages of its own between the frames.
 */
export function decode(text: string, codec: Codec): Frame | undefined {
  try {
    const frame = codec.parse(text) as Json;
    const { type } = frame;
    const lacks = /^(error|request)$/.test(type) && !frame[type];
    if (typeof type === "string" && !lacks) return plain(frame) as Frame;
  } catch {
    // See above.
  }
  return undefined;
}

/** Makes the protocol's own numbers plain, whatever the codec reads numbers as. */
export function plain(value: Json): Json {
  for (const key of ["rev", "percentage", "attempts", "after"]) {
    if (value[key] !== undefined) value[key] = Number(value[key]);
  }
  for (const key of ["request", "error", "retry"]) {
    if (value[key]) plain(value[key]);
  }
  return value;
}

/** What a message may have beside its payload. */
export interface Extras {
  metadata?: Record<string, string> | undefined;
  not_before?: Date | undefined;
}

/** Encodes a message; `payload` goes in as the codec spells it. */
export function encode(id: string, action: string, payload: unknown, codec: Codec, extras?: Extras): Message {
  let encoded = JSON.stringify({ id, action, payload: payload === undefined ? payload : 0, ...extras });
  if (payload !== undefined) {
    const json = codec.stringify(payload);
    if (json === undefined) throw new TypeError("the payload has no JSON");
    encoded = encoded.replace('"payload":0', () => `"payload":${json}`);
  }
  return { id, encoded };
}

/** A message of a reserved action. */
export function reserved(name: string, payload?: unknown, codec: Codec = JSON): Message {
  return encode(newId(), "streamer." + name, payload, codec);
}

/** Throws for an id that the server would refuse; see docs/protocol.md. */
export function checkId(id: string): void {
  if (typeof id !== "string" || !/^(?=.*[^.])[\w.:-]{1,128}$/.test(id))
    throw invalid(JSON.stringify(id) + " is not a valid id: use a string of 1 to 128 A-Za-z0-9_.:-", id);
}

/**
 * A request id that cannot be guessed. It needs no secure context, which
 * `crypto.randomUUID` does.
 */
export function newId(): string {
  return "req_" + crypto.getRandomValues(new Uint32Array(4)).join("-");
}

/** Whether nothing but a redrive changes a request in this state. */
export function isFinal(state: RequestState): boolean {
  return state !== "QUEUED" && state !== "RUNNING";
}
