import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { decode, encode } from "../src/frame.js";
import { Tracked } from "../src/request.js";
function golden(kind) {
  const folder = fileURLToPath(new URL(`../../../../wire/testdata/${kind}`, import.meta.url));
  const files = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith(".json")) : [];
  assert.ok(files.length > 0, `there are no golden files in ${folder}`);
  return new Map(files.map((file) => [file.replace(".json", ""), readFileSync(`${folder}/${file}`, "utf8").trimEnd()]));
}
async function seen(text) {
  const frame = decode(text, JSON);
  assert.ok(frame, "it is not understood");
  const id = frame.request?.id ?? frame.request_id ?? "none";
  const request = new Tracked(id, "sent", async (ref) => ({ fetched: ref }));
  request.offer(frame);
  if (request.ended) {
    return request.handle.result.then(
      (result) => ({ result }),
      (error) => ({ code: error.code, retry: error.retry, details: error.details })
    );
  }
  const progress = [];
  request.watch((p) => progress.push(p));
  await Promise.resolve();
  return progress[0] ?? "nothing";
}
test("every golden frame is understood, and means what it says", async (t) => {
  const cases = golden("frames");
  for (const [name, text] of cases) {
    await t.test(name, async () => {
      const frame = JSON.parse(text);
      const { type, rev, error, request } = frame;
      const failure = ({ code, retry, details }) => ({ code, retry, details });
      const got = await seen(text);
      switch (type) {
        case "acknowledgment":
          return assert.deepEqual(got, { percentage: 0, message: frame.message, state: "QUEUED", rev });
        case "response":
          return assert.deepEqual(got, { result: frame.data });
        case "progress": {
          const { percentage: percentage2, message: message2, metadata: metadata2 } = frame;
          return assert.deepEqual(got, { percentage: percentage2, message: message2, ...metadata2 && { metadata: metadata2 }, state: "RUNNING", rev });
        }
        case "complete":
          return assert.deepEqual(got, { result: frame.result_ref ? { fetched: frame.result_ref } : frame.result });
        case "error":
          return assert.deepEqual(got, rev ? failure(error) : "nothing");
        case "request":
          if (request.state == "SUCCEEDED") {
            return assert.deepEqual(got, { result: request.result_ref ? { fetched: request.result_ref } : request.result });
          }
          if (request.error && request.state != "QUEUED") return assert.deepEqual(got, failure(request.error));
          const { percentage, message = "", metadata, state } = request;
          return assert.deepEqual(got, { percentage, message, ...metadata && { metadata }, state, rev: request.rev });
        default:
          return assert.equal(got, "nothing");
      }
    });
  }
});
test("every golden message is what this client sends for the same values", async (t) => {
  const spelling = (text) => text.replaceAll("\u2028", "\\u2028");
  const raw = { parse: JSON.parse, stringify: String };
  for (const [name, text] of golden("messages")) {
    await t.test(name, () => {
      const { id, action, metadata } = JSON.parse(text);
      const payload = /"payload":(.*?)(,"metadata":.*)?\}$/.exec(text)?.[1];
      const message = encode(id ?? "left out", action, payload, raw, metadata).text;
      assert.equal(spelling(id ? message : message.replace('"id":"left out",', "")), text);
    });
  }
});
//# sourceMappingURL=data:application/json;base64,ewogICJ2ZXJzaW9uIjogMywKICAic291cmNlcyI6IFsiLi4vLi4vdGVzdC9nb2xkZW4udGVzdC50cyJdLAogICJzb3VyY2VzQ29udGVudCI6IFsiaW1wb3J0IGFzc2VydCBmcm9tIFwibm9kZTphc3NlcnQvc3RyaWN0XCI7XG5pbXBvcnQgeyBleGlzdHNTeW5jLCByZWFkZGlyU3luYywgcmVhZEZpbGVTeW5jIH0gZnJvbSBcIm5vZGU6ZnNcIjtcbmltcG9ydCB7IHRlc3QgfSBmcm9tIFwibm9kZTp0ZXN0XCI7XG5pbXBvcnQgeyBmaWxlVVJMVG9QYXRoIH0gZnJvbSBcIm5vZGU6dXJsXCI7XG5pbXBvcnQgdHlwZSB7IFN0cmVhbWVyRXJyb3IgfSBmcm9tIFwiLi4vc3JjL2Vycm9yLmpzXCI7XG5pbXBvcnQgeyBkZWNvZGUsIGVuY29kZSB9IGZyb20gXCIuLi9zcmMvZnJhbWUuanNcIjtcbmltcG9ydCB7IFRyYWNrZWQgfSBmcm9tIFwiLi4vc3JjL3JlcXVlc3QuanNcIjtcblxuLyoqIFRoZSBjYXNlcyBvZiB0aGUgcmVwb3NpdG9yeSdzIHdpcmUvdGVzdGRhdGEsIHdoaWNoIGV2ZXJ5IGNsaWVudCBzaGFyZXMuICovXG5mdW5jdGlvbiBnb2xkZW4oa2luZDogc3RyaW5nKTogTWFwPHN0cmluZywgc3RyaW5nPiB7XG4gIGNvbnN0IGZvbGRlciA9IGZpbGVVUkxUb1BhdGgobmV3IFVSTChgLi4vLi4vLi4vLi4vd2lyZS90ZXN0ZGF0YS8ke2tpbmR9YCwgaW1wb3J0Lm1ldGEudXJsKSk7XG4gIGNvbnN0IGZpbGVzID0gZXhpc3RzU3luYyhmb2xkZXIpID8gcmVhZGRpclN5bmMoZm9sZGVyKS5maWx0ZXIoKGZpbGUpID0+IGZpbGUuZW5kc1dpdGgoXCIuanNvblwiKSkgOiBbXTtcbiAgYXNzZXJ0Lm9rKGZpbGVzLmxlbmd0aCA+IDAsIGB0aGVyZSBhcmUgbm8gZ29sZGVuIGZpbGVzIGluICR7Zm9sZGVyfWApO1xuICByZXR1cm4gbmV3IE1hcChmaWxlcy5tYXAoKGZpbGUpID0+IFtmaWxlLnJlcGxhY2UoXCIuanNvblwiLCBcIlwiKSwgcmVhZEZpbGVTeW5jKGAke2ZvbGRlcn0vJHtmaWxlfWAsIFwidXRmOFwiKS50cmltRW5kKCldKSk7XG59XG5cbi8qKiBXaGF0IGEgdXNlciBzZWVzIG9mIGEgcmVxdWVzdCB3aG9zZSBvbmUgZnJhbWUgdGhpcyBpcy4gKi9cbmFzeW5jIGZ1bmN0aW9uIHNlZW4odGV4dDogc3RyaW5nKTogUHJvbWlzZTx1bmtub3duPiB7XG4gIGNvbnN0IGZyYW1lID0gZGVjb2RlKHRleHQsIEpTT04pO1xuICBhc3NlcnQub2soZnJhbWUsIFwiaXQgaXMgbm90IHVuZGVyc3Rvb2RcIik7XG4gIGNvbnN0IGlkID0gZnJhbWUucmVxdWVzdD8uaWQgPz8gZnJhbWUucmVxdWVzdF9pZCA/PyBcIm5vbmVcIjtcbiAgY29uc3QgcmVxdWVzdCA9IG5ldyBUcmFja2VkKGlkLCBcInNlbnRcIiwgYXN5bmMgKHJlZikgPT4gKHsgZmV0Y2hlZDogcmVmIH0pKTtcbiAgcmVxdWVzdC5vZmZlcihmcmFtZSk7XG4gIGlmIChyZXF1ZXN0LmVuZGVkKSB7XG4gICAgcmV0dXJuIHJlcXVlc3QuaGFuZGxlLnJlc3VsdC50aGVuKFxuICAgICAgKHJlc3VsdCkgPT4gKHsgcmVzdWx0IH0pLFxuICAgICAgKGVycm9yOiBTdHJlYW1lckVycm9yKSA9PiAoeyBjb2RlOiBlcnJvci5jb2RlLCByZXRyeTogZXJyb3IucmV0cnksIGRldGFpbHM6IGVycm9yLmRldGFpbHMgfSksXG4gICAgKTtcbiAgfVxuICBjb25zdCBwcm9ncmVzczogdW5rbm93bltdID0gW107XG4gIHJlcXVlc3Qud2F0Y2goKHApID0+IHByb2dyZXNzLnB1c2gocCkpO1xuICBhd2FpdCBQcm9taXNlLnJlc29sdmUoKTtcbiAgcmV0dXJuIHByb2dyZXNzWzBdID8/IFwibm90aGluZ1wiO1xufVxuXG50ZXN0KFwiZXZlcnkgZ29sZGVuIGZyYW1lIGlzIHVuZGVyc3Rvb2QsIGFuZCBtZWFucyB3aGF0IGl0IHNheXNcIiwgYXN5bmMgKHQpID0+IHtcbiAgY29uc3QgY2FzZXMgPSBnb2xkZW4oXCJmcmFtZXNcIik7XG4gIGZvciAoY29uc3QgW25hbWUsIHRleHRdIG9mIGNhc2VzKSB7XG4gICAgYXdhaXQgdC50ZXN0KG5hbWUsIGFzeW5jICgpID0+IHtcbiAgICAgIGNvbnN0IGZyYW1lID0gSlNPTi5wYXJzZSh0ZXh0KTtcbiAgICAgIGNvbnN0IHsgdHlwZSwgcmV2LCBlcnJvciwgcmVxdWVzdCB9ID0gZnJhbWU7XG4gICAgICBjb25zdCBmYWlsdXJlID0gKHsgY29kZSwgcmV0cnksIGRldGFpbHMgfTogYW55KSA9PiAoeyBjb2RlLCByZXRyeSwgZGV0YWlscyB9KTtcbiAgICAgIGNvbnN0IGdvdCA9IGF3YWl0IHNlZW4odGV4dCk7XG4gICAgICBzd2l0Y2ggKHR5cGUpIHtcbiAgICAgICAgY2FzZSBcImFja25vd2xlZGdtZW50XCI6XG4gICAgICAgICAgcmV0dXJuIGFzc2VydC5kZWVwRXF1YWwoZ290LCB7IHBlcmNlbnRhZ2U6IDAsIG1lc3NhZ2U6IGZyYW1lLm1lc3NhZ2UsIHN0YXRlOiBcIlFVRVVFRFwiLCByZXYgfSk7XG4gICAgICAgIGNhc2UgXCJyZXNwb25zZVwiOlxuICAgICAgICAgIHJldHVybiBhc3NlcnQuZGVlcEVxdWFsKGdvdCwgeyByZXN1bHQ6IGZyYW1lLmRhdGEgfSk7XG4gICAgICAgIGNhc2UgXCJwcm9ncmVzc1wiOiB7XG4gICAgICAgICAgY29uc3QgeyBwZXJjZW50YWdlLCBtZXNzYWdlLCBtZXRhZGF0YSB9ID0gZnJhbWU7XG4gICAgICAgICAgcmV0dXJuIGFzc2VydC5kZWVwRXF1YWwoZ290LCB7IHBlcmNlbnRhZ2UsIG1lc3NhZ2UsIC4uLihtZXRhZGF0YSAmJiB7IG1ldGFkYXRhIH0pLCBzdGF0ZTogXCJSVU5OSU5HXCIsIHJldiB9KTtcbiAgICAgICAgfVxuICAgICAgICBjYXNlIFwiY29tcGxldGVcIjpcbiAgICAgICAgICByZXR1cm4gYXNzZXJ0LmRlZXBFcXVhbChnb3QsIHsgcmVzdWx0OiBmcmFtZS5yZXN1bHRfcmVmID8geyBmZXRjaGVkOiBmcmFtZS5yZXN1bHRfcmVmIH0gOiBmcmFtZS5yZXN1bHQgfSk7XG4gICAgICAgIGNhc2UgXCJlcnJvclwiOlxuICAgICAgICAgIHJldHVybiBhc3NlcnQuZGVlcEVxdWFsKGdvdCwgcmV2ID8gZmFpbHVyZShlcnJvcikgOiBcIm5vdGhpbmdcIik7XG4gICAgICAgIGNhc2UgXCJyZXF1ZXN0XCI6XG4gICAgICAgICAgaWYgKHJlcXVlc3Quc3RhdGUgPT0gXCJTVUNDRUVERURcIikge1xuICAgICAgICAgICAgcmV0dXJuIGFzc2VydC5kZWVwRXF1YWwoZ290LCB7IHJlc3VsdDogcmVxdWVzdC5yZXN1bHRfcmVmID8geyBmZXRjaGVkOiByZXF1ZXN0LnJlc3VsdF9yZWYgfSA6IHJlcXVlc3QucmVzdWx0IH0pO1xuICAgICAgICAgIH1cbiAgICAgICAgICBpZiAocmVxdWVzdC5lcnJvciAmJiByZXF1ZXN0LnN0YXRlICE9IFwiUVVFVUVEXCIpIHJldHVybiBhc3NlcnQuZGVlcEVxdWFsKGdvdCwgZmFpbHVyZShyZXF1ZXN0LmVycm9yKSk7XG4gICAgICAgICAgY29uc3QgeyBwZXJjZW50YWdlLCBtZXNzYWdlID0gXCJcIiwgbWV0YWRhdGEsIHN0YXRlIH0gPSByZXF1ZXN0O1xuICAgICAgICAgIHJldHVybiBhc3NlcnQuZGVlcEVxdWFsKGdvdCwgeyBwZXJjZW50YWdlLCBtZXNzYWdlLCAuLi4obWV0YWRhdGEgJiYgeyBtZXRhZGF0YSB9KSwgc3RhdGUsIHJldjogcmVxdWVzdC5yZXYgfSk7XG4gICAgICAgIGRlZmF1bHQ6IC8vIHBvbmcsIGFuZCB3aGF0IHRoaXMgY2xpZW50IGRvZXMgbm90IGtub3dcbiAgICAgICAgICByZXR1cm4gYXNzZXJ0LmVxdWFsKGdvdCwgXCJub3RoaW5nXCIpO1xuICAgICAgfVxuICAgIH0pO1xuICB9XG59KTtcblxudGVzdChcImV2ZXJ5IGdvbGRlbiBtZXNzYWdlIGlzIHdoYXQgdGhpcyBjbGllbnQgc2VuZHMgZm9yIHRoZSBzYW1lIHZhbHVlc1wiLCBhc3luYyAodCkgPT4ge1xuICAvLyBVKzIwMjggbWF5IGJlIHNwZWx0IGluIHR3byB3YXlzOyBHbyBlc2NhcGVzIGl0LCBKU09OLnN0cmluZ2lmeSBkb2VzIG5vdC5cbiAgY29uc3Qgc3BlbGxpbmcgPSAodGV4dDogc3RyaW5nKSA9PiB0ZXh0LnJlcGxhY2VBbGwoXCJcXHUyMDI4XCIsIFwiXFxcXHUyMDI4XCIpO1xuICBjb25zdCByYXcgPSB7IHBhcnNlOiBKU09OLnBhcnNlLCBzdHJpbmdpZnk6IFN0cmluZyB9O1xuICBmb3IgKGNvbnN0IFtuYW1lLCB0ZXh0XSBvZiBnb2xkZW4oXCJtZXNzYWdlc1wiKSkge1xuICAgIGF3YWl0IHQudGVzdChuYW1lLCAoKSA9PiB7XG4gICAgICBjb25zdCB7IGlkLCBhY3Rpb24sIG1ldGFkYXRhIH0gPSBKU09OLnBhcnNlKHRleHQpO1xuICAgICAgY29uc3QgcGF5bG9hZCA9IC9cInBheWxvYWRcIjooLio/KSgsXCJtZXRhZGF0YVwiOi4qKT9cXH0kLy5leGVjKHRleHQpPy5bMV07XG4gICAgICBjb25zdCBtZXNzYWdlID0gZW5jb2RlKGlkID8/IFwibGVmdCBvdXRcIiwgYWN0aW9uLCBwYXlsb2FkLCByYXcsIG1ldGFkYXRhKS50ZXh0O1xuICAgICAgYXNzZXJ0LmVxdWFsKHNwZWxsaW5nKGlkID8gbWVzc2FnZSA6IG1lc3NhZ2UucmVwbGFjZSgnXCJpZFwiOlwibGVmdCBvdXRcIiwnLCBcIlwiKSksIHRleHQpO1xuICAgIH0pO1xuICB9XG59KTtcbiJdLAogICJtYXBwaW5ncyI6ICJBQUFBLE9BQU8sWUFBWTtBQUNuQixTQUFTLFlBQVksYUFBYSxvQkFBb0I7QUFDdEQsU0FBUyxZQUFZO0FBQ3JCLFNBQVMscUJBQXFCO0FBRTlCLFNBQVMsUUFBUSxjQUFjO0FBQy9CLFNBQVMsZUFBZTtBQUd4QixTQUFTLE9BQU8sTUFBbUM7QUFDakQsUUFBTSxTQUFTLGNBQWMsSUFBSSxJQUFJLDZCQUE2QixJQUFJLElBQUksWUFBWSxHQUFHLENBQUM7QUFDMUYsUUFBTSxRQUFRLFdBQVcsTUFBTSxJQUFJLFlBQVksTUFBTSxFQUFFLE9BQU8sQ0FBQyxTQUFTLEtBQUssU0FBUyxPQUFPLENBQUMsSUFBSSxDQUFDO0FBQ25HLFNBQU8sR0FBRyxNQUFNLFNBQVMsR0FBRyxnQ0FBZ0MsTUFBTSxFQUFFO0FBQ3BFLFNBQU8sSUFBSSxJQUFJLE1BQU0sSUFBSSxDQUFDLFNBQVMsQ0FBQyxLQUFLLFFBQVEsU0FBUyxFQUFFLEdBQUcsYUFBYSxHQUFHLE1BQU0sSUFBSSxJQUFJLElBQUksTUFBTSxFQUFFLFFBQVEsQ0FBQyxDQUFDLENBQUM7QUFDdEg7QUFHQSxlQUFlLEtBQUssTUFBZ0M7QUFDbEQsUUFBTSxRQUFRLE9BQU8sTUFBTSxJQUFJO0FBQy9CLFNBQU8sR0FBRyxPQUFPLHNCQUFzQjtBQUN2QyxRQUFNLEtBQUssTUFBTSxTQUFTLE1BQU0sTUFBTSxjQUFjO0FBQ3BELFFBQU0sVUFBVSxJQUFJLFFBQVEsSUFBSSxRQUFRLE9BQU8sU0FBUyxFQUFFLFNBQVMsSUFBSSxFQUFFO0FBQ3pFLFVBQVEsTUFBTSxLQUFLO0FBQ25CLE1BQUksUUFBUSxPQUFPO0FBQ2pCLFdBQU8sUUFBUSxPQUFPLE9BQU87QUFBQSxNQUMzQixDQUFDLFlBQVksRUFBRSxPQUFPO0FBQUEsTUFDdEIsQ0FBQyxXQUEwQixFQUFFLE1BQU0sTUFBTSxNQUFNLE9BQU8sTUFBTSxPQUFPLFNBQVMsTUFBTSxRQUFRO0FBQUEsSUFDNUY7QUFBQSxFQUNGO0FBQ0EsUUFBTSxXQUFzQixDQUFDO0FBQzdCLFVBQVEsTUFBTSxDQUFDLE1BQU0sU0FBUyxLQUFLLENBQUMsQ0FBQztBQUNyQyxRQUFNLFFBQVEsUUFBUTtBQUN0QixTQUFPLFNBQVMsQ0FBQyxLQUFLO0FBQ3hCO0FBRUEsS0FBSyw0REFBNEQsT0FBTyxNQUFNO0FBQzVFLFFBQU0sUUFBUSxPQUFPLFFBQVE7QUFDN0IsYUFBVyxDQUFDLE1BQU0sSUFBSSxLQUFLLE9BQU87QUFDaEMsVUFBTSxFQUFFLEtBQUssTUFBTSxZQUFZO0FBQzdCLFlBQU0sUUFBUSxLQUFLLE1BQU0sSUFBSTtBQUM3QixZQUFNLEVBQUUsTUFBTSxLQUFLLE9BQU8sUUFBUSxJQUFJO0FBQ3RDLFlBQU0sVUFBVSxDQUFDLEVBQUUsTUFBTSxPQUFPLFFBQVEsT0FBWSxFQUFFLE1BQU0sT0FBTyxRQUFRO0FBQzNFLFlBQU0sTUFBTSxNQUFNLEtBQUssSUFBSTtBQUMzQixjQUFRLE1BQU07QUFBQSxRQUNaLEtBQUs7QUFDSCxpQkFBTyxPQUFPLFVBQVUsS0FBSyxFQUFFLFlBQVksR0FBRyxTQUFTLE1BQU0sU0FBUyxPQUFPLFVBQVUsSUFBSSxDQUFDO0FBQUEsUUFDOUYsS0FBSztBQUNILGlCQUFPLE9BQU8sVUFBVSxLQUFLLEVBQUUsUUFBUSxNQUFNLEtBQUssQ0FBQztBQUFBLFFBQ3JELEtBQUssWUFBWTtBQUNmLGdCQUFNLEVBQUUsWUFBQUEsYUFBWSxTQUFBQyxVQUFTLFVBQUFDLFVBQVMsSUFBSTtBQUMxQyxpQkFBTyxPQUFPLFVBQVUsS0FBSyxFQUFFLFlBQUFGLGFBQVksU0FBQUMsVUFBUyxHQUFJQyxhQUFZLEVBQUUsVUFBQUEsVUFBUyxHQUFJLE9BQU8sV0FBVyxJQUFJLENBQUM7QUFBQSxRQUM1RztBQUFBLFFBQ0EsS0FBSztBQUNILGlCQUFPLE9BQU8sVUFBVSxLQUFLLEVBQUUsUUFBUSxNQUFNLGFBQWEsRUFBRSxTQUFTLE1BQU0sV0FBVyxJQUFJLE1BQU0sT0FBTyxDQUFDO0FBQUEsUUFDMUcsS0FBSztBQUNILGlCQUFPLE9BQU8sVUFBVSxLQUFLLE1BQU0sUUFBUSxLQUFLLElBQUksU0FBUztBQUFBLFFBQy9ELEtBQUs7QUFDSCxjQUFJLFFBQVEsU0FBUyxhQUFhO0FBQ2hDLG1CQUFPLE9BQU8sVUFBVSxLQUFLLEVBQUUsUUFBUSxRQUFRLGFBQWEsRUFBRSxTQUFTLFFBQVEsV0FBVyxJQUFJLFFBQVEsT0FBTyxDQUFDO0FBQUEsVUFDaEg7QUFDQSxjQUFJLFFBQVEsU0FBUyxRQUFRLFNBQVMsU0FBVSxRQUFPLE9BQU8sVUFBVSxLQUFLLFFBQVEsUUFBUSxLQUFLLENBQUM7QUFDbkcsZ0JBQU0sRUFBRSxZQUFZLFVBQVUsSUFBSSxVQUFVLE1BQU0sSUFBSTtBQUN0RCxpQkFBTyxPQUFPLFVBQVUsS0FBSyxFQUFFLFlBQVksU0FBUyxHQUFJLFlBQVksRUFBRSxTQUFTLEdBQUksT0FBTyxLQUFLLFFBQVEsSUFBSSxDQUFDO0FBQUEsUUFDOUc7QUFDRSxpQkFBTyxPQUFPLE1BQU0sS0FBSyxTQUFTO0FBQUEsTUFDdEM7QUFBQSxJQUNGLENBQUM7QUFBQSxFQUNIO0FBQ0YsQ0FBQztBQUVELEtBQUssc0VBQXNFLE9BQU8sTUFBTTtBQUV0RixRQUFNLFdBQVcsQ0FBQyxTQUFpQixLQUFLLFdBQVcsVUFBVSxTQUFTO0FBQ3RFLFFBQU0sTUFBTSxFQUFFLE9BQU8sS0FBSyxPQUFPLFdBQVcsT0FBTztBQUNuRCxhQUFXLENBQUMsTUFBTSxJQUFJLEtBQUssT0FBTyxVQUFVLEdBQUc7QUFDN0MsVUFBTSxFQUFFLEtBQUssTUFBTSxNQUFNO0FBQ3ZCLFlBQU0sRUFBRSxJQUFJLFFBQVEsU0FBUyxJQUFJLEtBQUssTUFBTSxJQUFJO0FBQ2hELFlBQU0sVUFBVSxzQ0FBc0MsS0FBSyxJQUFJLElBQUksQ0FBQztBQUNwRSxZQUFNLFVBQVUsT0FBTyxNQUFNLFlBQVksUUFBUSxTQUFTLEtBQUssUUFBUSxFQUFFO0FBQ3pFLGFBQU8sTUFBTSxTQUFTLEtBQUssVUFBVSxRQUFRLFFBQVEsb0JBQW9CLEVBQUUsQ0FBQyxHQUFHLElBQUk7QUFBQSxJQUNyRixDQUFDO0FBQUEsRUFDSDtBQUNGLENBQUM7IiwKICAibmFtZXMiOiBbInBlcmNlbnRhZ2UiLCAibWVzc2FnZSIsICJtZXRhZGF0YSJdCn0K
