import { frames, snapshot } from "./world.js";
class Model {
  requests = /* @__PURE__ */ new Map();
  /** How often an action would have been run. */
  created = 0;
  /** Answers what comes on a connection, until that is closed. */
  serve(peer) {
    void (async () => {
      for (; ; ) this.#answer(peer, await peer.messages.next());
    })();
  }
  /** Moves a request on and tells its watchers; `twice` sends the frame doubled. */
  step(id, done, twice) {
    const request = this.requests.get(id);
    if (!request || request.result) return;
    request.rev += 1;
    request.percentage = Math.min(99, request.percentage + 1);
    if (done) request.result = `the result of ${id}`;
    const f = frames(id);
    const frame = done ? f.complete(request.result, request.rev) : f.progress(request.percentage, request.rev);
    for (const peer of request.watchers) {
      peer.send(frame);
      if (twice) peer.send(frame);
    }
  }
  #answer(peer, { id, action, payload }) {
    const about = payload?.request_id ?? id;
    let request = this.requests.get(about);
    if (!request) {
      if (action.startsWith("streamer.")) return peer.send(frames(id).error("NOT_FOUND"));
      this.created++;
      request = { rev: 1, percentage: 0, watchers: /* @__PURE__ */ new Set([peer]) };
      this.requests.set(about, request);
      return peer.send(frames(id).ack());
    }
    request.watchers.add(peer);
    const { rev, percentage, result } = request;
    const state = result ? "SUCCEEDED" : "RUNNING";
    peer.send({ type: "request", request_id: id, request: snapshot(about, state, rev, { percentage, ...result && { result } }) });
  }
}
export {
  Model
};
//# sourceMappingURL=data:application/json;base64,ewogICJ2ZXJzaW9uIjogMywKICAic291cmNlcyI6IFsiLi4vLi4vLi4vdGVzdC9zdXBwb3J0L21vZGVsLnRzIl0sCiAgInNvdXJjZXNDb250ZW50IjogWyJpbXBvcnQgdHlwZSB7IFNlcnZlckNvbm5lY3Rpb24gfSBmcm9tIFwiLi9zZXJ2ZXIuanNcIjtcbmltcG9ydCB7IGZyYW1lcywgc25hcHNob3QgfSBmcm9tIFwiLi93b3JsZC5qc1wiO1xuXG5pbnRlcmZhY2UgU3RvcmVkIHtcbiAgcmV2OiBudW1iZXI7XG4gIHBlcmNlbnRhZ2U6IG51bWJlcjtcbiAgcmVzdWx0Pzogc3RyaW5nO1xuICB3YXRjaGVyczogU2V0PFNlcnZlckNvbm5lY3Rpb24+O1xufVxuXG4vKiogVGhlIHNlcnZlcidzIHNpZGUgb2YgbG9uZyByZXF1ZXN0cywgYXMgZG9jcy9wcm90b2NvbC5tZCBoYXMgaXQsIGtlcHQgaW4gbWVtb3J5LiAqL1xuZXhwb3J0IGNsYXNzIE1vZGVsIHtcbiAgcmVhZG9ubHkgcmVxdWVzdHMgPSBuZXcgTWFwPHN0cmluZywgU3RvcmVkPigpO1xuICAvKiogSG93IG9mdGVuIGFuIGFjdGlvbiB3b3VsZCBoYXZlIGJlZW4gcnVuLiAqL1xuICBjcmVhdGVkID0gMDtcblxuICAvKiogQW5zd2VycyB3aGF0IGNvbWVzIG9uIGEgY29ubmVjdGlvbiwgdW50aWwgdGhhdCBpcyBjbG9zZWQuICovXG4gIHNlcnZlKHBlZXI6IFNlcnZlckNvbm5lY3Rpb24pOiB2b2lkIHtcbiAgICB2b2lkIChhc3luYyAoKSA9PiB7XG4gICAgICBmb3IgKDs7KSB0aGlzLiNhbnN3ZXIocGVlciwgYXdhaXQgcGVlci5tZXNzYWdlcy5uZXh0KCkpO1xuICAgIH0pKCk7XG4gIH1cblxuICAvKiogTW92ZXMgYSByZXF1ZXN0IG9uIGFuZCB0ZWxscyBpdHMgd2F0Y2hlcnM7IGB0d2ljZWAgc2VuZHMgdGhlIGZyYW1lIGRvdWJsZWQuICovXG4gIHN0ZXAoaWQ6IHN0cmluZywgZG9uZTogYm9vbGVhbiwgdHdpY2U6IGJvb2xlYW4pOiB2b2lkIHtcbiAgICBjb25zdCByZXF1ZXN0ID0gdGhpcy5yZXF1ZXN0cy5nZXQoaWQpO1xuICAgIGlmICghcmVxdWVzdCB8fCByZXF1ZXN0LnJlc3VsdCkgcmV0dXJuO1xuICAgIHJlcXVlc3QucmV2ICs9IDE7XG4gICAgcmVxdWVzdC5wZXJjZW50YWdlID0gTWF0aC5taW4oOTksIHJlcXVlc3QucGVyY2VudGFnZSArIDEpO1xuICAgIGlmIChkb25lKSByZXF1ZXN0LnJlc3VsdCA9IGB0aGUgcmVzdWx0IG9mICR7aWR9YDtcbiAgICBjb25zdCBmID0gZnJhbWVzKGlkKTtcbiAgICBjb25zdCBmcmFtZSA9IGRvbmUgPyBmLmNvbXBsZXRlKHJlcXVlc3QucmVzdWx0LCByZXF1ZXN0LnJldikgOiBmLnByb2dyZXNzKHJlcXVlc3QucGVyY2VudGFnZSwgcmVxdWVzdC5yZXYpO1xuICAgIGZvciAoY29uc3QgcGVlciBvZiByZXF1ZXN0LndhdGNoZXJzKSB7XG4gICAgICBwZWVyLnNlbmQoZnJhbWUpO1xuICAgICAgaWYgKHR3aWNlKSBwZWVyLnNlbmQoZnJhbWUpO1xuICAgIH1cbiAgfVxuXG4gICNhbnN3ZXIocGVlcjogU2VydmVyQ29ubmVjdGlvbiwgeyBpZCwgYWN0aW9uLCBwYXlsb2FkIH06IGFueSk6IHZvaWQge1xuICAgIGNvbnN0IGFib3V0ID0gcGF5bG9hZD8ucmVxdWVzdF9pZCA/PyBpZDtcbiAgICBsZXQgcmVxdWVzdCA9IHRoaXMucmVxdWVzdHMuZ2V0KGFib3V0KTtcbiAgICBpZiAoIXJlcXVlc3QpIHtcbiAgICAgIGlmIChhY3Rpb24uc3RhcnRzV2l0aChcInN0cmVhbWVyLlwiKSkgcmV0dXJuIHBlZXIuc2VuZChmcmFtZXMoaWQpLmVycm9yKFwiTk9UX0ZPVU5EXCIpKTtcbiAgICAgIHRoaXMuY3JlYXRlZCsrO1xuICAgICAgcmVxdWVzdCA9IHsgcmV2OiAxLCBwZXJjZW50YWdlOiAwLCB3YXRjaGVyczogbmV3IFNldChbcGVlcl0pIH07XG4gICAgICB0aGlzLnJlcXVlc3RzLnNldChhYm91dCwgcmVxdWVzdCk7XG4gICAgICByZXR1cm4gcGVlci5zZW5kKGZyYW1lcyhpZCkuYWNrKCkpO1xuICAgIH1cbiAgICByZXF1ZXN0LndhdGNoZXJzLmFkZChwZWVyKTtcbiAgICBjb25zdCB7IHJldiwgcGVyY2VudGFnZSwgcmVzdWx0IH0gPSByZXF1ZXN0O1xuICAgIGNvbnN0IHN0YXRlID0gcmVzdWx0ID8gXCJTVUNDRUVERURcIiA6IFwiUlVOTklOR1wiO1xuICAgIHBlZXIuc2VuZCh7IHR5cGU6IFwicmVxdWVzdFwiLCByZXF1ZXN0X2lkOiBpZCwgcmVxdWVzdDogc25hcHNob3QoYWJvdXQsIHN0YXRlLCByZXYsIHsgcGVyY2VudGFnZSwgLi4uKHJlc3VsdCAmJiB7IHJlc3VsdCB9KSB9KSB9KTtcbiAgfVxufVxuIl0sCiAgIm1hcHBpbmdzIjogIkFBQ0EsU0FBUyxRQUFRLGdCQUFnQjtBQVUxQixNQUFNLE1BQU07QUFBQSxFQUNSLFdBQVcsb0JBQUksSUFBb0I7QUFBQTtBQUFBLEVBRTVDLFVBQVU7QUFBQTtBQUFBLEVBR1YsTUFBTSxNQUE4QjtBQUNsQyxVQUFNLFlBQVk7QUFDaEIsZ0JBQVMsTUFBSyxRQUFRLE1BQU0sTUFBTSxLQUFLLFNBQVMsS0FBSyxDQUFDO0FBQUEsSUFDeEQsR0FBRztBQUFBLEVBQ0w7QUFBQTtBQUFBLEVBR0EsS0FBSyxJQUFZLE1BQWUsT0FBc0I7QUFDcEQsVUFBTSxVQUFVLEtBQUssU0FBUyxJQUFJLEVBQUU7QUFDcEMsUUFBSSxDQUFDLFdBQVcsUUFBUSxPQUFRO0FBQ2hDLFlBQVEsT0FBTztBQUNmLFlBQVEsYUFBYSxLQUFLLElBQUksSUFBSSxRQUFRLGFBQWEsQ0FBQztBQUN4RCxRQUFJLEtBQU0sU0FBUSxTQUFTLGlCQUFpQixFQUFFO0FBQzlDLFVBQU0sSUFBSSxPQUFPLEVBQUU7QUFDbkIsVUFBTSxRQUFRLE9BQU8sRUFBRSxTQUFTLFFBQVEsUUFBUSxRQUFRLEdBQUcsSUFBSSxFQUFFLFNBQVMsUUFBUSxZQUFZLFFBQVEsR0FBRztBQUN6RyxlQUFXLFFBQVEsUUFBUSxVQUFVO0FBQ25DLFdBQUssS0FBSyxLQUFLO0FBQ2YsVUFBSSxNQUFPLE1BQUssS0FBSyxLQUFLO0FBQUEsSUFDNUI7QUFBQSxFQUNGO0FBQUEsRUFFQSxRQUFRLE1BQXdCLEVBQUUsSUFBSSxRQUFRLFFBQVEsR0FBYztBQUNsRSxVQUFNLFFBQVEsU0FBUyxjQUFjO0FBQ3JDLFFBQUksVUFBVSxLQUFLLFNBQVMsSUFBSSxLQUFLO0FBQ3JDLFFBQUksQ0FBQyxTQUFTO0FBQ1osVUFBSSxPQUFPLFdBQVcsV0FBVyxFQUFHLFFBQU8sS0FBSyxLQUFLLE9BQU8sRUFBRSxFQUFFLE1BQU0sV0FBVyxDQUFDO0FBQ2xGLFdBQUs7QUFDTCxnQkFBVSxFQUFFLEtBQUssR0FBRyxZQUFZLEdBQUcsVUFBVSxvQkFBSSxJQUFJLENBQUMsSUFBSSxDQUFDLEVBQUU7QUFDN0QsV0FBSyxTQUFTLElBQUksT0FBTyxPQUFPO0FBQ2hDLGFBQU8sS0FBSyxLQUFLLE9BQU8sRUFBRSxFQUFFLElBQUksQ0FBQztBQUFBLElBQ25DO0FBQ0EsWUFBUSxTQUFTLElBQUksSUFBSTtBQUN6QixVQUFNLEVBQUUsS0FBSyxZQUFZLE9BQU8sSUFBSTtBQUNwQyxVQUFNLFFBQVEsU0FBUyxjQUFjO0FBQ3JDLFNBQUssS0FBSyxFQUFFLE1BQU0sV0FBVyxZQUFZLElBQUksU0FBUyxTQUFTLE9BQU8sT0FBTyxLQUFLLEVBQUUsWUFBWSxHQUFJLFVBQVUsRUFBRSxPQUFPLEVBQUcsQ0FBQyxFQUFFLENBQUM7QUFBQSxFQUNoSTtBQUNGOyIsCiAgIm5hbWVzIjogW10KfQo=
