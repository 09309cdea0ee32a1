import { MAX_TIMER } from "./limits.js";

/**
 * What kind of error it is. The codes of docs/protocol.md, of which a newer
 * server may have more, and CLOSED, which only this client gives.
 */
export type Code =
  | "VALIDATION_ERROR"
  | "INVALID_MESSAGE"
  | "INVALID_ACTION"
  | "NOT_FOUND"
  | "UNAUTHORIZED"
  | "FORBIDDEN"
  | "RATE_LIMITED"
  | "DUPLICATE_REQUEST"
  | "CANCELLED"
  | "TIMEOUT"
  | "PAYLOAD_TOO_LARGE"
  | "PROCESSING_FAILED"
  | "SERVICE_UNAVAILABLE"
  | "INTERNAL_ERROR"
  | "LEASE_LOST"
  | "CLOSED"
  | (string & {});

/** Whether the same request may succeed when it is sent again. */
export interface Retry {
  retryable: boolean;
  /** Seconds to wait first. */
  after?: number;
}

/** An error as a frame carries it. */
export interface WireError {
  code: Code;
  message: string;
  details?: Record<string, unknown> | undefined;
  retry?: Retry | undefined;
}

/**
 * Every error of this client. Branch on `code`, never on the message. Without
 * `retry` another try will not help. `details.correlation_id` is what an
 * operator needs to find the failure in the logs.
 */
export class StreamerError extends Error {
  override readonly name = "StreamerError";
  readonly code: Code;
  readonly details: Record<string, unknown> | undefined;
  readonly retry: Retry | undefined;
  readonly requestId: string | undefined;

  constructor(error: WireError, requestId?: string, cause?: unknown) {
    super(error.message, { cause });
    this.code = error.code;
    this.details = error.details;
    this.retry = error.retry;
    this.requestId = requestId;
  }
}

/** An error that this client gives by itself. */
export const fault = (code: Code, message: string, requestId?: string, cause?: unknown, retry?: Retry) =>
  new StreamerError({ code, message, retry }, requestId, cause);

/** Whether a message arrived is not known; it may be sent again. */
export const noAnswer = (requestId?: string, cause?: unknown) =>
  fault("SERVICE_UNAVAILABLE", "the server did not answer", requestId, cause, { retryable: true });

/** For what is refused before it is sent. */
export const invalid = (message: string, requestId?: string) => fault("VALIDATION_ERROR", message, requestId);

/** An error of this client as it is, and any other as that of what the caller gave, such as a payload without JSON. */
export const asFault = (error: any, requestId?: string): StreamerError =>
  error instanceof StreamerError ? error : invalid(error.message, requestId);

/** Throws for an option, of any entry point, that cannot be what its name says. */
export function checkOptions(options: any, requestId?: string): void {
  for (const name of ["timeout", "pingInterval", "limit", "from"]) {
    const value = options[name];
    if (value !== undefined && !(typeof value === "number" && value >= 0 && value <= MAX_TIMER))
      throw invalid(`${value} is not a valid ${name}: use 0 to ${MAX_TIMER}`, requestId);
  }
  for (const name of ["signal", "since", "until", "notBefore"]) {
    const value = options[name];
    const isValid = name === "signal" ? value?.addEventListener : typeof (value?.toJSON?.() ?? value) === "string";
    if (value !== undefined && !isValid) throw invalid(`${value} is not a valid ${name}`, requestId);
  }
}
