import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { WebSocket } from "ws";
import type { SocketClass } from "../../src/connection.js";
import type { State } from "../../src/link.js";
import type { AnyActions, StreamerOptions } from "../../src/options.js";
import type { Reason } from "../../src/session.js";
import { Streamer } from "../../src/streamer.js";
import { ManualClock } from "./clock.js";
import { FakeServer } from "./server.js";

/** Node's own WebSocket where it has one, from Node 22 on. */
export const Socket = (globalThis.WebSocket ?? WebSocket) as unknown as SocketClass;

/** A token that says whose it is and when it ends; its signature is none. */
export function jwt(claims: Record<string, unknown>): string {
  return ["{}", JSON.stringify(claims), "signature"].map((part) => Buffer.from(part).toString("base64url")).join(".");
}

/** A token of ada's that never expires within a test. */
export const ada = jwt({ tenant_id: "acme", sub: "ada", exp: 4_000_000_000 });

/** A server and a client of it, on a clock that stands still. Both end with the test. */
export async function newHarness(
  t: TestContext,
  options: Partial<StreamerOptions> = {},
): Promise<{ server: FakeServer; clock: ManualClock; connect: (more?: Partial<StreamerOptions>) => Streamer<AnyActions> }> {
  const server = await FakeServer.start();
  t.after(() => server.stop());
  const clock = new ManualClock();
  const connect = (more: Partial<StreamerOptions> = {}) => {
    const streamer = new Streamer(server.url, { token: () => ada, WebSocket: Socket, clock, ...options, ...more });
    streamer.connect();
    t.after(() => streamer.close());
    return streamer;
  };
  return { server, clock, connect };
}

/**
 * Resolves as soon as the client is in that state, for that reason if one is
 * given. Rejects when it is in another one for a reason that `not` names.
 */
export function reaches(streamer: Streamer<any>, state: State, reason?: Reason, not: Reason[] = []): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = () => {
      if (streamer.state === state && (!reason || streamer.reason === reason)) resolve();
      else if (not.includes(streamer.reason)) reject(new Error(`the client is ${streamer.state}: ${streamer.reason}`));
      else return;
      stop();
    };
    const stop = streamer.onState(look);
    look();
  });
}

/** The frames of a request, as a server sends them. */
export const frames = (id: string) => ({
  ack: (rev = 1) => ({ type: "acknowledgment", request_id: id, status: "queued", message: "the request is queued", rev }),
  response: (data: unknown) => ({ type: "response", request_id: id, success: true, data }),
  progress: (percentage: number, rev: number, message = "") => ({
    type: "progress",
    request_id: id,
    percentage,
    message,
    timestamp: "2026-01-02T03:04:05.678Z",
    rev,
  }),
  complete: (result: unknown, rev: number) => ({ type: "complete", request_id: id, success: true, result, rev }),
  error: (code: string, rev?: number, more: object = {}) => ({
    type: "error",
    request_id: id,
    error: { code, message: `it is ${code}`, ...more },
    ...(rev && { rev }),
  }),
  snapshot: (message: string, state: string, rev: number, more: object = {}) => ({
    type: "request",
    request_id: message,
    request: snapshot(id, state, rev, more),
  }),
});

export function snapshot(id: string, state: string, rev: number, more: object = {}): any {
  const at = "2026-01-02T03:04:05.678Z";
  return { id, action: "report", state, percentage: 0, attempts: 1, rev, created_at: at, updated_at: at, ...more };
}

/** Everything that an async iterable yields. */
export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** Moves the clock on in small steps, and lets the server answer each ping on the way. */
export async function pass(clock: ManualClock, ms: number): Promise<void> {
  for (const end = clock.now() + ms; clock.now() < end; ) {
    clock.advance(Math.min(clock.due()[0] ?? ms, end - clock.now()));
    await ponged(clock);
  }
}

/** Lets the server answer a ping, which waits ten seconds. Another timer may be as far away, so that this has a limit. */
export async function ponged(clock: ManualClock): Promise<void> {
  for (let i = 0; i < 200 && clock.due().includes(10_000); i++) await turn(1);
}

/** Lets what is under way in this process go on: promises and the sockets' events. */
export async function turn(times = 3): Promise<void> {
  for (let i = 0; i < times; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Sees that each call refuses every number, by name of the option, that a timer or a page cannot have. */
export async function refusesNumbers(calls: Record<string, (value: number) => Promise<unknown>>): Promise<void> {
  for (const [name, call] of Object.entries(calls)) {
    for (const value of [Number.NaN, -1, 2 ** 31, Number.POSITIVE_INFINITY, "5" as unknown as number]) {
      const message = `${value} is not a valid ${name.split(" ")[0]}: use 0 to 2147483647`;
      await assert.rejects(call(value), { code: "VALIDATION_ERROR", message }, `${name} ${value}`);
    }
  }
}
