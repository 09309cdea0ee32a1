import { createServer } from "node:http";
import { WebSocket, WebSocketServer } from "ws";
import { Queue } from "./queue.js";
class ServerConnection {
  constructor(socket, url, offered, pongs) {
    this.socket = socket;
    this.url = url;
    this.offered = offered;
    socket.on("message", (data) => {
      const message = JSON.parse(String(data));
      if (pongs && message.action == "streamer.ping") this.send({ type: "pong", request_id: message.id, timestamp: "2026-01-02T03:04:05Z" });
      else this.messages.put(message);
    });
    this.closed = new Promise((resolve) => socket.on("close", resolve));
  }
  socket;
  url;
  offered;
  /** What the client sent. */
  messages = new Queue();
  closed;
  /** The next message, which must be of that action. */
  async expect(action) {
    const message = await this.messages.next();
    if (message.action != action) throw new Error(`want ${action}, got ${JSON.stringify(message)}`);
    return message;
  }
  send(frame) {
    this.socket.send(typeof frame == "string" ? frame : JSON.stringify(frame));
  }
  /** Ends the connection as a network does: without a word. */
  cut() {
    this.socket.terminate();
  }
  close(code) {
    this.socket.close(code);
  }
}
class FakeServer {
  connections = new Queue();
  /** Every handshake, refused ones too. */
  handshakes = new Queue();
  calls = new Queue();
  /** Answers pings by itself. */
  pongs = true;
  /** Answers handshakes with this status in place of 101. */
  refuse;
  /** Takes a call from the queue's place. By default probes are answered with an empty list. */
  onCall = ({ method, url, reply }) => {
    if (method != "GET" || !url.startsWith("/requests?")) return false;
    reply(200, { requests: [] });
    return true;
  };
  #http;
  #sockets = new WebSocketServer({ noServer: true, handleProtocols: () => "streamer.v1" });
  constructor() {
    this.#http = createServer((request, response) => {
      const chunks = [];
      request.on("data", (chunk) => chunks.push(chunk));
      request.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        const call = {
          method: request.method,
          url: request.url,
          token: (request.headers.authorization ?? "").replace("Bearer ", ""),
          body: text && JSON.parse(text),
          reply: (status, body) => {
            const type = status < 300 ? "application/json" : "application/problem+json";
            response.writeHead(status, { "Content-Type": type, Connection: "close" });
            response.end(typeof body == "string" ? body : JSON.stringify(body));
          },
          cut: () => request.socket.destroy()
        };
        if (!this.onCall(call)) this.calls.put(call);
      });
    });
    this.#http.on("upgrade", (request, socket, head) => {
      this.handshakes.put();
      socket.on("error", () => {
      });
      if (this.refuse) {
        socket.end(`HTTP/1.1 ${this.refuse} No\r
Content-Length: 0\r
Connection: close\r
\r
`);
        return;
      }
      this.#sockets.handleUpgrade(request, socket, head, (ws) => {
        const offered = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((p) => p.trim());
        this.connections.put(new ServerConnection(ws, request.url, offered, this.pongs));
      });
    });
  }
  static async start() {
    const server = new FakeServer();
    await new Promise((resolve) => server.#http.listen(0, "127.0.0.1", resolve));
    return server;
  }
  get url() {
    return `ws://127.0.0.1:${this.#http.address().port}/dev`;
  }
  get httpUrl() {
    return new URL(this.url).origin.replace("ws", "http");
  }
  /** Cuts every connection. */
  cutAll() {
    for (const socket of this.#sockets.clients) socket.terminate();
  }
  async stop() {
    this.cutAll();
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }
}
export {
  FakeServer,
  ServerConnection
};
//# sourceMappingURL=data:application/json;base64,ewogICJ2ZXJzaW9uIjogMywKICAic291cmNlcyI6IFsiLi4vLi4vLi4vdGVzdC9zdXBwb3J0L3NlcnZlci50cyJdLAogICJzb3VyY2VzQ29udGVudCI6IFsiaW1wb3J0IHsgY3JlYXRlU2VydmVyLCB0eXBlIEluY29taW5nTWVzc2FnZSwgdHlwZSBTZXJ2ZXIgfSBmcm9tIFwibm9kZTpodHRwXCI7XG5pbXBvcnQgdHlwZSB7IEFkZHJlc3NJbmZvIH0gZnJvbSBcIm5vZGU6bmV0XCI7XG5pbXBvcnQgeyBXZWJTb2NrZXQsIFdlYlNvY2tldFNlcnZlciB9IGZyb20gXCJ3c1wiO1xuaW1wb3J0IHsgUXVldWUgfSBmcm9tIFwiLi9xdWV1ZS5qc1wiO1xuXG4vKiogT25lIHNpZGUgb2YgYSBjb25uZWN0aW9uLCBhcyB0aGUgc2VydmVyIGhhcyBpdC4gKi9cbmV4cG9ydCBjbGFzcyBTZXJ2ZXJDb25uZWN0aW9uIHtcbiAgLyoqIFdoYXQgdGhlIGNsaWVudCBzZW50LiAqL1xuICByZWFkb25seSBtZXNzYWdlcyA9IG5ldyBRdWV1ZTxhbnk+KCk7XG4gIHJlYWRvbmx5IGNsb3NlZDogUHJvbWlzZTxudW1iZXI+O1xuXG4gIGNvbnN0cnVjdG9yKFxuICAgIHByaXZhdGUgcmVhZG9ubHkgc29ja2V0OiBXZWJTb2NrZXQsXG4gICAgcmVhZG9ubHkgdXJsOiBzdHJpbmcsXG4gICAgcmVhZG9ubHkgb2ZmZXJlZDogc3RyaW5nW10sXG4gICAgcG9uZ3M6IGJvb2xlYW4sXG4gICkge1xuICAgIHNvY2tldC5vbihcIm1lc3NhZ2VcIiwgKGRhdGEpID0+IHtcbiAgICAgIGNvbnN0IG1lc3NhZ2UgPSBKU09OLnBhcnNlKFN0cmluZyhkYXRhKSk7XG4gICAgICBpZiAocG9uZ3MgJiYgbWVzc2FnZS5hY3Rpb24gPT0gXCJzdHJlYW1lci5waW5nXCIpIHRoaXMuc2VuZCh7IHR5cGU6IFwicG9uZ1wiLCByZXF1ZXN0X2lkOiBtZXNzYWdlLmlkLCB0aW1lc3RhbXA6IFwiMjAyNi0wMS0wMlQwMzowNDowNVpcIiB9KTtcbiAgICAgIGVsc2UgdGhpcy5tZXNzYWdlcy5wdXQobWVzc2FnZSk7XG4gICAgfSk7XG4gICAgdGhpcy5jbG9zZWQgPSBuZXcgUHJvbWlzZSgocmVzb2x2ZSkgPT4gc29ja2V0Lm9uKFwiY2xvc2VcIiwgcmVzb2x2ZSkpO1xuICB9XG5cbiAgLyoqIFRoZSBuZXh0IG1lc3NhZ2UsIHdoaWNoIG11c3QgYmUgb2YgdGhhdCBhY3Rpb24uICovXG4gIGFzeW5jIGV4cGVjdChhY3Rpb246IHN0cmluZyk6IFByb21pc2U8YW55PiB7XG4gICAgY29uc3QgbWVzc2FnZSA9IGF3YWl0IHRoaXMubWVzc2FnZXMubmV4dCgpO1xuICAgIGlmIChtZXNzYWdlLmFjdGlvbiAhPSBhY3Rpb24pIHRocm93IG5ldyBFcnJvcihgd2FudCAke2FjdGlvbn0sIGdvdCAke0pTT04uc3RyaW5naWZ5KG1lc3NhZ2UpfWApO1xuICAgIHJldHVybiBtZXNzYWdlO1xuICB9XG5cbiAgc2VuZChmcmFtZTogdW5rbm93bik6IHZvaWQge1xuICAgIHRoaXMuc29ja2V0LnNlbmQodHlwZW9mIGZyYW1lID09IFwic3RyaW5nXCIgPyBmcmFtZSA6IEpTT04uc3RyaW5naWZ5KGZyYW1lKSk7XG4gIH1cblxuICAvKiogRW5kcyB0aGUgY29ubmVjdGlvbiBhcyBhIG5ldHdvcmsgZG9lczogd2l0aG91dCBhIHdvcmQuICovXG4gIGN1dCgpOiB2b2lkIHtcbiAgICB0aGlzLnNvY2tldC50ZXJtaW5hdGUoKTtcbiAgfVxuXG4gIGNsb3NlKGNvZGU6IG51bWJlcik6IHZvaWQge1xuICAgIHRoaXMuc29ja2V0LmNsb3NlKGNvZGUpO1xuICB9XG59XG5cbi8qKiBXaGF0IHRoZSBIVFRQIHNpZGUgZ290LiAqL1xuZXhwb3J0IGludGVyZmFjZSBDYWxsIHtcbiAgbWV0aG9kOiBzdHJpbmc7XG4gIHVybDogc3RyaW5nO1xuICB0b2tlbjogc3RyaW5nO1xuICBib2R5OiBhbnk7XG4gIHJlcGx5KHN0YXR1czogbnVtYmVyLCBib2R5OiB1bmtub3duKTogdm9pZDtcbiAgLyoqIEVuZHMgdGhlIGNvbm5lY3Rpb24gd2l0aG91dCBhbiBhbnN3ZXIuICovXG4gIGN1dCgpOiB2b2lkO1xufVxuXG4vKipcbiAqIEEgc2VydmVyIHRoYXQgc2F5cyB3aGF0IGEgdGVzdCB0ZWxscyBpdCB0by4gSXQgaGFzIGJvdGggc2lkZXMgb2YgdGhlIHByb3RvY29sXG4gKiBvbiBvbmUgcG9ydCwgYW5kIGZvcmdldHMgbm90aGluZyB0aGF0IGEgY2xpZW50IHNlbnQuXG4gKi9cbmV4cG9ydCBjbGFzcyBGYWtlU2VydmVyIHtcbiAgcmVhZG9ubHkgY29ubmVjdGlvbnMgPSBuZXcgUXVldWU8U2VydmVyQ29ubmVjdGlvbj4oKTtcbiAgLyoqIEV2ZXJ5IGhhbmRzaGFrZSwgcmVmdXNlZCBvbmVzIHRvby4gKi9cbiAgcmVhZG9ubHkgaGFuZHNoYWtlcyA9IG5ldyBRdWV1ZTx2b2lkPigpO1xuICByZWFkb25seSBjYWxscyA9IG5ldyBRdWV1ZTxDYWxsPigpO1xuICAvKiogQW5zd2VycyBwaW5ncyBieSBpdHNlbGYuICovXG4gIHBvbmdzID0gdHJ1ZTtcbiAgLyoqIEFuc3dlcnMgaGFuZHNoYWtlcyB3aXRoIHRoaXMgc3RhdHVzIGluIHBsYWNlIG9mIDEwMS4gKi9cbiAgcmVmdXNlOiBudW1iZXIgfCB1bmRlZmluZWQ7XG4gIC8qKiBUYWtlcyBhIGNhbGwgZnJvbSB0aGUgcXVldWUncyBwbGFjZS4gQnkgZGVmYXVsdCBwcm9iZXMgYXJlIGFuc3dlcmVkIHdpdGggYW4gZW1wdHkgbGlzdC4gKi9cbiAgb25DYWxsOiAoY2FsbDogQ2FsbCkgPT4gYm9vbGVhbiA9ICh7IG1ldGhvZCwgdXJsLCByZXBseSB9KSA9PiB7XG4gICAgaWYgKG1ldGhvZCAhPSBcIkdFVFwiIHx8ICF1cmwuc3RhcnRzV2l0aChcIi9yZXF1ZXN0cz9cIikpIHJldHVybiBmYWxzZTtcbiAgICByZXBseSgyMDAsIHsgcmVxdWVzdHM6IFtdIH0pO1xuICAgIHJldHVybiB0cnVlO1xuICB9O1xuXG4gIHJlYWRvbmx5ICNodHRwOiBTZXJ2ZXI7XG4gIHJlYWRvbmx5ICNzb2NrZXRzID0gbmV3IFdlYlNvY2tldFNlcnZlcih7IG5vU2VydmVyOiB0cnVlLCBoYW5kbGVQcm90b2NvbHM6ICgpID0+IFwic3RyZWFtZXIudjFcIiB9KTtcblxuICBwcml2YXRlIGNvbnN0cnVjdG9yKCkge1xuICAgIHRoaXMuI2h0dHAgPSBjcmVhdGVTZXJ2ZXIoKHJlcXVlc3QsIHJlc3BvbnNlKSA9PiB7XG4gICAgICBjb25zdCBjaHVua3M6IEJ1ZmZlcltdID0gW107XG4gICAgICByZXF1ZXN0Lm9uKFwiZGF0YVwiLCAoY2h1bmspID0+IGNodW5rcy5wdXNoKGNodW5rKSk7XG4gICAgICByZXF1ZXN0Lm9uKFwiZW5kXCIsICgpID0+IHtcbiAgICAgICAgY29uc3QgdGV4dCA9IEJ1ZmZlci5jb25jYXQoY2h1bmtzKS50b1N0cmluZygpO1xuICAgICAgICBjb25zdCBjYWxsOiBDYWxsID0ge1xuICAgICAgICAgIG1ldGhvZDogcmVxdWVzdC5tZXRob2QhLFxuICAgICAgICAgIHVybDogcmVxdWVzdC51cmwhLFxuICAgICAgICAgIHRva2VuOiAocmVxdWVzdC5oZWFkZXJzLmF1dGhvcml6YXRpb24gPz8gXCJcIikucmVwbGFjZShcIkJlYXJlciBcIiwgXCJcIiksXG4gICAgICAgICAgYm9keTogdGV4dCAmJiBKU09OLnBhcnNlKHRleHQpLFxuICAgICAgICAgIHJlcGx5OiAoc3RhdHVzLCBib2R5KSA9PiB7XG4gICAgICAgICAgICBjb25zdCB0eXBlID0gc3RhdHVzIDwgMzAwID8gXCJhcHBsaWNhdGlvbi9qc29uXCIgOiBcImFwcGxpY2F0aW9uL3Byb2JsZW0ranNvblwiO1xuICAgICAgICAgICAgcmVzcG9uc2Uud3JpdGVIZWFkKHN0YXR1cywgeyBcIkNvbnRlbnQtVHlwZVwiOiB0eXBlLCBDb25uZWN0aW9uOiBcImNsb3NlXCIgfSk7XG4gICAgICAgICAgICByZXNwb25zZS5lbmQodHlwZW9mIGJvZHkgPT0gXCJzdHJpbmdcIiA/IGJvZHkgOiBKU09OLnN0cmluZ2lmeShib2R5KSk7XG4gICAgICAgICAgfSxcbiAgICAgICAgICBjdXQ6ICgpID0+IHJlcXVlc3Quc29ja2V0LmRlc3Ryb3koKSxcbiAgICAgICAgfTtcbiAgICAgICAgaWYgKCF0aGlzLm9uQ2FsbChjYWxsKSkgdGhpcy5jYWxscy5wdXQoY2FsbCk7XG4gICAgICB9KTtcbiAgICB9KTtcbiAgICB0aGlzLiNodHRwLm9uKFwidXBncmFkZVwiLCAocmVxdWVzdDogSW5jb21pbmdNZXNzYWdlLCBzb2NrZXQsIGhlYWQpID0+IHtcbiAgICAgIHRoaXMuaGFuZHNoYWtlcy5wdXQoKTtcbiAgICAgIHNvY2tldC5vbihcImVycm9yXCIsICgpID0+IHt9KTsgLy8gYSBjbGllbnQgdGhhdCBnb2VzIGF3YXkgaXMgbm8gZmF1bHRcbiAgICAgIGlmICh0aGlzLnJlZnVzZSkge1xuICAgICAgICBzb2NrZXQuZW5kKGBIVFRQLzEuMSAke3RoaXMucmVmdXNlfSBOb1xcclxcbkNvbnRlbnQtTGVuZ3RoOiAwXFxyXFxuQ29ubmVjdGlvbjogY2xvc2VcXHJcXG5cXHJcXG5gKTtcbiAgICAgICAgcmV0dXJuO1xuICAgICAgfVxuICAgICAgdGhpcy4jc29ja2V0cy5oYW5kbGVVcGdyYWRlKHJlcXVlc3QsIHNvY2tldCwgaGVhZCwgKHdzKSA9PiB7XG4gICAgICAgIGNvbnN0IG9mZmVyZWQgPSAocmVxdWVzdC5oZWFkZXJzW1wic2VjLXdlYnNvY2tldC1wcm90b2NvbFwiXSA/PyBcIlwiKS5zcGxpdChcIixcIikubWFwKChwKSA9PiBwLnRyaW0oKSk7XG4gICAgICAgIHRoaXMuY29ubmVjdGlvbnMucHV0KG5ldyBTZXJ2ZXJDb25uZWN0aW9uKHdzLCByZXF1ZXN0LnVybCEsIG9mZmVyZWQsIHRoaXMucG9uZ3MpKTtcbiAgICAgIH0pO1xuICAgIH0pO1xuICB9XG5cbiAgc3RhdGljIGFzeW5jIHN0YXJ0KCk6IFByb21pc2U8RmFrZVNlcnZlcj4ge1xuICAgIGNvbnN0IHNlcnZlciA9IG5ldyBGYWtlU2VydmVyKCk7XG4gICAgYXdhaXQgbmV3IFByb21pc2U8dm9pZD4oKHJlc29sdmUpID0+IHNlcnZlci4jaHR0cC5saXN0ZW4oMCwgXCIxMjcuMC4wLjFcIiwgcmVzb2x2ZSkpO1xuICAgIHJldHVybiBzZXJ2ZXI7XG4gIH1cblxuICBnZXQgdXJsKCk6IHN0cmluZyB7XG4gICAgcmV0dXJuIGB3czovLzEyNy4wLjAuMTokeyh0aGlzLiNodHRwLmFkZHJlc3MoKSBhcyBBZGRyZXNzSW5mbykucG9ydH0vZGV2YDtcbiAgfVxuXG4gIGdldCBodHRwVXJsKCk6IHN0cmluZyB7XG4gICAgcmV0dXJuIG5ldyBVUkwodGhpcy51cmwpLm9yaWdpbi5yZXBsYWNlKFwid3NcIiwgXCJodHRwXCIpO1xuICB9XG5cbiAgLyoqIEN1dHMgZXZlcnkgY29ubmVjdGlvbi4gKi9cbiAgY3V0QWxsKCk6IHZvaWQge1xuICAgIGZvciAoY29uc3Qgc29ja2V0IG9mIHRoaXMuI3NvY2tldHMuY2xpZW50cykgc29ja2V0LnRlcm1pbmF0ZSgpO1xuICB9XG5cbiAgYXN5bmMgc3RvcCgpOiBQcm9taXNlPHZvaWQ+IHtcbiAgICB0aGlzLmN1dEFsbCgpO1xuICAgIHRoaXMuI2h0dHAuY2xvc2VBbGxDb25uZWN0aW9ucygpO1xuICAgIGF3YWl0IG5ldyBQcm9taXNlKChyZXNvbHZlKSA9PiB0aGlzLiNodHRwLmNsb3NlKHJlc29sdmUpKTtcbiAgfVxufVxuIl0sCiAgIm1hcHBpbmdzIjogIkFBQUEsU0FBUyxvQkFBdUQ7QUFFaEUsU0FBUyxXQUFXLHVCQUF1QjtBQUMzQyxTQUFTLGFBQWE7QUFHZixNQUFNLGlCQUFpQjtBQUFBLEVBSzVCLFlBQ21CLFFBQ1IsS0FDQSxTQUNULE9BQ0E7QUFKaUI7QUFDUjtBQUNBO0FBR1QsV0FBTyxHQUFHLFdBQVcsQ0FBQyxTQUFTO0FBQzdCLFlBQU0sVUFBVSxLQUFLLE1BQU0sT0FBTyxJQUFJLENBQUM7QUFDdkMsVUFBSSxTQUFTLFFBQVEsVUFBVSxnQkFBaUIsTUFBSyxLQUFLLEVBQUUsTUFBTSxRQUFRLFlBQVksUUFBUSxJQUFJLFdBQVcsdUJBQXVCLENBQUM7QUFBQSxVQUNoSSxNQUFLLFNBQVMsSUFBSSxPQUFPO0FBQUEsSUFDaEMsQ0FBQztBQUNELFNBQUssU0FBUyxJQUFJLFFBQVEsQ0FBQyxZQUFZLE9BQU8sR0FBRyxTQUFTLE9BQU8sQ0FBQztBQUFBLEVBQ3BFO0FBQUEsRUFYbUI7QUFBQSxFQUNSO0FBQUEsRUFDQTtBQUFBO0FBQUEsRUFORixXQUFXLElBQUksTUFBVztBQUFBLEVBQzFCO0FBQUE7QUFBQSxFQWlCVCxNQUFNLE9BQU8sUUFBOEI7QUFDekMsVUFBTSxVQUFVLE1BQU0sS0FBSyxTQUFTLEtBQUs7QUFDekMsUUFBSSxRQUFRLFVBQVUsT0FBUSxPQUFNLElBQUksTUFBTSxRQUFRLE1BQU0sU0FBUyxLQUFLLFVBQVUsT0FBTyxDQUFDLEVBQUU7QUFDOUYsV0FBTztBQUFBLEVBQ1Q7QUFBQSxFQUVBLEtBQUssT0FBc0I7QUFDekIsU0FBSyxPQUFPLEtBQUssT0FBTyxTQUFTLFdBQVcsUUFBUSxLQUFLLFVBQVUsS0FBSyxDQUFDO0FBQUEsRUFDM0U7QUFBQTtBQUFBLEVBR0EsTUFBWTtBQUNWLFNBQUssT0FBTyxVQUFVO0FBQUEsRUFDeEI7QUFBQSxFQUVBLE1BQU0sTUFBb0I7QUFDeEIsU0FBSyxPQUFPLE1BQU0sSUFBSTtBQUFBLEVBQ3hCO0FBQ0Y7QUFpQk8sTUFBTSxXQUFXO0FBQUEsRUFDYixjQUFjLElBQUksTUFBd0I7QUFBQTtBQUFBLEVBRTFDLGFBQWEsSUFBSSxNQUFZO0FBQUEsRUFDN0IsUUFBUSxJQUFJLE1BQVk7QUFBQTtBQUFBLEVBRWpDLFFBQVE7QUFBQTtBQUFBLEVBRVI7QUFBQTtBQUFBLEVBRUEsU0FBa0MsQ0FBQyxFQUFFLFFBQVEsS0FBSyxNQUFNLE1BQU07QUFDNUQsUUFBSSxVQUFVLFNBQVMsQ0FBQyxJQUFJLFdBQVcsWUFBWSxFQUFHLFFBQU87QUFDN0QsVUFBTSxLQUFLLEVBQUUsVUFBVSxDQUFDLEVBQUUsQ0FBQztBQUMzQixXQUFPO0FBQUEsRUFDVDtBQUFBLEVBRVM7QUFBQSxFQUNBLFdBQVcsSUFBSSxnQkFBZ0IsRUFBRSxVQUFVLE1BQU0saUJBQWlCLE1BQU0sY0FBYyxDQUFDO0FBQUEsRUFFeEYsY0FBYztBQUNwQixTQUFLLFFBQVEsYUFBYSxDQUFDLFNBQVMsYUFBYTtBQUMvQyxZQUFNLFNBQW1CLENBQUM7QUFDMUIsY0FBUSxHQUFHLFFBQVEsQ0FBQyxVQUFVLE9BQU8sS0FBSyxLQUFLLENBQUM7QUFDaEQsY0FBUSxHQUFHLE9BQU8sTUFBTTtBQUN0QixjQUFNLE9BQU8sT0FBTyxPQUFPLE1BQU0sRUFBRSxTQUFTO0FBQzVDLGNBQU0sT0FBYTtBQUFBLFVBQ2pCLFFBQVEsUUFBUTtBQUFBLFVBQ2hCLEtBQUssUUFBUTtBQUFBLFVBQ2IsUUFBUSxRQUFRLFFBQVEsaUJBQWlCLElBQUksUUFBUSxXQUFXLEVBQUU7QUFBQSxVQUNsRSxNQUFNLFFBQVEsS0FBSyxNQUFNLElBQUk7QUFBQSxVQUM3QixPQUFPLENBQUMsUUFBUSxTQUFTO0FBQ3ZCLGtCQUFNLE9BQU8sU0FBUyxNQUFNLHFCQUFxQjtBQUNqRCxxQkFBUyxVQUFVLFFBQVEsRUFBRSxnQkFBZ0IsTUFBTSxZQUFZLFFBQVEsQ0FBQztBQUN4RSxxQkFBUyxJQUFJLE9BQU8sUUFBUSxXQUFXLE9BQU8sS0FBSyxVQUFVLElBQUksQ0FBQztBQUFBLFVBQ3BFO0FBQUEsVUFDQSxLQUFLLE1BQU0sUUFBUSxPQUFPLFFBQVE7QUFBQSxRQUNwQztBQUNBLFlBQUksQ0FBQyxLQUFLLE9BQU8sSUFBSSxFQUFHLE1BQUssTUFBTSxJQUFJLElBQUk7QUFBQSxNQUM3QyxDQUFDO0FBQUEsSUFDSCxDQUFDO0FBQ0QsU0FBSyxNQUFNLEdBQUcsV0FBVyxDQUFDLFNBQTBCLFFBQVEsU0FBUztBQUNuRSxXQUFLLFdBQVcsSUFBSTtBQUNwQixhQUFPLEdBQUcsU0FBUyxNQUFNO0FBQUEsTUFBQyxDQUFDO0FBQzNCLFVBQUksS0FBSyxRQUFRO0FBQ2YsZUFBTyxJQUFJLFlBQVksS0FBSyxNQUFNO0FBQUE7QUFBQTtBQUFBO0FBQUEsQ0FBdUQ7QUFDekY7QUFBQSxNQUNGO0FBQ0EsV0FBSyxTQUFTLGNBQWMsU0FBUyxRQUFRLE1BQU0sQ0FBQyxPQUFPO0FBQ3pELGNBQU0sV0FBVyxRQUFRLFFBQVEsd0JBQXdCLEtBQUssSUFBSSxNQUFNLEdBQUcsRUFBRSxJQUFJLENBQUMsTUFBTSxFQUFFLEtBQUssQ0FBQztBQUNoRyxhQUFLLFlBQVksSUFBSSxJQUFJLGlCQUFpQixJQUFJLFFBQVEsS0FBTSxTQUFTLEtBQUssS0FBSyxDQUFDO0FBQUEsTUFDbEYsQ0FBQztBQUFBLElBQ0gsQ0FBQztBQUFBLEVBQ0g7QUFBQSxFQUVBLGFBQWEsUUFBNkI7QUFDeEMsVUFBTSxTQUFTLElBQUksV0FBVztBQUM5QixVQUFNLElBQUksUUFBYyxDQUFDLFlBQVksT0FBTyxNQUFNLE9BQU8sR0FBRyxhQUFhLE9BQU8sQ0FBQztBQUNqRixXQUFPO0FBQUEsRUFDVDtBQUFBLEVBRUEsSUFBSSxNQUFjO0FBQ2hCLFdBQU8sa0JBQW1CLEtBQUssTUFBTSxRQUFRLEVBQWtCLElBQUk7QUFBQSxFQUNyRTtBQUFBLEVBRUEsSUFBSSxVQUFrQjtBQUNwQixXQUFPLElBQUksSUFBSSxLQUFLLEdBQUcsRUFBRSxPQUFPLFFBQVEsTUFBTSxNQUFNO0FBQUEsRUFDdEQ7QUFBQTtBQUFBLEVBR0EsU0FBZTtBQUNiLGVBQVcsVUFBVSxLQUFLLFNBQVMsUUFBUyxRQUFPLFVBQVU7QUFBQSxFQUMvRDtBQUFBLEVBRUEsTUFBTSxPQUFzQjtBQUMxQixTQUFLLE9BQU87QUFDWixTQUFLLE1BQU0sb0JBQW9CO0FBQy9CLFVBQU0sSUFBSSxRQUFRLENBQUMsWUFBWSxLQUFLLE1BQU0sTUFBTSxPQUFPLENBQUM7QUFBQSxFQUMxRDtBQUNGOyIsCiAgIm5hbWVzIjogW10KfQo=
