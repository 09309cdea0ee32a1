import assert from "node:assert/strict";
import { test } from "node:test";
import { readClaims, Tokens } from "../src/token.js";
import { ManualClock } from "./support/clock.js";
import { jwt } from "./support/world.js";
test("claims are read from a JWT, and from nothing else", () => {
  const token = jwt({ tenant_id: "gr\xF6\xDFe?>", sub: "ada", exp: 18e8 });
  assert.equal(readClaims(token).expires, 18e11);
  assert.equal(readClaims(token).who, readClaims(jwt({ tenant_id: "gr\xF6\xDFe?>", sub: "ada" })).who);
  assert.notEqual(readClaims(token).who, readClaims(jwt({ tenant_id: "acme", sub: "ada" })).who);
  for (const other of ["", "opaque", "a.b.c", "a..c", jwt({ exp: "soon" })]) {
    const { expires, who } = readClaims(other);
    assert.deepEqual([expires, who], [void 0, void 0], other);
  }
});
function source(clock, seconds) {
  const given = [];
  const give = () => {
    given.push(jwt({ sub: "ada", exp: clock.now() / 1e3 + seconds, n: given.length }));
    return given.at(-1);
  };
  return { given, tokens: new Tokens(give, clock) };
}
test("a token serves until a minute before its end", async () => {
  const clock = new ManualClock();
  const { given, tokens } = source(clock, 3600);
  const token = await tokens.get();
  assert.equal(tokens.renewIn(token), 354e4);
  clock.advance(3539e3);
  assert.equal(await tokens.get(), token);
  clock.advance(1e3);
  assert.notEqual(await tokens.get(), token);
  assert.equal(given.length, 2);
});
test("a short token is renewed with a fifth of its time left", async () => {
  const clock = new ManualClock();
  const { tokens } = source(clock, 100);
  assert.equal(tokens.renewIn(await tokens.get()), 8e4);
});
test("a token that is over already is not asked for in a tight loop", async () => {
  const clock = new ManualClock();
  const { tokens } = source(clock, -50);
  assert.equal(tokens.renewIn(await tokens.get()), 3e4);
});
test("a token of unknown end is asked for each time and never renewed", async () => {
  let calls = 0;
  const tokens = new Tokens(() => `opaque-${calls++}`, new ManualClock());
  assert.equal(await tokens.get(), "opaque-0");
  assert.equal(await tokens.get(), "opaque-1");
  assert.equal(tokens.renewIn("opaque-1"), void 0);
});
test("callers at the same time share one call of the source", async () => {
  const { given, tokens } = source(new ManualClock(), 3600);
  const [a, b] = await Promise.all([tokens.get(), tokens.get()]);
  assert.equal(a, b);
  assert.equal(given.length, 1);
});
test("a refused token and a failed source are not kept", async () => {
  const clock = new ManualClock();
  const { given, tokens } = source(clock, 3600);
  await tokens.get();
  tokens.refuse();
  await tokens.get();
  assert.equal(given.length, 2);
  let fail = true;
  const shaky = new Tokens(() => {
    if (fail) throw new Error("the sign-in is down");
    return "token";
  }, clock);
  await assert.rejects(shaky.get(), /sign-in is down/);
  fail = false;
  assert.equal(await shaky.get(), "token");
});
//# sourceMappingURL=data:application/json;base64,ewogICJ2ZXJzaW9uIjogMywKICAic291cmNlcyI6IFsiLi4vLi4vdGVzdC90b2tlbi50ZXN0LnRzIl0sCiAgInNvdXJjZXNDb250ZW50IjogWyJpbXBvcnQgYXNzZXJ0IGZyb20gXCJub2RlOmFzc2VydC9zdHJpY3RcIjtcbmltcG9ydCB7IHRlc3QgfSBmcm9tIFwibm9kZTp0ZXN0XCI7XG5pbXBvcnQgeyByZWFkQ2xhaW1zLCBUb2tlbnMgfSBmcm9tIFwiLi4vc3JjL3Rva2VuLmpzXCI7XG5pbXBvcnQgeyBNYW51YWxDbG9jayB9IGZyb20gXCIuL3N1cHBvcnQvY2xvY2suanNcIjtcbmltcG9ydCB7IGp3dCB9IGZyb20gXCIuL3N1cHBvcnQvd29ybGQuanNcIjtcblxudGVzdChcImNsYWltcyBhcmUgcmVhZCBmcm9tIGEgSldULCBhbmQgZnJvbSBub3RoaW5nIGVsc2VcIiwgKCkgPT4ge1xuICBjb25zdCB0b2tlbiA9IGp3dCh7IHRlbmFudF9pZDogXCJnclx1MDBGNlx1MDBERmU/PlwiLCBzdWI6IFwiYWRhXCIsIGV4cDogMV84MDBfMDAwXzAwMCB9KTtcbiAgYXNzZXJ0LmVxdWFsKHJlYWRDbGFpbXModG9rZW4pLmV4cGlyZXMsIDFfODAwXzAwMF8wMDBfMDAwKTtcbiAgYXNzZXJ0LmVxdWFsKHJlYWRDbGFpbXModG9rZW4pLndobywgcmVhZENsYWltcyhqd3QoeyB0ZW5hbnRfaWQ6IFwiZ3JcdTAwRjZcdTAwREZlPz5cIiwgc3ViOiBcImFkYVwiIH0pKS53aG8pO1xuICBhc3NlcnQubm90RXF1YWwocmVhZENsYWltcyh0b2tlbikud2hvLCByZWFkQ2xhaW1zKGp3dCh7IHRlbmFudF9pZDogXCJhY21lXCIsIHN1YjogXCJhZGFcIiB9KSkud2hvKTtcbiAgZm9yIChjb25zdCBvdGhlciBvZiBbXCJcIiwgXCJvcGFxdWVcIiwgXCJhLmIuY1wiLCBcImEuLmNcIiwgand0KHsgZXhwOiBcInNvb25cIiB9KV0pIHtcbiAgICBjb25zdCB7IGV4cGlyZXMsIHdobyB9ID0gcmVhZENsYWltcyhvdGhlcik7XG4gICAgYXNzZXJ0LmRlZXBFcXVhbChbZXhwaXJlcywgd2hvXSwgW3VuZGVmaW5lZCwgdW5kZWZpbmVkXSwgb3RoZXIpO1xuICB9XG59KTtcblxuZnVuY3Rpb24gc291cmNlKGNsb2NrOiBNYW51YWxDbG9jaywgc2Vjb25kczogbnVtYmVyKSB7XG4gIGNvbnN0IGdpdmVuOiBzdHJpbmdbXSA9IFtdO1xuICBjb25zdCBnaXZlID0gKCkgPT4ge1xuICAgIGdpdmVuLnB1c2goand0KHsgc3ViOiBcImFkYVwiLCBleHA6IGNsb2NrLm5vdygpIC8gMTAwMCArIHNlY29uZHMsIG46IGdpdmVuLmxlbmd0aCB9KSk7XG4gICAgcmV0dXJuIGdpdmVuLmF0KC0xKSE7XG4gIH07XG4gIHJldHVybiB7IGdpdmVuLCB0b2tlbnM6IG5ldyBUb2tlbnMoZ2l2ZSwgY2xvY2spIH07XG59XG5cbnRlc3QoXCJhIHRva2VuIHNlcnZlcyB1bnRpbCBhIG1pbnV0ZSBiZWZvcmUgaXRzIGVuZFwiLCBhc3luYyAoKSA9PiB7XG4gIGNvbnN0IGNsb2NrID0gbmV3IE1hbnVhbENsb2NrKCk7XG4gIGNvbnN0IHsgZ2l2ZW4sIHRva2VucyB9ID0gc291cmNlKGNsb2NrLCAzNjAwKTtcbiAgY29uc3QgdG9rZW4gPSBhd2FpdCB0b2tlbnMuZ2V0KCk7XG4gIGFzc2VydC5lcXVhbCh0b2tlbnMucmVuZXdJbih0b2tlbiksIDM1NDBfMDAwKTtcbiAgY2xvY2suYWR2YW5jZSgzNTM5XzAwMCk7XG4gIGFzc2VydC5lcXVhbChhd2FpdCB0b2tlbnMuZ2V0KCksIHRva2VuKTtcbiAgY2xvY2suYWR2YW5jZSgxMDAwKTtcbiAgYXNzZXJ0Lm5vdEVxdWFsKGF3YWl0IHRva2Vucy5nZXQoKSwgdG9rZW4pO1xuICBhc3NlcnQuZXF1YWwoZ2l2ZW4ubGVuZ3RoLCAyKTtcbn0pO1xuXG50ZXN0KFwiYSBzaG9ydCB0b2tlbiBpcyByZW5ld2VkIHdpdGggYSBmaWZ0aCBvZiBpdHMgdGltZSBsZWZ0XCIsIGFzeW5jICgpID0+IHtcbiAgY29uc3QgY2xvY2sgPSBuZXcgTWFudWFsQ2xvY2soKTtcbiAgY29uc3QgeyB0b2tlbnMgfSA9IHNvdXJjZShjbG9jaywgMTAwKTtcbiAgYXNzZXJ0LmVxdWFsKHRva2Vucy5yZW5ld0luKGF3YWl0IHRva2Vucy5nZXQoKSksIDgwXzAwMCk7XG59KTtcblxudGVzdChcImEgdG9rZW4gdGhhdCBpcyBvdmVyIGFscmVhZHkgaXMgbm90IGFza2VkIGZvciBpbiBhIHRpZ2h0IGxvb3BcIiwgYXN5bmMgKCkgPT4ge1xuICBjb25zdCBjbG9jayA9IG5ldyBNYW51YWxDbG9jaygpO1xuICBjb25zdCB7IHRva2VucyB9ID0gc291cmNlKGNsb2NrLCAtNTApO1xuICBhc3NlcnQuZXF1YWwodG9rZW5zLnJlbmV3SW4oYXdhaXQgdG9rZW5zLmdldCgpKSwgMzBfMDAwKTtcbn0pO1xuXG50ZXN0KFwiYSB0b2tlbiBvZiB1bmtub3duIGVuZCBpcyBhc2tlZCBmb3IgZWFjaCB0aW1lIGFuZCBuZXZlciByZW5ld2VkXCIsIGFzeW5jICgpID0+IHtcbiAgbGV0IGNhbGxzID0gMDtcbiAgY29uc3QgdG9rZW5zID0gbmV3IFRva2VucygoKSA9PiBgb3BhcXVlLSR7Y2FsbHMrK31gLCBuZXcgTWFudWFsQ2xvY2soKSk7XG4gIGFzc2VydC5lcXVhbChhd2FpdCB0b2tlbnMuZ2V0KCksIFwib3BhcXVlLTBcIik7XG4gIGFzc2VydC5lcXVhbChhd2FpdCB0b2tlbnMuZ2V0KCksIFwib3BhcXVlLTFcIik7XG4gIGFzc2VydC5lcXVhbCh0b2tlbnMucmVuZXdJbihcIm9wYXF1ZS0xXCIpLCB1bmRlZmluZWQpO1xufSk7XG5cbnRlc3QoXCJjYWxsZXJzIGF0IHRoZSBzYW1lIHRpbWUgc2hhcmUgb25lIGNhbGwgb2YgdGhlIHNvdXJjZVwiLCBhc3luYyAoKSA9PiB7XG4gIGNvbnN0IHsgZ2l2ZW4sIHRva2VucyB9ID0gc291cmNlKG5ldyBNYW51YWxDbG9jaygpLCAzNjAwKTtcbiAgY29uc3QgW2EsIGJdID0gYXdhaXQgUHJvbWlzZS5hbGwoW3Rva2Vucy5nZXQoKSwgdG9rZW5zLmdldCgpXSk7XG4gIGFzc2VydC5lcXVhbChhLCBiKTtcbiAgYXNzZXJ0LmVxdWFsKGdpdmVuLmxlbmd0aCwgMSk7XG59KTtcblxudGVzdChcImEgcmVmdXNlZCB0b2tlbiBhbmQgYSBmYWlsZWQgc291cmNlIGFyZSBub3Qga2VwdFwiLCBhc3luYyAoKSA9PiB7XG4gIGNvbnN0IGNsb2NrID0gbmV3IE1hbnVhbENsb2NrKCk7XG4gIGNvbnN0IHsgZ2l2ZW4sIHRva2VucyB9ID0gc291cmNlKGNsb2NrLCAzNjAwKTtcbiAgYXdhaXQgdG9rZW5zLmdldCgpO1xuICB0b2tlbnMucmVmdXNlKCk7XG4gIGF3YWl0IHRva2Vucy5nZXQoKTtcbiAgYXNzZXJ0LmVxdWFsKGdpdmVuLmxlbmd0aCwgMik7XG5cbiAgbGV0IGZhaWwgPSB0cnVlO1xuICBjb25zdCBzaGFreSA9IG5ldyBUb2tlbnMoKCkgPT4ge1xuICAgIGlmIChmYWlsKSB0aHJvdyBuZXcgRXJyb3IoXCJ0aGUgc2lnbi1pbiBpcyBkb3duXCIpO1xuICAgIHJldHVybiBcInRva2VuXCI7XG4gIH0sIGNsb2NrKTtcbiAgYXdhaXQgYXNzZXJ0LnJlamVjdHMoc2hha3kuZ2V0KCksIC9zaWduLWluIGlzIGRvd24vKTtcbiAgZmFpbCA9IGZhbHNlO1xuICBhc3NlcnQuZXF1YWwoYXdhaXQgc2hha3kuZ2V0KCksIFwidG9rZW5cIik7XG59KTtcbiJdLAogICJtYXBwaW5ncyI6ICJBQUFBLE9BQU8sWUFBWTtBQUNuQixTQUFTLFlBQVk7QUFDckIsU0FBUyxZQUFZLGNBQWM7QUFDbkMsU0FBUyxtQkFBbUI7QUFDNUIsU0FBUyxXQUFXO0FBRXBCLEtBQUsscURBQXFELE1BQU07QUFDOUQsUUFBTSxRQUFRLElBQUksRUFBRSxXQUFXLGlCQUFXLEtBQUssT0FBTyxLQUFLLEtBQWMsQ0FBQztBQUMxRSxTQUFPLE1BQU0sV0FBVyxLQUFLLEVBQUUsU0FBUyxLQUFpQjtBQUN6RCxTQUFPLE1BQU0sV0FBVyxLQUFLLEVBQUUsS0FBSyxXQUFXLElBQUksRUFBRSxXQUFXLGlCQUFXLEtBQUssTUFBTSxDQUFDLENBQUMsRUFBRSxHQUFHO0FBQzdGLFNBQU8sU0FBUyxXQUFXLEtBQUssRUFBRSxLQUFLLFdBQVcsSUFBSSxFQUFFLFdBQVcsUUFBUSxLQUFLLE1BQU0sQ0FBQyxDQUFDLEVBQUUsR0FBRztBQUM3RixhQUFXLFNBQVMsQ0FBQyxJQUFJLFVBQVUsU0FBUyxRQUFRLElBQUksRUFBRSxLQUFLLE9BQU8sQ0FBQyxDQUFDLEdBQUc7QUFDekUsVUFBTSxFQUFFLFNBQVMsSUFBSSxJQUFJLFdBQVcsS0FBSztBQUN6QyxXQUFPLFVBQVUsQ0FBQyxTQUFTLEdBQUcsR0FBRyxDQUFDLFFBQVcsTUFBUyxHQUFHLEtBQUs7QUFBQSxFQUNoRTtBQUNGLENBQUM7QUFFRCxTQUFTLE9BQU8sT0FBb0IsU0FBaUI7QUFDbkQsUUFBTSxRQUFrQixDQUFDO0FBQ3pCLFFBQU0sT0FBTyxNQUFNO0FBQ2pCLFVBQU0sS0FBSyxJQUFJLEVBQUUsS0FBSyxPQUFPLEtBQUssTUFBTSxJQUFJLElBQUksTUFBTyxTQUFTLEdBQUcsTUFBTSxPQUFPLENBQUMsQ0FBQztBQUNsRixXQUFPLE1BQU0sR0FBRyxFQUFFO0FBQUEsRUFDcEI7QUFDQSxTQUFPLEVBQUUsT0FBTyxRQUFRLElBQUksT0FBTyxNQUFNLEtBQUssRUFBRTtBQUNsRDtBQUVBLEtBQUssZ0RBQWdELFlBQVk7QUFDL0QsUUFBTSxRQUFRLElBQUksWUFBWTtBQUM5QixRQUFNLEVBQUUsT0FBTyxPQUFPLElBQUksT0FBTyxPQUFPLElBQUk7QUFDNUMsUUFBTSxRQUFRLE1BQU0sT0FBTyxJQUFJO0FBQy9CLFNBQU8sTUFBTSxPQUFPLFFBQVEsS0FBSyxHQUFHLEtBQVE7QUFDNUMsUUFBTSxRQUFRLE1BQVE7QUFDdEIsU0FBTyxNQUFNLE1BQU0sT0FBTyxJQUFJLEdBQUcsS0FBSztBQUN0QyxRQUFNLFFBQVEsR0FBSTtBQUNsQixTQUFPLFNBQVMsTUFBTSxPQUFPLElBQUksR0FBRyxLQUFLO0FBQ3pDLFNBQU8sTUFBTSxNQUFNLFFBQVEsQ0FBQztBQUM5QixDQUFDO0FBRUQsS0FBSywwREFBMEQsWUFBWTtBQUN6RSxRQUFNLFFBQVEsSUFBSSxZQUFZO0FBQzlCLFFBQU0sRUFBRSxPQUFPLElBQUksT0FBTyxPQUFPLEdBQUc7QUFDcEMsU0FBTyxNQUFNLE9BQU8sUUFBUSxNQUFNLE9BQU8sSUFBSSxDQUFDLEdBQUcsR0FBTTtBQUN6RCxDQUFDO0FBRUQsS0FBSyxpRUFBaUUsWUFBWTtBQUNoRixRQUFNLFFBQVEsSUFBSSxZQUFZO0FBQzlCLFFBQU0sRUFBRSxPQUFPLElBQUksT0FBTyxPQUFPLEdBQUc7QUFDcEMsU0FBTyxNQUFNLE9BQU8sUUFBUSxNQUFNLE9BQU8sSUFBSSxDQUFDLEdBQUcsR0FBTTtBQUN6RCxDQUFDO0FBRUQsS0FBSyxtRUFBbUUsWUFBWTtBQUNsRixNQUFJLFFBQVE7QUFDWixRQUFNLFNBQVMsSUFBSSxPQUFPLE1BQU0sVUFBVSxPQUFPLElBQUksSUFBSSxZQUFZLENBQUM7QUFDdEUsU0FBTyxNQUFNLE1BQU0sT0FBTyxJQUFJLEdBQUcsVUFBVTtBQUMzQyxTQUFPLE1BQU0sTUFBTSxPQUFPLElBQUksR0FBRyxVQUFVO0FBQzNDLFNBQU8sTUFBTSxPQUFPLFFBQVEsVUFBVSxHQUFHLE1BQVM7QUFDcEQsQ0FBQztBQUVELEtBQUsseURBQXlELFlBQVk7QUFDeEUsUUFBTSxFQUFFLE9BQU8sT0FBTyxJQUFJLE9BQU8sSUFBSSxZQUFZLEdBQUcsSUFBSTtBQUN4RCxRQUFNLENBQUMsR0FBRyxDQUFDLElBQUksTUFBTSxRQUFRLElBQUksQ0FBQyxPQUFPLElBQUksR0FBRyxPQUFPLElBQUksQ0FBQyxDQUFDO0FBQzdELFNBQU8sTUFBTSxHQUFHLENBQUM7QUFDakIsU0FBTyxNQUFNLE1BQU0sUUFBUSxDQUFDO0FBQzlCLENBQUM7QUFFRCxLQUFLLG9EQUFvRCxZQUFZO0FBQ25FLFFBQU0sUUFBUSxJQUFJLFlBQVk7QUFDOUIsUUFBTSxFQUFFLE9BQU8sT0FBTyxJQUFJLE9BQU8sT0FBTyxJQUFJO0FBQzVDLFFBQU0sT0FBTyxJQUFJO0FBQ2pCLFNBQU8sT0FBTztBQUNkLFFBQU0sT0FBTyxJQUFJO0FBQ2pCLFNBQU8sTUFBTSxNQUFNLFFBQVEsQ0FBQztBQUU1QixNQUFJLE9BQU87QUFDWCxRQUFNLFFBQVEsSUFBSSxPQUFPLE1BQU07QUFDN0IsUUFBSSxLQUFNLE9BQU0sSUFBSSxNQUFNLHFCQUFxQjtBQUMvQyxXQUFPO0FBQUEsRUFDVCxHQUFHLEtBQUs7QUFDUixRQUFNLE9BQU8sUUFBUSxNQUFNLElBQUksR0FBRyxpQkFBaUI7QUFDbkQsU0FBTztBQUNQLFNBQU8sTUFBTSxNQUFNLE1BQU0sSUFBSSxHQUFHLE9BQU87QUFDekMsQ0FBQzsiLAogICJuYW1lcyI6IFtdCn0K
