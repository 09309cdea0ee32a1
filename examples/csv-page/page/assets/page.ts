import { type RequestHandle, Streamer, type StreamerError } from "@pay-theory/streamer";

interface Profile {
  rows: number;
  columns: Record<string, unknown>[];
}
interface Actions {
  profile_csv: { payload: { file: string }; result: Profile };
}

async function post(path: string, body?: Blob): Promise<Record<string, string>> {
  const answer = await fetch(path, { method: "POST", ...(body && { body }) });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}

function add(parent: Element, name: string, text = ""): HTMLElement {
  const element = parent.appendChild(document.createElement(name));
  element.textContent = text;
  return element;
}

/** Shows one request from where it stands to its end. */
async function show(request: RequestHandle<Profile>): Promise<void> {
  const section = document.createElement("section");
  document.querySelector("#requests")!.prepend(section);
  const bar = add(section, "progress") as HTMLProgressElement;
  bar.max = 100;
  bar.setAttribute("aria-label", "progress");
  const text = add(section, "p", "sent");
  for await (const { percentage, message } of request.progress) {
    bar.value = percentage;
    text.textContent = message;
  }
  try {
    const { rows, columns } = await request.result;
    text.textContent = `${rows} rows`;
    table(section, columns);
  } catch (error) {
    text.textContent = `${(error as StreamerError).code}: ${(error as StreamerError).message}`;
    text.setAttribute("role", "alert");
  }
  bar.remove();
}

function table(parent: Element, columns: Record<string, unknown>[]): void {
  const keys = Object.keys(columns[0] ?? {}).filter((key) => typeof columns[0]![key] !== "object");
  const rows = add(parent, "table");
  const head = add(rows, "tr");
  for (const key of keys) add(head, "th", key);
  for (const column of columns) {
    const row = add(rows, "tr");
    for (const key of keys) add(row, "td", String(column[key] ?? ""));
  }
}

const { url, httpUrl } = await post("server");
const streamer = new Streamer<Actions>(url!, {
  httpUrl: httpUrl!,
  token: async () => (await post("token")).token!,
  storage: sessionStorage,
});
const state = document.querySelector("#state")!;
const tell = () => (state.textContent = `${streamer.state}: ${streamer.reason}`);
streamer.onState(tell);
tell();
for (const request of streamer.pending()) void show(request);

document.querySelector("input")!.addEventListener("change", async ({ target }) => {
  const [file] = (target as HTMLInputElement).files!;
  if (!file) return;
  try {
    const { file: name } = await post("files", file);
    void show(streamer.request("profile_csv", { file: name! }));
  } catch (error) {
    state.textContent = `the upload failed: ${(error as Error).message}`;
  }
});
