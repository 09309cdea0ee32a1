// What the compiler must accept, and what it must refuse. Checked by `npm run
// check`, never run.
import { type Progress, type RequestHandle, type Retry, type Snapshot, Streamer, StreamerError } from "../src/index.js";
import { useRequest } from "../src/react.js";

interface Actions {
  generate_report: { payload: { format: "csv" | "json" }; result: { url: string } };
  count: { payload: undefined; result: number };
  ping_all: { payload: { hosts?: string[] } | undefined; result: string[] };
}

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function expect<_ extends true>(): void {}

export async function typed(): Promise<void> {
  const s = new Streamer<Actions>("wss://host/prod", { token: () => "token" });

  const report = s.request("generate_report", { format: "csv" }, { onProgress: (p) => expect<Same<typeof p, Progress>>() });
  expect<Same<typeof report, RequestHandle<{ url: string }>>>();
  const { url } = await report.result;
  expect<Same<typeof url, string>>();
  for await (const p of report.progress) expect<Same<typeof p.percentage, number>>();

  expect<Same<Awaited<ReturnType<typeof count>["result"]>, number>>();
  function count() {
    return s.request("count");
  }
  s.request("ping_all");
  s.request("ping_all", { hosts: [] }, { id: "r-1" });

  const resumed = s.resume<"count">("r-1");
  expect<Same<typeof resumed, RequestHandle<number>>>();
  const got = await s.get<"generate_report">("r-1");
  expect<Same<typeof got, Snapshot<{ url: string }>>>();

  // @ts-expect-error: there is no such action
  s.request("generate_reports", { format: "csv" });
  // @ts-expect-error: the payload is missing
  s.request("generate_report");
  // @ts-expect-error: the payload is of another type
  s.request("generate_report", { format: "xml" });
  // @ts-expect-error: an option is misspelt
  s.request("count", undefined, { onprogress: () => {} });
  // @ts-expect-error: there is no such action
  s.resume<"nothing">("r-1");
  // @ts-expect-error: there is no such state
  await s.list({ state: "DONE" });
  // @ts-expect-error: the token is required
  new Streamer("wss://host/prod", {});
  // @ts-expect-error: the state is not for others to set
  s.state = "open";
}

export async function untyped(): Promise<void> {
  const s = new Streamer("wss://host/prod", { token: async () => "token", storage: sessionStorage, WebSocket });
  const result = await s.request("anything", { at: "all" }).result;
  expect<Same<typeof result, unknown>>();
  s.request("anything");
}

export function errors(error: unknown): void {
  if (!(error instanceof StreamerError)) return;
  switch (error.code) {
    case "RATE_LIMITED":
      expect<Same<typeof error.retry, Retry | undefined>>();
      break;
    case "A_CODE_OF_A_NEWER_SERVER":
  }
}

export function Component(): null {
  const s = new Streamer<Actions>("wss://host/prod", { token: () => "token" });
  const { start, result, percentage } = useRequest(s, "generate_report");
  expect<Same<typeof result, { url: string } | undefined>>();
  expect<Same<typeof percentage, number>>();
  start({ format: "csv" }, { timeout: 1000 });
  // @ts-expect-error: the payload is of another type
  start({ format: 7 });
  // @ts-expect-error: there is no such action
  useRequest(s, "nothing");
  return null;
}
