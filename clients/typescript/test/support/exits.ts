// Run as a process of its own: opens a client in the state that its argument
// names, closes it, and must then end by itself.
import { WebSocket } from "ws";
import type { SocketClass } from "../../src/connection.js";
import { Streamer } from "../../src/streamer.js";
import { ada, reaches } from "./harness.js";

const [url, moment] = process.argv.slice(2);
const streamer = new Streamer(url!, { token: () => ada, WebSocket: WebSocket as unknown as SocketClass });
const request = streamer.request("report", {}, { timeout: 3_600_000 });
request.result.catch((error) => console.log(error.code));
if (moment === "open") await reaches(streamer, "open");
if (moment === "retrying") await reaches(streamer, "connecting", "unreachable");
streamer.close();
