import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";
declare const process: { argv: string[] };

const client = createClient<paths>({ baseUrl: process.argv[2]! });
const thing: components["schemas"]["Put"] = {
  id: "t-1", text: "x", count: 7, small: 1, size: 1, rate: 1, ratio: 1, at: "1970-01-01T00:00:01Z", raw: [1], any: 1, level: "high",
  labels: null, pair: [true, false], inline: { a: 1 }, pages: { items: null },
};
const path = { shop: "acme" };
const kept = await client.PUT("/shops/{shop}/things", { params: { path }, body: thing });
const refused = await client.PUT("/shops/{shop}/things", { params: { path }, body: { ...thing, text: "" } });
const found = await client.GET("/shops/{shop}/things", { params: { path, query: { limit: 1, tag: ["a", "b"] }, header: { "If-Match": "m" } } });
const gone = await client.DELETE("/shops/{shop}/things/{id}", { params: { path: { shop: "acme", id: "t-1" } } });
const items = found.data!.items!;
console.log(kept.data!.id, kept.data!.level, refused.error!.code, items[0]!.id, items[1]!.id, items.length, gone.response.status);
