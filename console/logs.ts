import { StreamerError } from "@pay-theory/streamer";
import type { Session } from "./session.js";

/** A line that a function logged. */
export type LogLine = Record<string, unknown>;

/** Reads what the functions logged under a correlation id. The local stack answers it, not the API. */
export async function readLogs(session: Session, correlationId: string, signal: AbortSignal): Promise<LogLine[]> {
  const response = await fetch("/console/logs?" + new URLSearchParams({ correlation_id: correlationId }), {
    headers: { Authorization: "Bearer " + (await session.token()) },
    signal,
  });
  const answer = await response.json();
  if (!response.ok) throw new StreamerError({ code: answer.code, message: answer.detail });
  return answer.lines;
}
