import { type RequestHandle, Streamer, type StreamerError } from "@pay-theory/streamer";
import type { Actions, CsvProfile } from "./actions.js";
import { View } from "./view.js";

async function post(path: string): Promise<Record<string, string>> {
  const answer = await fetch(path, { method: "POST" });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}

/** The requests that this tab shows, the oldest first, so that a reload shows them again. */
const shown = {
  load: (): [id: string, fileName: string][] => JSON.parse(sessionStorage.getItem("shown") ?? "[]"),
  add: (id: string, fileName: string) => sessionStorage.setItem("shown", JSON.stringify([...shown.load(), [id, fileName]])),
};

/** Uploads a file, which fetch could not tell the progress of, and returns its name on the server. */
function upload(file: File, view: View): Promise<string> {
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
  return new Promise((resolve, reject) => {
    const call = new XMLHttpRequest();
    call.open("POST", "files");
    call.upload.onprogress = ({ loaded, total }) =>
      view.progress("upload", (100 * loaded) / total, `uploading: ${megabytes(loaded)} of ${megabytes(total)} MB`);
    call.onload = () =>
      call.status === 200 ? resolve(JSON.parse(call.responseText).file) : reject(new Error(call.responseText));
    call.onerror = () => reject(new Error("the connection was lost"));
    call.onabort = () => reject({ code: "CANCELLED" });
    view.onCancel(() => call.abort());
    call.send(file);
  });
}

/** Shows one request from where it stands to its end. */
async function watch(request: RequestHandle<CsvProfile>, view: View): Promise<void> {
  view.onCancel(() => request.cancel().catch((error: StreamerError) => view.say(`not cancelled: ${error.message}`)));
  for await (const { percentage, message } of request.progress) view.progress("profile", percentage, message);
  const { rows, columns } = await request.result;
  view.done(`${rows} rows`, columns ?? []);
}

/** Shows what a view is for, to its end or to what went wrong. */
async function follow(view: View, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const { code, message } = error as StreamerError;
    if (code === "CANCELLED") view.done("cancelled");
    else view.fail(code ? `${code}: ${message}` : `the upload failed: ${message}`);
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
streamer.connect();
tell();
for (const [id, fileName] of shown.load()) {
  const view = new View(fileName);
  void follow(view, () => watch(streamer.resume(id), view));
}

document.querySelector("input")!.addEventListener("change", ({ target }) => {
  const input = target as HTMLInputElement;
  for (const file of input.files!) {
    const view = new View(file.name);
    void follow(view, async () => {
      const request = streamer.request("profile_csv", { file: await upload(file, view) });
      shown.add(request.id, file.name);
      await watch(request, view);
    });
  }
  input.value = ""; // so that the same file can be chosen again
});
