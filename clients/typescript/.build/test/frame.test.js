import assert from "node:assert/strict";
import { test } from "node:test";
import { decode, encode, newId, reserved } from "../src/frame.js";
import { sequence } from "./support/random.js";
test("what is no frame is told from what is one", () => {
  const none = [
    "",
    "no json",
    "null",
    "7",
    "[]",
    "{}",
    '{"type":7}',
    '{"type":"error"}',
    '{"type":"request"}',
    '{"message": "Internal server error", "connectionId":"a=", "requestId":"b="}'
  ];
  for (const text of none) assert.equal(decode(text, JSON), void 0, text);
  assert.equal(decode('{"type":"of a newer server"}', JSON)?.type, "of a newer server");
});
test("with a parse that keeps large integers, the protocol's own numbers stay numbers", () => {
  const parse = (text2) => JSON.parse(text2.replaceAll(/:(-?[\d.]+)/g, ':"$1"'));
  const codec = { parse, stringify: JSON.stringify };
  const text = `{"type":"request","request_id":"m","request":{"id":"r-1","state":"QUEUED","percentage":12.5,"attempts":2,"rev":7,
    "result":9007199254740993,"error":{"code":"TIMEOUT","retry":{"retryable":true,"after":2.5}}}}`;
  const { request } = decode(text, codec);
  assert.deepEqual([request.percentage, request.attempts, request.rev, request.error.retry.after], [12.5, 2, 7, 2.5]);
  assert.equal(request.result, "9007199254740993");
});
test("a payload goes into the message as the codec spells it", () => {
  const raw = { parse: JSON.parse, stringify: (value) => String(value) };
  assert.equal(encode("r-1", "echo", '{ "n" : 9007199254740993 }', raw).text, '{"id":"r-1","action":"echo","payload":{ "n" : 9007199254740993 }}');
  assert.equal(encode("r-1", "echo", void 0, JSON).text, '{"id":"r-1","action":"echo"}');
  assert.equal(encode("r-1", "echo", null, JSON, { a: "b" }).text, '{"id":"r-1","action":"echo","payload":null,"metadata":{"a":"b"}}');
});
test("a made id is one that the protocol takes, and new each time", () => {
  const ids = new Set(Array.from({ length: 100 }, newId));
  assert.equal(ids.size, 100);
  for (const id of ids) assert.match(id, /^[A-Za-z0-9_.:-]{36}$/);
  assert.notEqual(reserved("ping").id, reserved("ping").id);
});
test("garbage never throws", () => {
  const next = sequence(42);
  const text = '{"type":"request","request_id":"m","rev":3,"request":{"id":"r","error":{"code":"X","retry":{"after":1}}}}';
  for (let i = 0; i < 2e4; i++) {
    const chars = [...text];
    for (let edits = next(4) + 1; edits > 0; edits--) chars.splice(next(chars.length), next(3), String.fromCharCode(next(128)));
    const frame = decode(chars.join(""), JSON);
    if (frame) assert.equal(typeof frame.type, "string");
  }
});
//# sourceMappingURL=data:application/json;base64,ewogICJ2ZXJzaW9uIjogMywKICAic291cmNlcyI6IFsiLi4vLi4vdGVzdC9mcmFtZS50ZXN0LnRzIl0sCiAgInNvdXJjZXNDb250ZW50IjogWyJpbXBvcnQgYXNzZXJ0IGZyb20gXCJub2RlOmFzc2VydC9zdHJpY3RcIjtcbmltcG9ydCB7IHRlc3QgfSBmcm9tIFwibm9kZTp0ZXN0XCI7XG5pbXBvcnQgeyBkZWNvZGUsIGVuY29kZSwgbmV3SWQsIHJlc2VydmVkIH0gZnJvbSBcIi4uL3NyYy9mcmFtZS5qc1wiO1xuaW1wb3J0IHsgc2VxdWVuY2UgfSBmcm9tIFwiLi9zdXBwb3J0L3JhbmRvbS5qc1wiO1xuXG50ZXN0KFwid2hhdCBpcyBubyBmcmFtZSBpcyB0b2xkIGZyb20gd2hhdCBpcyBvbmVcIiwgKCkgPT4ge1xuICBjb25zdCBub25lID0gW1xuICAgIFwiXCIsXG4gICAgXCJubyBqc29uXCIsXG4gICAgXCJudWxsXCIsXG4gICAgXCI3XCIsXG4gICAgXCJbXVwiLFxuICAgIFwie31cIixcbiAgICAne1widHlwZVwiOjd9JyxcbiAgICAne1widHlwZVwiOlwiZXJyb3JcIn0nLFxuICAgICd7XCJ0eXBlXCI6XCJyZXF1ZXN0XCJ9JyxcbiAgICAne1wibWVzc2FnZVwiOiBcIkludGVybmFsIHNlcnZlciBlcnJvclwiLCBcImNvbm5lY3Rpb25JZFwiOlwiYT1cIiwgXCJyZXF1ZXN0SWRcIjpcImI9XCJ9JyxcbiAgXTtcbiAgZm9yIChjb25zdCB0ZXh0IG9mIG5vbmUpIGFzc2VydC5lcXVhbChkZWNvZGUodGV4dCwgSlNPTiksIHVuZGVmaW5lZCwgdGV4dCk7XG4gIGFzc2VydC5lcXVhbChkZWNvZGUoJ3tcInR5cGVcIjpcIm9mIGEgbmV3ZXIgc2VydmVyXCJ9JywgSlNPTik/LnR5cGUsIFwib2YgYSBuZXdlciBzZXJ2ZXJcIik7XG59KTtcblxudGVzdChcIndpdGggYSBwYXJzZSB0aGF0IGtlZXBzIGxhcmdlIGludGVnZXJzLCB0aGUgcHJvdG9jb2wncyBvd24gbnVtYmVycyBzdGF5IG51bWJlcnNcIiwgKCkgPT4ge1xuICAvLyBSZWFkcyBldmVyeSBudW1iZXIgYXMgYSBzdHJpbmcsIGFzIHRoZSBzdHJpY3Rlc3Qgb2Ygc3VjaCBwYXJzZXJzIG1pZ2h0LlxuICBjb25zdCBwYXJzZSA9ICh0ZXh0OiBzdHJpbmcpID0+IEpTT04ucGFyc2UodGV4dC5yZXBsYWNlQWxsKC86KC0/W1xcZC5dKykvZywgJzpcIiQxXCInKSk7XG4gIGNvbnN0IGNvZGVjID0geyBwYXJzZSwgc3RyaW5naWZ5OiBKU09OLnN0cmluZ2lmeSB9O1xuICBjb25zdCB0ZXh0ID0gYHtcInR5cGVcIjpcInJlcXVlc3RcIixcInJlcXVlc3RfaWRcIjpcIm1cIixcInJlcXVlc3RcIjp7XCJpZFwiOlwici0xXCIsXCJzdGF0ZVwiOlwiUVVFVUVEXCIsXCJwZXJjZW50YWdlXCI6MTIuNSxcImF0dGVtcHRzXCI6MixcInJldlwiOjcsXG4gICAgXCJyZXN1bHRcIjo5MDA3MTk5MjU0NzQwOTkzLFwiZXJyb3JcIjp7XCJjb2RlXCI6XCJUSU1FT1VUXCIsXCJyZXRyeVwiOntcInJldHJ5YWJsZVwiOnRydWUsXCJhZnRlclwiOjIuNX19fX1gO1xuICBjb25zdCB7IHJlcXVlc3QgfSA9IGRlY29kZSh0ZXh0LCBjb2RlYykhO1xuICBhc3NlcnQuZGVlcEVxdWFsKFtyZXF1ZXN0IS5wZXJjZW50YWdlLCByZXF1ZXN0IS5hdHRlbXB0cywgcmVxdWVzdCEucmV2LCByZXF1ZXN0IS5lcnJvciEucmV0cnkhLmFmdGVyXSwgWzEyLjUsIDIsIDcsIDIuNV0pO1xuICBhc3NlcnQuZXF1YWwocmVxdWVzdCEucmVzdWx0LCBcIjkwMDcxOTkyNTQ3NDA5OTNcIik7XG59KTtcblxudGVzdChcImEgcGF5bG9hZCBnb2VzIGludG8gdGhlIG1lc3NhZ2UgYXMgdGhlIGNvZGVjIHNwZWxscyBpdFwiLCAoKSA9PiB7XG4gIGNvbnN0IHJhdyA9IHsgcGFyc2U6IEpTT04ucGFyc2UsIHN0cmluZ2lmeTogKHZhbHVlOiB1bmtub3duKSA9PiBTdHJpbmcodmFsdWUpIH07XG4gIGFzc2VydC5lcXVhbChlbmNvZGUoXCJyLTFcIiwgXCJlY2hvXCIsICd7IFwiblwiIDogOTAwNzE5OTI1NDc0MDk5MyB9JywgcmF3KS50ZXh0LCAne1wiaWRcIjpcInItMVwiLFwiYWN0aW9uXCI6XCJlY2hvXCIsXCJwYXlsb2FkXCI6eyBcIm5cIiA6IDkwMDcxOTkyNTQ3NDA5OTMgfX0nKTtcbiAgYXNzZXJ0LmVxdWFsKGVuY29kZShcInItMVwiLCBcImVjaG9cIiwgdW5kZWZpbmVkLCBKU09OKS50ZXh0LCAne1wiaWRcIjpcInItMVwiLFwiYWN0aW9uXCI6XCJlY2hvXCJ9Jyk7XG4gIGFzc2VydC5lcXVhbChlbmNvZGUoXCJyLTFcIiwgXCJlY2hvXCIsIG51bGwsIEpTT04sIHsgYTogXCJiXCIgfSkudGV4dCwgJ3tcImlkXCI6XCJyLTFcIixcImFjdGlvblwiOlwiZWNob1wiLFwicGF5bG9hZFwiOm51bGwsXCJtZXRhZGF0YVwiOntcImFcIjpcImJcIn19Jyk7XG59KTtcblxudGVzdChcImEgbWFkZSBpZCBpcyBvbmUgdGhhdCB0aGUgcHJvdG9jb2wgdGFrZXMsIGFuZCBuZXcgZWFjaCB0aW1lXCIsICgpID0+IHtcbiAgY29uc3QgaWRzID0gbmV3IFNldChBcnJheS5mcm9tKHsgbGVuZ3RoOiAxMDAgfSwgbmV3SWQpKTtcbiAgYXNzZXJ0LmVxdWFsKGlkcy5zaXplLCAxMDApO1xuICBmb3IgKGNvbnN0IGlkIG9mIGlkcykgYXNzZXJ0Lm1hdGNoKGlkLCAvXltBLVphLXowLTlfLjotXXszNn0kLyk7XG4gIGFzc2VydC5ub3RFcXVhbChyZXNlcnZlZChcInBpbmdcIikuaWQsIHJlc2VydmVkKFwicGluZ1wiKS5pZCk7XG59KTtcblxudGVzdChcImdhcmJhZ2UgbmV2ZXIgdGhyb3dzXCIsICgpID0+IHtcbiAgY29uc3QgbmV4dCA9IHNlcXVlbmNlKDQyKTtcbiAgY29uc3QgdGV4dCA9ICd7XCJ0eXBlXCI6XCJyZXF1ZXN0XCIsXCJyZXF1ZXN0X2lkXCI6XCJtXCIsXCJyZXZcIjozLFwicmVxdWVzdFwiOntcImlkXCI6XCJyXCIsXCJlcnJvclwiOntcImNvZGVcIjpcIlhcIixcInJldHJ5XCI6e1wiYWZ0ZXJcIjoxfX19fSc7XG4gIGZvciAobGV0IGkgPSAwOyBpIDwgMjBfMDAwOyBpKyspIHtcbiAgICBjb25zdCBjaGFycyA9IFsuLi50ZXh0XTtcbiAgICBmb3IgKGxldCBlZGl0cyA9IG5leHQoNCkgKyAxOyBlZGl0cyA+IDA7IGVkaXRzLS0pIGNoYXJzLnNwbGljZShuZXh0KGNoYXJzLmxlbmd0aCksIG5leHQoMyksIFN0cmluZy5mcm9tQ2hhckNvZGUobmV4dCgxMjgpKSk7XG4gICAgY29uc3QgZnJhbWUgPSBkZWNvZGUoY2hhcnMuam9pbihcIlwiKSwgSlNPTik7XG4gICAgaWYgKGZyYW1lKSBhc3NlcnQuZXF1YWwodHlwZW9mIGZyYW1lLnR5cGUsIFwic3RyaW5nXCIpO1xuICB9XG59KTtcbiJdLAogICJtYXBwaW5ncyI6ICJBQUFBLE9BQU8sWUFBWTtBQUNuQixTQUFTLFlBQVk7QUFDckIsU0FBUyxRQUFRLFFBQVEsT0FBTyxnQkFBZ0I7QUFDaEQsU0FBUyxnQkFBZ0I7QUFFekIsS0FBSyw2Q0FBNkMsTUFBTTtBQUN0RCxRQUFNLE9BQU87QUFBQSxJQUNYO0FBQUEsSUFDQTtBQUFBLElBQ0E7QUFBQSxJQUNBO0FBQUEsSUFDQTtBQUFBLElBQ0E7QUFBQSxJQUNBO0FBQUEsSUFDQTtBQUFBLElBQ0E7QUFBQSxJQUNBO0FBQUEsRUFDRjtBQUNBLGFBQVcsUUFBUSxLQUFNLFFBQU8sTUFBTSxPQUFPLE1BQU0sSUFBSSxHQUFHLFFBQVcsSUFBSTtBQUN6RSxTQUFPLE1BQU0sT0FBTyxnQ0FBZ0MsSUFBSSxHQUFHLE1BQU0sbUJBQW1CO0FBQ3RGLENBQUM7QUFFRCxLQUFLLG1GQUFtRixNQUFNO0FBRTVGLFFBQU0sUUFBUSxDQUFDQSxVQUFpQixLQUFLLE1BQU1BLE1BQUssV0FBVyxnQkFBZ0IsT0FBTyxDQUFDO0FBQ25GLFFBQU0sUUFBUSxFQUFFLE9BQU8sV0FBVyxLQUFLLFVBQVU7QUFDakQsUUFBTSxPQUFPO0FBQUE7QUFFYixRQUFNLEVBQUUsUUFBUSxJQUFJLE9BQU8sTUFBTSxLQUFLO0FBQ3RDLFNBQU8sVUFBVSxDQUFDLFFBQVMsWUFBWSxRQUFTLFVBQVUsUUFBUyxLQUFLLFFBQVMsTUFBTyxNQUFPLEtBQUssR0FBRyxDQUFDLE1BQU0sR0FBRyxHQUFHLEdBQUcsQ0FBQztBQUN4SCxTQUFPLE1BQU0sUUFBUyxRQUFRLGtCQUFrQjtBQUNsRCxDQUFDO0FBRUQsS0FBSywwREFBMEQsTUFBTTtBQUNuRSxRQUFNLE1BQU0sRUFBRSxPQUFPLEtBQUssT0FBTyxXQUFXLENBQUMsVUFBbUIsT0FBTyxLQUFLLEVBQUU7QUFDOUUsU0FBTyxNQUFNLE9BQU8sT0FBTyxRQUFRLDhCQUE4QixHQUFHLEVBQUUsTUFBTSxtRUFBbUU7QUFDL0ksU0FBTyxNQUFNLE9BQU8sT0FBTyxRQUFRLFFBQVcsSUFBSSxFQUFFLE1BQU0sOEJBQThCO0FBQ3hGLFNBQU8sTUFBTSxPQUFPLE9BQU8sUUFBUSxNQUFNLE1BQU0sRUFBRSxHQUFHLElBQUksQ0FBQyxFQUFFLE1BQU0sa0VBQWtFO0FBQ3JJLENBQUM7QUFFRCxLQUFLLCtEQUErRCxNQUFNO0FBQ3hFLFFBQU0sTUFBTSxJQUFJLElBQUksTUFBTSxLQUFLLEVBQUUsUUFBUSxJQUFJLEdBQUcsS0FBSyxDQUFDO0FBQ3RELFNBQU8sTUFBTSxJQUFJLE1BQU0sR0FBRztBQUMxQixhQUFXLE1BQU0sSUFBSyxRQUFPLE1BQU0sSUFBSSx1QkFBdUI7QUFDOUQsU0FBTyxTQUFTLFNBQVMsTUFBTSxFQUFFLElBQUksU0FBUyxNQUFNLEVBQUUsRUFBRTtBQUMxRCxDQUFDO0FBRUQsS0FBSyx3QkFBd0IsTUFBTTtBQUNqQyxRQUFNLE9BQU8sU0FBUyxFQUFFO0FBQ3hCLFFBQU0sT0FBTztBQUNiLFdBQVMsSUFBSSxHQUFHLElBQUksS0FBUSxLQUFLO0FBQy9CLFVBQU0sUUFBUSxDQUFDLEdBQUcsSUFBSTtBQUN0QixhQUFTLFFBQVEsS0FBSyxDQUFDLElBQUksR0FBRyxRQUFRLEdBQUcsUUFBUyxPQUFNLE9BQU8sS0FBSyxNQUFNLE1BQU0sR0FBRyxLQUFLLENBQUMsR0FBRyxPQUFPLGFBQWEsS0FBSyxHQUFHLENBQUMsQ0FBQztBQUMxSCxVQUFNLFFBQVEsT0FBTyxNQUFNLEtBQUssRUFBRSxHQUFHLElBQUk7QUFDekMsUUFBSSxNQUFPLFFBQU8sTUFBTSxPQUFPLE1BQU0sTUFBTSxRQUFRO0FBQUEsRUFDckQ7QUFDRixDQUFDOyIsCiAgIm5hbWVzIjogWyJ0ZXh0Il0KfQo=
