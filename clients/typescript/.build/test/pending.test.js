import assert from "node:assert/strict";
import { test } from "node:test";
import { Pending } from "../src/pending.js";
import { MemoryStorage } from "./support/storage.js";
test("what is pending, and whose it is, is there for the next page", () => {
  const storage = new MemoryStorage();
  const pending = new Pending(storage, "key");
  pending.put("r-1", "the message");
  pending.put("r-2", null);
  pending.claim("ada");
  assert.deepEqual(new Pending(storage, "key").load(), { who: "ada", requests: { "r-1": "the message", "r-2": null } });
  assert.deepEqual(new Pending(storage, "another").load(), { requests: {} });
});
test("nothing is left behind when nothing is pending", () => {
  const storage = new MemoryStorage();
  const pending = new Pending(storage, "key");
  pending.claim("ada");
  pending.put("r-1", null);
  pending.remove("r-1");
  assert.equal(storage.items.size, 0);
});
test("two clients share a storage without losing each other's requests", () => {
  const storage = new MemoryStorage();
  const [one, two] = [new Pending(storage, "key"), new Pending(storage, "key")];
  one.put("r-1", null);
  two.put("r-2", null);
  one.remove("r-1");
  assert.deepEqual(one.load().requests, { "r-2": null });
});
test("no storage, a broken one and a full one cost only the memory", () => {
  const none = new Pending(void 0, "key");
  none.put("r-1", null);
  assert.deepEqual(none.load(), { requests: {} });
  const storage = new MemoryStorage();
  for (const text of ["no json", "null", "7", '{"requests":null}']) {
    storage.setItem("key", text);
    assert.deepEqual(new Pending(storage, "key").load().requests, {});
  }
  storage.setItem = () => {
    throw new DOMException("full", "QuotaExceededError");
  };
  new Pending(storage, "key").put("r-1", null);
});
//# sourceMappingURL=data:application/json;base64,ewogICJ2ZXJzaW9uIjogMywKICAic291cmNlcyI6IFsiLi4vLi4vdGVzdC9wZW5kaW5nLnRlc3QudHMiXSwKICAic291cmNlc0NvbnRlbnQiOiBbImltcG9ydCBhc3NlcnQgZnJvbSBcIm5vZGU6YXNzZXJ0L3N0cmljdFwiO1xuaW1wb3J0IHsgdGVzdCB9IGZyb20gXCJub2RlOnRlc3RcIjtcbmltcG9ydCB7IFBlbmRpbmcgfSBmcm9tIFwiLi4vc3JjL3BlbmRpbmcuanNcIjtcbmltcG9ydCB7IE1lbW9yeVN0b3JhZ2UgfSBmcm9tIFwiLi9zdXBwb3J0L3N0b3JhZ2UuanNcIjtcblxudGVzdChcIndoYXQgaXMgcGVuZGluZywgYW5kIHdob3NlIGl0IGlzLCBpcyB0aGVyZSBmb3IgdGhlIG5leHQgcGFnZVwiLCAoKSA9PiB7XG4gIGNvbnN0IHN0b3JhZ2UgPSBuZXcgTWVtb3J5U3RvcmFnZSgpO1xuICBjb25zdCBwZW5kaW5nID0gbmV3IFBlbmRpbmcoc3RvcmFnZSwgXCJrZXlcIik7XG4gIHBlbmRpbmcucHV0KFwici0xXCIsIFwidGhlIG1lc3NhZ2VcIik7XG4gIHBlbmRpbmcucHV0KFwici0yXCIsIG51bGwpO1xuICBwZW5kaW5nLmNsYWltKFwiYWRhXCIpO1xuICBhc3NlcnQuZGVlcEVxdWFsKG5ldyBQZW5kaW5nKHN0b3JhZ2UsIFwia2V5XCIpLmxvYWQoKSwgeyB3aG86IFwiYWRhXCIsIHJlcXVlc3RzOiB7IFwici0xXCI6IFwidGhlIG1lc3NhZ2VcIiwgXCJyLTJcIjogbnVsbCB9IH0pO1xuICBhc3NlcnQuZGVlcEVxdWFsKG5ldyBQZW5kaW5nKHN0b3JhZ2UsIFwiYW5vdGhlclwiKS5sb2FkKCksIHsgcmVxdWVzdHM6IHt9IH0pO1xufSk7XG5cbnRlc3QoXCJub3RoaW5nIGlzIGxlZnQgYmVoaW5kIHdoZW4gbm90aGluZyBpcyBwZW5kaW5nXCIsICgpID0+IHtcbiAgY29uc3Qgc3RvcmFnZSA9IG5ldyBNZW1vcnlTdG9yYWdlKCk7XG4gIGNvbnN0IHBlbmRpbmcgPSBuZXcgUGVuZGluZyhzdG9yYWdlLCBcImtleVwiKTtcbiAgcGVuZGluZy5jbGFpbShcImFkYVwiKTtcbiAgcGVuZGluZy5wdXQoXCJyLTFcIiwgbnVsbCk7XG4gIHBlbmRpbmcucmVtb3ZlKFwici0xXCIpO1xuICBhc3NlcnQuZXF1YWwoc3RvcmFnZS5pdGVtcy5zaXplLCAwKTtcbn0pO1xuXG50ZXN0KFwidHdvIGNsaWVudHMgc2hhcmUgYSBzdG9yYWdlIHdpdGhvdXQgbG9zaW5nIGVhY2ggb3RoZXIncyByZXF1ZXN0c1wiLCAoKSA9PiB7XG4gIGNvbnN0IHN0b3JhZ2UgPSBuZXcgTWVtb3J5U3RvcmFnZSgpO1xuICBjb25zdCBbb25lLCB0d29dID0gW25ldyBQZW5kaW5nKHN0b3JhZ2UsIFwia2V5XCIpLCBuZXcgUGVuZGluZyhzdG9yYWdlLCBcImtleVwiKV07XG4gIG9uZS5wdXQoXCJyLTFcIiwgbnVsbCk7XG4gIHR3by5wdXQoXCJyLTJcIiwgbnVsbCk7XG4gIG9uZS5yZW1vdmUoXCJyLTFcIik7XG4gIGFzc2VydC5kZWVwRXF1YWwob25lLmxvYWQoKS5yZXF1ZXN0cywgeyBcInItMlwiOiBudWxsIH0pO1xufSk7XG5cbnRlc3QoXCJubyBzdG9yYWdlLCBhIGJyb2tlbiBvbmUgYW5kIGEgZnVsbCBvbmUgY29zdCBvbmx5IHRoZSBtZW1vcnlcIiwgKCkgPT4ge1xuICBjb25zdCBub25lID0gbmV3IFBlbmRpbmcodW5kZWZpbmVkLCBcImtleVwiKTtcbiAgbm9uZS5wdXQoXCJyLTFcIiwgbnVsbCk7XG4gIGFzc2VydC5kZWVwRXF1YWwobm9uZS5sb2FkKCksIHsgcmVxdWVzdHM6IHt9IH0pO1xuXG4gIGNvbnN0IHN0b3JhZ2UgPSBuZXcgTWVtb3J5U3RvcmFnZSgpO1xuICBmb3IgKGNvbnN0IHRleHQgb2YgW1wibm8ganNvblwiLCBcIm51bGxcIiwgXCI3XCIsICd7XCJyZXF1ZXN0c1wiOm51bGx9J10pIHtcbiAgICBzdG9yYWdlLnNldEl0ZW0oXCJrZXlcIiwgdGV4dCk7XG4gICAgYXNzZXJ0LmRlZXBFcXVhbChuZXcgUGVuZGluZyhzdG9yYWdlLCBcImtleVwiKS5sb2FkKCkucmVxdWVzdHMsIHt9KTtcbiAgfVxuICBzdG9yYWdlLnNldEl0ZW0gPSAoKSA9PiB7XG4gICAgdGhyb3cgbmV3IERPTUV4Y2VwdGlvbihcImZ1bGxcIiwgXCJRdW90YUV4Y2VlZGVkRXJyb3JcIik7XG4gIH07XG4gIG5ldyBQZW5kaW5nKHN0b3JhZ2UsIFwia2V5XCIpLnB1dChcInItMVwiLCBudWxsKTtcbn0pO1xuIl0sCiAgIm1hcHBpbmdzIjogIkFBQUEsT0FBTyxZQUFZO0FBQ25CLFNBQVMsWUFBWTtBQUNyQixTQUFTLGVBQWU7QUFDeEIsU0FBUyxxQkFBcUI7QUFFOUIsS0FBSyxnRUFBZ0UsTUFBTTtBQUN6RSxRQUFNLFVBQVUsSUFBSSxjQUFjO0FBQ2xDLFFBQU0sVUFBVSxJQUFJLFFBQVEsU0FBUyxLQUFLO0FBQzFDLFVBQVEsSUFBSSxPQUFPLGFBQWE7QUFDaEMsVUFBUSxJQUFJLE9BQU8sSUFBSTtBQUN2QixVQUFRLE1BQU0sS0FBSztBQUNuQixTQUFPLFVBQVUsSUFBSSxRQUFRLFNBQVMsS0FBSyxFQUFFLEtBQUssR0FBRyxFQUFFLEtBQUssT0FBTyxVQUFVLEVBQUUsT0FBTyxlQUFlLE9BQU8sS0FBSyxFQUFFLENBQUM7QUFDcEgsU0FBTyxVQUFVLElBQUksUUFBUSxTQUFTLFNBQVMsRUFBRSxLQUFLLEdBQUcsRUFBRSxVQUFVLENBQUMsRUFBRSxDQUFDO0FBQzNFLENBQUM7QUFFRCxLQUFLLGtEQUFrRCxNQUFNO0FBQzNELFFBQU0sVUFBVSxJQUFJLGNBQWM7QUFDbEMsUUFBTSxVQUFVLElBQUksUUFBUSxTQUFTLEtBQUs7QUFDMUMsVUFBUSxNQUFNLEtBQUs7QUFDbkIsVUFBUSxJQUFJLE9BQU8sSUFBSTtBQUN2QixVQUFRLE9BQU8sS0FBSztBQUNwQixTQUFPLE1BQU0sUUFBUSxNQUFNLE1BQU0sQ0FBQztBQUNwQyxDQUFDO0FBRUQsS0FBSyxvRUFBb0UsTUFBTTtBQUM3RSxRQUFNLFVBQVUsSUFBSSxjQUFjO0FBQ2xDLFFBQU0sQ0FBQyxLQUFLLEdBQUcsSUFBSSxDQUFDLElBQUksUUFBUSxTQUFTLEtBQUssR0FBRyxJQUFJLFFBQVEsU0FBUyxLQUFLLENBQUM7QUFDNUUsTUFBSSxJQUFJLE9BQU8sSUFBSTtBQUNuQixNQUFJLElBQUksT0FBTyxJQUFJO0FBQ25CLE1BQUksT0FBTyxLQUFLO0FBQ2hCLFNBQU8sVUFBVSxJQUFJLEtBQUssRUFBRSxVQUFVLEVBQUUsT0FBTyxLQUFLLENBQUM7QUFDdkQsQ0FBQztBQUVELEtBQUssZ0VBQWdFLE1BQU07QUFDekUsUUFBTSxPQUFPLElBQUksUUFBUSxRQUFXLEtBQUs7QUFDekMsT0FBSyxJQUFJLE9BQU8sSUFBSTtBQUNwQixTQUFPLFVBQVUsS0FBSyxLQUFLLEdBQUcsRUFBRSxVQUFVLENBQUMsRUFBRSxDQUFDO0FBRTlDLFFBQU0sVUFBVSxJQUFJLGNBQWM7QUFDbEMsYUFBVyxRQUFRLENBQUMsV0FBVyxRQUFRLEtBQUssbUJBQW1CLEdBQUc7QUFDaEUsWUFBUSxRQUFRLE9BQU8sSUFBSTtBQUMzQixXQUFPLFVBQVUsSUFBSSxRQUFRLFNBQVMsS0FBSyxFQUFFLEtBQUssRUFBRSxVQUFVLENBQUMsQ0FBQztBQUFBLEVBQ2xFO0FBQ0EsVUFBUSxVQUFVLE1BQU07QUFDdEIsVUFBTSxJQUFJLGFBQWEsUUFBUSxvQkFBb0I7QUFBQSxFQUNyRDtBQUNBLE1BQUksUUFBUSxTQUFTLEtBQUssRUFBRSxJQUFJLE9BQU8sSUFBSTtBQUM3QyxDQUFDOyIsCiAgIm5hbWVzIjogW10KfQo=
