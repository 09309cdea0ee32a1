import { StreamerError } from "@pay-theory/streamer";

export const STATES = ["QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"] as const;

export function isFinalState(state: string): boolean {
  return state !== "QUEUED" && state !== "RUNNING";
}

/** A fault for a person. */
export interface Problem {
  title: string;
  advice: string;
}

export const SCOPE = "streamer:operator";
/** Of the stage's owner, who sees every tenant. */
export const OWNER_SCOPE = "streamer:owner";

/** What an error means here. */
export function explain(error: unknown): Problem {
  if (!(error instanceof StreamerError) || error.cause instanceof TypeError) {
    return { title: "The server does not answer", advice: "Is it running? The console tries again by itself." };
  }
  switch (error.code) {
    case "UNAUTHORIZED":
      return {
        title: "The token is not valid",
        advice: "It may have expired. Sign out, above, and sign in again with a fresh one.",
      };
    case "FORBIDDEN":
      return { title: "The token lacks a scope", advice: `${error.message}. The console needs a token with the scope ${SCOPE}.` };
    case "NOT_FOUND":
      return {
        title: "It is not there",
        advice:
          "Look at its id, its subject and the tenant that you are signed in for. Requests are deleted some time after their end.",
      };
    case "SERVICE_UNAVAILABLE":
    case "INTERNAL_ERROR":
    case "RATE_LIMITED":
      return { title: "The server has a fault", advice: `${error.message}. The console tries again by itself.` };
  }
  return { title: "The server refused", advice: error.message };
}
