import { useCallback, useEffect, useState } from "react";
import type { StreamerError } from "./error.js";
import type { Snapshot } from "./frame.js";
import type { ActionType, PayloadOf, RequestOptions, ResultOf } from "./options.js";
import type { Progress, RequestHandle } from "./request.js";
import type { Streamer } from "./streamer.js";

/** A request as a component shows it. */
export interface UseRequest<Payload, Result> {
  status: "idle" | "pending" | "done" | "failed";
  /** Of the request that is shown; keep it to pick the request up again later. */
  id?: string;
  progress?: Progress;
  result?: Result;
  error?: StreamerError;
  /** Sends a request, which replaces the one shown; that one goes on unseen. */
  start(payload: Payload, options?: RequestOptions): void;
  /** What the cancel answered: the request after it; undefined where there was nothing to cancel. */
  cancelled?: Snapshot | undefined;
  /** Why the cancel failed. The request goes on. */
  cancelError?: StreamerError;
  /** Asks the server to cancel the request; `status` says when it has. */
  cancel(): void;
}

type Shown<Result> = Omit<UseRequest<unknown, Result>, "start" | "cancel">;

/**
 * A request for a component. With an `id` it picks up that request when it is
 * mounted. Unmounting stops the watching, not the request.
 */
export function useRequest<M extends { [K in keyof M]: ActionType }, A extends keyof M & string>(
  streamer: Streamer<M>,
  action: A,
  id?: string,
): UseRequest<PayloadOf<M, A>, ResultOf<M, A>> {
  type Result = ResultOf<M, A>;
  const [handle, watch] = useState<RequestHandle<Result>>();
  const [shown, show] = useState<Shown<Result>>({ status: "idle" });

  useEffect(() => {
    if (id) watch(streamer.resume<A>(id));
  }, [streamer, id]);

  useEffect(() => {
    if (!handle) return;
    let watching = true;
    const { id } = handle;
    const update = (next: Partial<Shown<Result>>) => watching && show((last) => ({ ...last, ...next }));
    show({ status: "pending", id });
    void (async () => {
      for await (const progress of handle.progress) {
        if (!watching) return;
        update({ progress });
      }
    })();
    handle.result.then(
      (result) => update({ status: "done", result }),
      (error) => update({ status: "failed", error }),
    );
    return () => {
      watching = false;
    };
  }, [handle]);

  const start = useCallback(
    (payload: PayloadOf<M, A>, options?: RequestOptions) =>
      watch((streamer as Streamer<any>).request(action, payload, options) as RequestHandle<Result>),
    [streamer, action],
  );
  const cancel = useCallback(() => {
    handle?.cancel().then(
      (cancelled) => show((last) => (last.id === handle.id ? { ...last, cancelled } : last)),
      (cancelError) => show((last) => (last.id === handle.id ? { ...last, cancelError } : last)),
    );
  }, [handle]);
  return { ...shown, start, cancel };
}
