export type { Clock, Log } from "./clock.js";
export type { Socket, SocketClass } from "./connection.js";
export { type Code, type Retry, StreamerError, type WireError } from "./error.js";
export type { Frame } from "./frame.js";
export type { State } from "./link.js";
export type {
  ActionType,
  AnyActions,
  CallOptions,
  ListOptions,
  Output,
  PayloadOf,
  RequestOptions,
  ResultOf,
  ResumeOptions,
  StreamerOptions,
} from "./options.js";
export type { PendingStorage } from "./pending.js";
export type { Current, Progress, RequestHandle } from "./request.js";
export type { Reason } from "./session.js";
export type { Attempt, AuditEntry, Cause, Children, Detail, RequestState, Snapshot, Step, Waiting } from "./snapshot.js";
export { Streamer } from "./streamer.js";
