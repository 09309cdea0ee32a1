import { deleteThing, putThing, searchThings } from "./hey/sdk.gen.js";
import type { Put } from "./hey/types.gen.js";
declare const process: { argv: string[] };

const baseUrl = process.argv[2]!;
const thing: Put = {
  id: "t-1", text: "x", count: 7, small: 1, size: 1, rate: 1, ratio: 1, at: "1970-01-01T00:00:01Z", raw: [1], any: 1, level: "high",
  labels: null, pair: [true, false], inline: { a: 1 }, pages: { items: null },
};
const path = { shop: "acme" };
const kept = await putThing({ baseUrl, path, body: thing });
const refused = await putThing({ baseUrl, path, body: { ...thing, text: "" } });
const found = await searchThings({ baseUrl, path, query: { limit: 1, tag: ["a", "b"] }, headers: { "If-Match": "m" } });
const gone = await deleteThing({ baseUrl, path: { shop: "acme", id: "t-1" } });
const items = found.data!.items!;
console.log(kept.data!.id, kept.data!.level, refused.error!.code, items[0]!.id, items[1]!.id, items.length, gone.response!.status);
