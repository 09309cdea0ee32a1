import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { FakeServer } from "./support/server.js";
for (const moment of ["connecting", "open", "retrying"]) {
  test(`a process ends by itself after a client that was ${moment} is closed`, async (t) => {
    const server = await FakeServer.start();
    t.after(() => server.stop());
    if (moment == "retrying") {
      server.refuse = 503;
      server.onCall = (call) => (call.cut(), true);
    }
    const script = fileURLToPath(new URL("./support/exits.js", import.meta.url));
    const child = spawn(process.execPath, [script, server.url, moment], { stdio: ["ignore", "pipe", "inherit"], timeout: 15e3 });
    const output = [];
    child.stdout.on("data", (chunk) => output.push(chunk));
    const [code, signal] = await new Promise((resolve) => child.on("close", (...end) => resolve(end)));
    assert.deepEqual([code, signal, Buffer.concat(output).toString()], [0, null, "CLOSED\n"]);
  });
}
//# sourceMappingURL=data:application/json;base64,ewogICJ2ZXJzaW9uIjogMywKICAic291cmNlcyI6IFsiLi4vLi4vdGVzdC9leGl0LnRlc3QudHMiXSwKICAic291cmNlc0NvbnRlbnQiOiBbImltcG9ydCBhc3NlcnQgZnJvbSBcIm5vZGU6YXNzZXJ0L3N0cmljdFwiO1xuaW1wb3J0IHsgc3Bhd24gfSBmcm9tIFwibm9kZTpjaGlsZF9wcm9jZXNzXCI7XG5pbXBvcnQgeyB0ZXN0IH0gZnJvbSBcIm5vZGU6dGVzdFwiO1xuaW1wb3J0IHsgZmlsZVVSTFRvUGF0aCB9IGZyb20gXCJub2RlOnVybFwiO1xuaW1wb3J0IHsgRmFrZVNlcnZlciB9IGZyb20gXCIuL3N1cHBvcnQvc2VydmVyLmpzXCI7XG5cbmZvciAoY29uc3QgbW9tZW50IG9mIFtcImNvbm5lY3RpbmdcIiwgXCJvcGVuXCIsIFwicmV0cnlpbmdcIl0pIHtcbiAgdGVzdChgYSBwcm9jZXNzIGVuZHMgYnkgaXRzZWxmIGFmdGVyIGEgY2xpZW50IHRoYXQgd2FzICR7bW9tZW50fSBpcyBjbG9zZWRgLCBhc3luYyAodCkgPT4ge1xuICAgIGNvbnN0IHNlcnZlciA9IGF3YWl0IEZha2VTZXJ2ZXIuc3RhcnQoKTtcbiAgICB0LmFmdGVyKCgpID0+IHNlcnZlci5zdG9wKCkpO1xuICAgIGlmIChtb21lbnQgPT0gXCJyZXRyeWluZ1wiKSB7XG4gICAgICBzZXJ2ZXIucmVmdXNlID0gNTAzO1xuICAgICAgc2VydmVyLm9uQ2FsbCA9IChjYWxsKSA9PiAoY2FsbC5jdXQoKSwgdHJ1ZSk7XG4gICAgfVxuICAgIGNvbnN0IHNjcmlwdCA9IGZpbGVVUkxUb1BhdGgobmV3IFVSTChcIi4vc3VwcG9ydC9leGl0cy5qc1wiLCBpbXBvcnQubWV0YS51cmwpKTtcbiAgICBjb25zdCBjaGlsZCA9IHNwYXduKHByb2Nlc3MuZXhlY1BhdGgsIFtzY3JpcHQsIHNlcnZlci51cmwsIG1vbWVudF0sIHsgc3RkaW86IFtcImlnbm9yZVwiLCBcInBpcGVcIiwgXCJpbmhlcml0XCJdLCB0aW1lb3V0OiAxNV8wMDAgfSk7XG4gICAgY29uc3Qgb3V0cHV0OiBCdWZmZXJbXSA9IFtdO1xuICAgIGNoaWxkLnN0ZG91dC5vbihcImRhdGFcIiwgKGNodW5rKSA9PiBvdXRwdXQucHVzaChjaHVuaykpO1xuICAgIGNvbnN0IFtjb2RlLCBzaWduYWxdID0gYXdhaXQgbmV3IFByb21pc2U8W251bWJlciB8IG51bGwsIHN0cmluZyB8IG51bGxdPigocmVzb2x2ZSkgPT4gY2hpbGQub24oXCJjbG9zZVwiLCAoLi4uZW5kKSA9PiByZXNvbHZlKGVuZCkpKTtcbiAgICBhc3NlcnQuZGVlcEVxdWFsKFtjb2RlLCBzaWduYWwsIEJ1ZmZlci5jb25jYXQob3V0cHV0KS50b1N0cmluZygpXSwgWzAsIG51bGwsIFwiQ0xPU0VEXFxuXCJdKTtcbiAgfSk7XG59XG4iXSwKICAibWFwcGluZ3MiOiAiQUFBQSxPQUFPLFlBQVk7QUFDbkIsU0FBUyxhQUFhO0FBQ3RCLFNBQVMsWUFBWTtBQUNyQixTQUFTLHFCQUFxQjtBQUM5QixTQUFTLGtCQUFrQjtBQUUzQixXQUFXLFVBQVUsQ0FBQyxjQUFjLFFBQVEsVUFBVSxHQUFHO0FBQ3ZELE9BQUssb0RBQW9ELE1BQU0sY0FBYyxPQUFPLE1BQU07QUFDeEYsVUFBTSxTQUFTLE1BQU0sV0FBVyxNQUFNO0FBQ3RDLE1BQUUsTUFBTSxNQUFNLE9BQU8sS0FBSyxDQUFDO0FBQzNCLFFBQUksVUFBVSxZQUFZO0FBQ3hCLGFBQU8sU0FBUztBQUNoQixhQUFPLFNBQVMsQ0FBQyxVQUFVLEtBQUssSUFBSSxHQUFHO0FBQUEsSUFDekM7QUFDQSxVQUFNLFNBQVMsY0FBYyxJQUFJLElBQUksc0JBQXNCLFlBQVksR0FBRyxDQUFDO0FBQzNFLFVBQU0sUUFBUSxNQUFNLFFBQVEsVUFBVSxDQUFDLFFBQVEsT0FBTyxLQUFLLE1BQU0sR0FBRyxFQUFFLE9BQU8sQ0FBQyxVQUFVLFFBQVEsU0FBUyxHQUFHLFNBQVMsS0FBTyxDQUFDO0FBQzdILFVBQU0sU0FBbUIsQ0FBQztBQUMxQixVQUFNLE9BQU8sR0FBRyxRQUFRLENBQUMsVUFBVSxPQUFPLEtBQUssS0FBSyxDQUFDO0FBQ3JELFVBQU0sQ0FBQyxNQUFNLE1BQU0sSUFBSSxNQUFNLElBQUksUUFBd0MsQ0FBQyxZQUFZLE1BQU0sR0FBRyxTQUFTLElBQUksUUFBUSxRQUFRLEdBQUcsQ0FBQyxDQUFDO0FBQ2pJLFdBQU8sVUFBVSxDQUFDLE1BQU0sUUFBUSxPQUFPLE9BQU8sTUFBTSxFQUFFLFNBQVMsQ0FBQyxHQUFHLENBQUMsR0FBRyxNQUFNLFVBQVUsQ0FBQztBQUFBLEVBQzFGLENBQUM7QUFDSDsiLAogICJuYW1lcyI6IFtdCn0K
