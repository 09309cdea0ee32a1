import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, Timers } from "../src/clock.js";
import { ManualClock } from "./support/clock.js";
test("clearing ends every timer and every pause, and lets none begin", async () => {
  const clock = new ManualClock();
  const timers = new Timers(clock);
  const ran = [];
  timers.after(10, () => ran.push("due"));
  timers.after(20, () => ran.push("never"), () => ran.push("cleared"));
  const pause = timers.pause(30);
  clock.advance(10);
  timers.clear();
  await pause;
  timers.after(1, () => ran.push("never"), () => ran.push("too late"));
  await timers.pause(1);
  clock.advance(100);
  assert.deepEqual(ran, ["due", "cleared", "too late"]);
  assert.equal(clock.timers.size, 0);
});
test("a stopped timer does not run", () => {
  const clock = new ManualClock();
  const stop = new Timers(clock).after(10, () => assert.fail("it ran"));
  stop();
  clock.advance(10);
});
test("a time longer than the platform's timers take is not taken for none", () => {
  const clock = new ManualClock();
  new Timers(clock).after(2 ** 40, () => {
  });
  assert.deepEqual(clock.due(), [2 ** 31 - 1]);
});
test("backoff is full jitter under a limit that doubles up to half a minute", () => {
  const clock = new ManualClock();
  const timers = new Timers(clock);
  clock.chance = () => 0;
  assert.equal(timers.backoff(7), 0);
  clock.chance = () => 0.999;
  assert.deepEqual([0, 1, 2, 5, 40].map((n) => Math.round(timers.backoff(n))), [999, 1998, 3996, 29970, 29970]);
});
test("the system's clock runs and stops timers", async () => {
  const stopped = systemClock.setTimeout(() => assert.fail("it ran"), 1);
  systemClock.clearTimeout(stopped);
  const before = systemClock.now();
  await new Promise((resolve) => systemClock.setTimeout(resolve, 2));
  assert.ok(systemClock.now() > before);
  assert.ok(systemClock.random() < 1);
});
//# sourceMappingURL=data:application/json;base64,ewogICJ2ZXJzaW9uIjogMywKICAic291cmNlcyI6IFsiLi4vLi4vdGVzdC9jbG9jay50ZXN0LnRzIl0sCiAgInNvdXJjZXNDb250ZW50IjogWyJpbXBvcnQgYXNzZXJ0IGZyb20gXCJub2RlOmFzc2VydC9zdHJpY3RcIjtcbmltcG9ydCB7IHRlc3QgfSBmcm9tIFwibm9kZTp0ZXN0XCI7XG5pbXBvcnQgeyBzeXN0ZW1DbG9jaywgVGltZXJzIH0gZnJvbSBcIi4uL3NyYy9jbG9jay5qc1wiO1xuaW1wb3J0IHsgTWFudWFsQ2xvY2sgfSBmcm9tIFwiLi9zdXBwb3J0L2Nsb2NrLmpzXCI7XG5cbnRlc3QoXCJjbGVhcmluZyBlbmRzIGV2ZXJ5IHRpbWVyIGFuZCBldmVyeSBwYXVzZSwgYW5kIGxldHMgbm9uZSBiZWdpblwiLCBhc3luYyAoKSA9PiB7XG4gIGNvbnN0IGNsb2NrID0gbmV3IE1hbnVhbENsb2NrKCk7XG4gIGNvbnN0IHRpbWVycyA9IG5ldyBUaW1lcnMoY2xvY2spO1xuICBjb25zdCByYW46IHN0cmluZ1tdID0gW107XG4gIHRpbWVycy5hZnRlcigxMCwgKCkgPT4gcmFuLnB1c2goXCJkdWVcIikpO1xuICB0aW1lcnMuYWZ0ZXIoMjAsICgpID0+IHJhbi5wdXNoKFwibmV2ZXJcIiksICgpID0+IHJhbi5wdXNoKFwiY2xlYXJlZFwiKSk7XG4gIGNvbnN0IHBhdXNlID0gdGltZXJzLnBhdXNlKDMwKTtcbiAgY2xvY2suYWR2YW5jZSgxMCk7XG4gIHRpbWVycy5jbGVhcigpO1xuICBhd2FpdCBwYXVzZTtcbiAgdGltZXJzLmFmdGVyKDEsICgpID0+IHJhbi5wdXNoKFwibmV2ZXJcIiksICgpID0+IHJhbi5wdXNoKFwidG9vIGxhdGVcIikpO1xuICBhd2FpdCB0aW1lcnMucGF1c2UoMSk7XG4gIGNsb2NrLmFkdmFuY2UoMTAwKTtcbiAgYXNzZXJ0LmRlZXBFcXVhbChyYW4sIFtcImR1ZVwiLCBcImNsZWFyZWRcIiwgXCJ0b28gbGF0ZVwiXSk7XG4gIGFzc2VydC5lcXVhbChjbG9jay50aW1lcnMuc2l6ZSwgMCk7XG59KTtcblxudGVzdChcImEgc3RvcHBlZCB0aW1lciBkb2VzIG5vdCBydW5cIiwgKCkgPT4ge1xuICBjb25zdCBjbG9jayA9IG5ldyBNYW51YWxDbG9jaygpO1xuICBjb25zdCBzdG9wID0gbmV3IFRpbWVycyhjbG9jaykuYWZ0ZXIoMTAsICgpID0+IGFzc2VydC5mYWlsKFwiaXQgcmFuXCIpKTtcbiAgc3RvcCgpO1xuICBjbG9jay5hZHZhbmNlKDEwKTtcbn0pO1xuXG50ZXN0KFwiYSB0aW1lIGxvbmdlciB0aGFuIHRoZSBwbGF0Zm9ybSdzIHRpbWVycyB0YWtlIGlzIG5vdCB0YWtlbiBmb3Igbm9uZVwiLCAoKSA9PiB7XG4gIGNvbnN0IGNsb2NrID0gbmV3IE1hbnVhbENsb2NrKCk7XG4gIG5ldyBUaW1lcnMoY2xvY2spLmFmdGVyKDIgKiogNDAsICgpID0+IHt9KTtcbiAgYXNzZXJ0LmRlZXBFcXVhbChjbG9jay5kdWUoKSwgWzIgKiogMzEgLSAxXSk7XG59KTtcblxudGVzdChcImJhY2tvZmYgaXMgZnVsbCBqaXR0ZXIgdW5kZXIgYSBsaW1pdCB0aGF0IGRvdWJsZXMgdXAgdG8gaGFsZiBhIG1pbnV0ZVwiLCAoKSA9PiB7XG4gIGNvbnN0IGNsb2NrID0gbmV3IE1hbnVhbENsb2NrKCk7XG4gIGNvbnN0IHRpbWVycyA9IG5ldyBUaW1lcnMoY2xvY2spO1xuICBjbG9jay5jaGFuY2UgPSAoKSA9PiAwO1xuICBhc3NlcnQuZXF1YWwodGltZXJzLmJhY2tvZmYoNyksIDApO1xuICBjbG9jay5jaGFuY2UgPSAoKSA9PiAwLjk5OTtcbiAgYXNzZXJ0LmRlZXBFcXVhbChbMCwgMSwgMiwgNSwgNDBdLm1hcCgobikgPT4gTWF0aC5yb3VuZCh0aW1lcnMuYmFja29mZihuKSkpLCBbOTk5LCAxOTk4LCAzOTk2LCAyOTk3MCwgMjk5NzBdKTtcbn0pO1xuXG50ZXN0KFwidGhlIHN5c3RlbSdzIGNsb2NrIHJ1bnMgYW5kIHN0b3BzIHRpbWVyc1wiLCBhc3luYyAoKSA9PiB7XG4gIGNvbnN0IHN0b3BwZWQgPSBzeXN0ZW1DbG9jay5zZXRUaW1lb3V0KCgpID0+IGFzc2VydC5mYWlsKFwiaXQgcmFuXCIpLCAxKTtcbiAgc3lzdGVtQ2xvY2suY2xlYXJUaW1lb3V0KHN0b3BwZWQpO1xuICBjb25zdCBiZWZvcmUgPSBzeXN0ZW1DbG9jay5ub3coKTtcbiAgYXdhaXQgbmV3IFByb21pc2U8dm9pZD4oKHJlc29sdmUpID0+IHN5c3RlbUNsb2NrLnNldFRpbWVvdXQocmVzb2x2ZSwgMikpO1xuICBhc3NlcnQub2soc3lzdGVtQ2xvY2subm93KCkgPiBiZWZvcmUpO1xuICBhc3NlcnQub2soc3lzdGVtQ2xvY2sucmFuZG9tKCkgPCAxKTtcbn0pO1xuIl0sCiAgIm1hcHBpbmdzIjogIkFBQUEsT0FBTyxZQUFZO0FBQ25CLFNBQVMsWUFBWTtBQUNyQixTQUFTLGFBQWEsY0FBYztBQUNwQyxTQUFTLG1CQUFtQjtBQUU1QixLQUFLLGtFQUFrRSxZQUFZO0FBQ2pGLFFBQU0sUUFBUSxJQUFJLFlBQVk7QUFDOUIsUUFBTSxTQUFTLElBQUksT0FBTyxLQUFLO0FBQy9CLFFBQU0sTUFBZ0IsQ0FBQztBQUN2QixTQUFPLE1BQU0sSUFBSSxNQUFNLElBQUksS0FBSyxLQUFLLENBQUM7QUFDdEMsU0FBTyxNQUFNLElBQUksTUFBTSxJQUFJLEtBQUssT0FBTyxHQUFHLE1BQU0sSUFBSSxLQUFLLFNBQVMsQ0FBQztBQUNuRSxRQUFNLFFBQVEsT0FBTyxNQUFNLEVBQUU7QUFDN0IsUUFBTSxRQUFRLEVBQUU7QUFDaEIsU0FBTyxNQUFNO0FBQ2IsUUFBTTtBQUNOLFNBQU8sTUFBTSxHQUFHLE1BQU0sSUFBSSxLQUFLLE9BQU8sR0FBRyxNQUFNLElBQUksS0FBSyxVQUFVLENBQUM7QUFDbkUsUUFBTSxPQUFPLE1BQU0sQ0FBQztBQUNwQixRQUFNLFFBQVEsR0FBRztBQUNqQixTQUFPLFVBQVUsS0FBSyxDQUFDLE9BQU8sV0FBVyxVQUFVLENBQUM7QUFDcEQsU0FBTyxNQUFNLE1BQU0sT0FBTyxNQUFNLENBQUM7QUFDbkMsQ0FBQztBQUVELEtBQUssZ0NBQWdDLE1BQU07QUFDekMsUUFBTSxRQUFRLElBQUksWUFBWTtBQUM5QixRQUFNLE9BQU8sSUFBSSxPQUFPLEtBQUssRUFBRSxNQUFNLElBQUksTUFBTSxPQUFPLEtBQUssUUFBUSxDQUFDO0FBQ3BFLE9BQUs7QUFDTCxRQUFNLFFBQVEsRUFBRTtBQUNsQixDQUFDO0FBRUQsS0FBSyx1RUFBdUUsTUFBTTtBQUNoRixRQUFNLFFBQVEsSUFBSSxZQUFZO0FBQzlCLE1BQUksT0FBTyxLQUFLLEVBQUUsTUFBTSxLQUFLLElBQUksTUFBTTtBQUFBLEVBQUMsQ0FBQztBQUN6QyxTQUFPLFVBQVUsTUFBTSxJQUFJLEdBQUcsQ0FBQyxLQUFLLEtBQUssQ0FBQyxDQUFDO0FBQzdDLENBQUM7QUFFRCxLQUFLLHlFQUF5RSxNQUFNO0FBQ2xGLFFBQU0sUUFBUSxJQUFJLFlBQVk7QUFDOUIsUUFBTSxTQUFTLElBQUksT0FBTyxLQUFLO0FBQy9CLFFBQU0sU0FBUyxNQUFNO0FBQ3JCLFNBQU8sTUFBTSxPQUFPLFFBQVEsQ0FBQyxHQUFHLENBQUM7QUFDakMsUUFBTSxTQUFTLE1BQU07QUFDckIsU0FBTyxVQUFVLENBQUMsR0FBRyxHQUFHLEdBQUcsR0FBRyxFQUFFLEVBQUUsSUFBSSxDQUFDLE1BQU0sS0FBSyxNQUFNLE9BQU8sUUFBUSxDQUFDLENBQUMsQ0FBQyxHQUFHLENBQUMsS0FBSyxNQUFNLE1BQU0sT0FBTyxLQUFLLENBQUM7QUFDOUcsQ0FBQztBQUVELEtBQUssNENBQTRDLFlBQVk7QUFDM0QsUUFBTSxVQUFVLFlBQVksV0FBVyxNQUFNLE9BQU8sS0FBSyxRQUFRLEdBQUcsQ0FBQztBQUNyRSxjQUFZLGFBQWEsT0FBTztBQUNoQyxRQUFNLFNBQVMsWUFBWSxJQUFJO0FBQy9CLFFBQU0sSUFBSSxRQUFjLENBQUMsWUFBWSxZQUFZLFdBQVcsU0FBUyxDQUFDLENBQUM7QUFDdkUsU0FBTyxHQUFHLFlBQVksSUFBSSxJQUFJLE1BQU07QUFDcEMsU0FBTyxHQUFHLFlBQVksT0FBTyxJQUFJLENBQUM7QUFDcEMsQ0FBQzsiLAogICJuYW1lcyI6IFtdCn0K
