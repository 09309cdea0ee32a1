import { deleteThing, type Put, putThing, searchThings } from "./orval.js";

const thing: Put = {
  id: "t-1", text: "x", count: 7, small: 1, size: 1, rate: 1, ratio: 1, at: "1970-01-01T00:00:01Z", raw: [1], any: 1, level: "high",
  labels: null, pair: [true, false], inline: { a: 1 }, pages: { items: null },
};
const kept = await putThing("acme", thing);
const refused = await putThing("acme", { ...thing, text: "" });
const found = await searchThings("acme", { limit: 1, tag: ["a", "b"] }, { headers: { "If-Match": "m" } });
const gone = await deleteThing("acme", "t-1");
if (kept.status !== 200 || refused.status !== 409 || found.status !== 200) {
  throw new Error(JSON.stringify([kept, refused, found]));
}
const items = found.data.items!;
console.log(kept.data.id, kept.data.level, refused.data.code, items[0]!.id, items[1]!.id, items.length, gone.status);
