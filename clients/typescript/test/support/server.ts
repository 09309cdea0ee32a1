import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import { Queue } from "./queue.js";

/** One side of a connection, as the server has it. */
export class ServerConnection {
  /** What the client sent. */
  readonly messages = new Queue<any>();
  readonly closed: Promise<number>;

  constructor(
    private readonly socket: WebSocket,
    readonly url: string,
    readonly offered: string[],
    pongs: boolean,
  ) {
    socket.on("message", (data) => {
      const message = JSON.parse(String(data));
      if (pongs && message.action === "streamer.ping")
        this.send({ type: "pong", request_id: message.id, timestamp: "2026-01-02T03:04:05Z" });
      else this.messages.put(message);
    });
    this.closed = new Promise((resolve) => socket.on("close", resolve));
  }

  /** The next message, which must be of that action. */
  async expect(action: string): Promise<any> {
    const message = await this.messages.next();
    if (message.action !== action) throw new Error(`want ${action}, got ${JSON.stringify(message)}`);
    return message;
  }

  send(frame: unknown): void {
    this.socket.send(typeof frame === "string" ? frame : JSON.stringify(frame));
  }

  /** Ends the connection as a network does: without a word. */
  cut(): void {
    this.socket.terminate();
  }

  close(code: number): void {
    this.socket.close(code);
  }
}

/** What the HTTP side got. */
export interface Call {
  method: string;
  url: string;
  token: string;
  /** The Content-Type of its body. */
  type: string | undefined;
  body: any;
  reply(status: number, body: unknown): void;
  /** Ends the connection without an answer. */
  cut(): void;
}

/**
 * A server that says what a test tells it to. It has both sides of the protocol
 * on one port, and forgets nothing that a client sent.
 */
export class FakeServer {
  readonly connections = new Queue<ServerConnection>();
  /** Every handshake, refused ones too. */
  readonly handshakes = new Queue<void>();
  readonly calls = new Queue<Call>();
  /** Answers pings by itself. */
  pongs = true;
  /** Answers handshakes with this status in place of 101. */
  refuse: number | undefined;
  /** Takes a call from the queue's place. By default probes are answered with an empty list. */
  onCall: (call: Call) => boolean = ({ method, url, reply }) => {
    if (method !== "GET" || !url.startsWith("/requests?")) return false;
    reply(200, { requests: [] });
    return true;
  };

  readonly #http: Server;
  readonly #sockets = new WebSocketServer({ noServer: true, handleProtocols: () => "streamer.v1" });

  private constructor() {
    this.#http = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk) => chunks.push(chunk));
      request.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        const call: Call = {
          method: request.method!,
          url: request.url!,
          token: (request.headers.authorization ?? "").replace("Bearer ", ""),
          type: request.headers["content-type"],
          body: text && JSON.parse(text),
          reply: (status, body) => {
            const type = status < 300 ? "application/json" : "application/problem+json";
            response.writeHead(status, { "Content-Type": type, Connection: "close" });
            response.end(typeof body === "string" ? body : JSON.stringify(body));
          },
          cut: () => request.socket.destroy(),
        };
        if (!this.onCall(call)) this.calls.put(call);
      });
    });
    this.#http.on("upgrade", (request: IncomingMessage, socket, head) => {
      this.handshakes.put();
      socket.on("error", () => {}); // a client that goes away is no fault
      if (this.refuse) {
        socket.end(`HTTP/1.1 ${this.refuse} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
        return;
      }
      this.#sockets.handleUpgrade(request, socket, head, (ws) => {
        const offered = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((p) => p.trim());
        this.connections.put(new ServerConnection(ws, request.url!, offered, this.pongs));
      });
    });
  }

  static async start(): Promise<FakeServer> {
    const server = new FakeServer();
    await new Promise<void>((resolve) => server.#http.listen(0, "127.0.0.1", resolve));
    return server;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#http.address() as AddressInfo).port}/dev`;
  }

  get httpUrl(): string {
    return new URL(this.url).origin.replace("ws", "http");
  }

  /** Cuts every connection. */
  cutAll(): void {
    for (const socket of this.#sockets.clients) socket.terminate();
  }

  async stop(): Promise<void> {
    this.cutAll();
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }
}
