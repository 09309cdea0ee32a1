// Reads answers from standard input, as a JSON array of { status, type, body }, and writes what a
// client library for RFC 9457 finds in each.
import { handleErrorResponse, hasProblemDetails } from "@inrupt/solid-client-errors";

let text = "";
for await (const chunk of process.stdin) text += chunk;
const read = JSON.parse(text).map(({ status, type, body }) => {
  const headers = new Headers({ "Content-Type": type });
  const response = { status, statusText: "not the title", headers, url: "https://host/requests", ok: false };
  const error = handleErrorResponse(response, body, "the call failed");
  if (!hasProblemDetails(error)) return {};
  const { type: kind, title, status: inside, detail } = error.problemDetails;
  return { name: error.name, type: kind.href, title, status: inside, detail };
});
process.stdout.write(JSON.stringify(read));
