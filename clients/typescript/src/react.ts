import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { StreamerError } from "./error.js";
import type { State } from "./link.js";
import type { ActionType, ListOptions, PayloadOf, RequestOptions, ResultOf } from "./options.js";
import { output } from "./output.js";
import type { Current, RequestHandle } from "./request.js";
import type { Reason } from "./session.js";
import type { Snapshot } from "./snapshot.js";
import type { Streamer } from "./streamer.js";

/** A request as a component shows it. */
export interface UseRequest<Payload, Result> extends Omit<Current<Result>, "status"> {
  readonly status: "idle" | Current["status"];
  /** Of the request that is shown; keep it to pick the request up again later. */
  readonly id: string | undefined;
  /** What the cancel answered: the request after it; undefined where there was nothing to cancel. */
  readonly cancelled?: Snapshot | undefined;
  /** Why the cancel failed. The request goes on. */
  readonly cancelError?: StreamerError | undefined;
  /** Sends a request, which replaces the one shown; that one goes on unseen. */
  start(payload: Payload, options?: RequestOptions): void;
  /** Asks the server to cancel the request; `status` says when it has. */
  cancel(): void;
}

type Actions<M> = { [K in keyof M]: ActionType };

const NOTHING: Omit<Current<any>, "status"> = { percentage: 0, message: "", rev: 0 };
const IDLE = { ...NOTHING, status: "idle" as const };
const PENDING: Current<any> = { ...NOTHING, status: "pending" };

/** The request of an id, watched while the component is mounted. */
function useCurrent(streamer: Streamer<any>, id: string | undefined, own?: RequestHandle<any>) {
  const watched = useRef<{ streamer: unknown; handle: RequestHandle<any> }>(undefined);
  const subscribe = useCallback(
    (changed: () => void) => {
      if (!id) return () => {};
      const handle = own ?? streamer.resume(id);
      watched.current = { streamer, handle };
      return handle.subscribe(() => changed());
    },
    [streamer, id, own],
  );
  const read = () => {
    if (own || !id) return own?.current ?? IDLE;
    const { current } = watched;
    return current?.streamer === streamer && current.handle.id === id ? current.handle.current : PENDING;
  };
  return useSyncExternalStore(subscribe, read, () => (id ? PENDING : IDLE));
}

/**
 * A request for a component. With an `id` it picks up that request, which must be
 * of the action; what is shown is always that id's. Unmounting stops the watching,
 * not the request.
 */
export function useRequest<M extends Actions<M>, A extends keyof M & string>(
  streamer: Streamer<M>,
  action: A,
  id?: string,
): UseRequest<PayloadOf<M, A>, ResultOf<M, A>> {
  const [started, begin] = useState<{ under: string | undefined; handle: RequestHandle<any> }>();
  const [answer, setAnswer] = useState<{ of: string; cancelled?: Snapshot | undefined; cancelError?: StreamerError }>();
  const own = started && (started.under === id || started.handle.id === id) ? started.handle : undefined;
  const shownId = own?.id ?? id;
  let current: Omit<UseRequest<any, any>, "id" | "start" | "cancel"> = useCurrent(streamer, shownId, own);
  if (current.action && current.action !== action) {
    const message = `${shownId} is a request of the action ${current.action}, not of ${action}`;
    current = { ...NOTHING, status: "failed", error: new StreamerError({ code: "VALIDATION_ERROR", message }, shownId) };
  }
  const start = useCallback(
    (payload: PayloadOf<M, A>, options?: RequestOptions) =>
      begin({ under: id, handle: (streamer as Streamer<any>).request(action, payload, options) }),
    [streamer, action, id],
  );
  const cancel = useCallback(() => {
    if (!shownId) return;
    streamer.cancel(shownId).then(
      (cancelled) => setAnswer({ of: shownId, cancelled }),
      (cancelError) => setAnswer({ of: shownId, cancelError }),
    );
  }, [streamer, shownId]);
  const { of, ...cancellation } = answer ?? { of: undefined };
  return { ...current, ...(of === shownId && cancellation), id: shownId, start, cancel };
}

/** What a request has emitted so far, and why there is no more where that is a fault. */
export function useOutput<Chunk = unknown>(
  streamer: Streamer<any>,
  id: string | undefined,
): { chunks: Chunk[]; error?: StreamerError } {
  const [shown, show] = useState<{ of: string | undefined; chunks: Chunk[]; error?: StreamerError }>({ of: id, chunks: [] });
  useEffect(() => {
    if (!id) return;
    const chunks: Chunk[] = [];
    const controller = new AbortController();
    const { signal } = controller;
    (async () => {
      for await (const chunk of output<Chunk>(streamer, id, 0, { signal })) {
        if (signal.aborted) return;
        chunks.push(chunk);
        show({ of: id, chunks: [...chunks] });
      }
    })().catch((error) => signal.aborted || show({ of: id, chunks, error }));
    return () => controller.abort();
  }, [streamer, id]);
  return shown.of === id ? shown : { chunks: [] };
}

/** Where the client stands with its server, and why. */
export function useConnection(streamer: Streamer<any>): { state: State; reason: Reason } {
  const subscribe = useCallback((changed: () => void) => streamer.onState(changed), [streamer]);
  const now = () => `${streamer.state} ${streamer.reason}`;
  const [state, reason] = useSyncExternalStore(subscribe, now, () => "idle start").split(" ") as [State, Reason];
  return { state, reason };
}

/** A page of requests. */
export interface UseRequests {
  readonly requests: Snapshot[];
  /** Of the next page, for the option of that name. */
  readonly cursor?: string | undefined;
  readonly loading: boolean;
  readonly error?: StreamerError | undefined;
  /** Reads the page again. */
  reload(): void;
}

/** A page of your requests, newest first. The option `signal` is the hook's own. */
export function useRequests(streamer: Streamer<any>, options: Omit<ListOptions, "signal"> = {}): UseRequests {
  const query = JSON.stringify(options);
  const [times, again] = useState(0);
  const [page, show] = useState<{ of: string; requests: Snapshot[]; cursor?: string; error?: StreamerError }>();
  const key = `${times} ${query}`;
  useEffect(() => {
    const controller = new AbortController();
    streamer.list({ ...JSON.parse(query), signal: controller.signal }).then(
      (page) => show({ of: key, ...page }),
      (error) => controller.signal.aborted || show((last) => ({ requests: [], ...last, of: key, error })),
    );
    return () => controller.abort();
  }, [streamer, query, key]);
  const reload = useCallback(() => again((times) => times + 1), []);
  const { of, ...shown } = page ?? { of: "", requests: [] };
  return { ...shown, loading: of !== key, reload };
}

const promises = new WeakMap<object, Map<string, Promise<any>>>();

/**
 * The result of a request as a promise that is the same at every render, for
 * React's `use` below a Suspense and an error boundary.
 */
export function resultOf<M extends Actions<M>, A extends keyof M & string>(
  streamer: Streamer<M>,
  id: string,
): Promise<ResultOf<M, A>> {
  let known = promises.get(streamer);
  if (!known) {
    known = new Map();
    promises.set(streamer, known);
  }
  let result = known.get(id);
  if (!result) {
    result = streamer.resume<A>(id).result;
    known.set(id, result);
  }
  return result;
}
