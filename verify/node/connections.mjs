// The AWS SDK's @connections client against the gateway.
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import {
  ApiGatewayManagementApiClient as Client,
  DeleteConnectionCommand,
  ForbiddenException,
  GetConnectionCommand,
  GoneException,
  LimitExceededException,
  PayloadTooLargeException,
  PostToConnectionCommand,
} from "@aws-sdk/client-apigatewaymanagementapi";
import WebSocket from "ws";

const { GATEWAY_URL: url, CALLBACK_URL: callback } = process.env;

const settings = { region: "us-east-1", credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" }, maxAttempts: 1 };
const client = new Client({ ...settings, endpoint: callback });

async function open() {
  const socket = new WebSocket(url);
  await once(socket, "open");
  socket.send("who am I");
  const [data] = await once(socket, "message");
  return { socket, ConnectionId: JSON.parse(data).connectionId };
}

const fails = (promise, kind, status) =>
  assert.rejects(promise, (error) => {
    assert.ok(error instanceof kind, `${error.name}: ${error.message}`);
    assert.equal(error.$metadata.httpStatusCode, status);
    return true;
  });
const post = (ConnectionId, Data = "pushed") => client.send(new PostToConnectionCommand({ ConnectionId, Data }));
const get = (ConnectionId) => client.send(new GetConnectionCommand({ ConnectionId }));
const remove = (ConnectionId) => client.send(new DeleteConnectionCommand({ ConnectionId }));
const within = { timeout: 30_000 };

test("POST reaches the client", within, async () => {
  const { socket, ConnectionId } = await open();
  const message = once(socket, "message");
  assert.equal((await post(ConnectionId)).$metadata.httpStatusCode, 200);
  assert.equal((await message)[0].toString(), "pushed");
  socket.terminate();
});

test("GET tells when and who", within, async () => {
  const { socket, ConnectionId } = await open();
  const { ConnectedAt, LastActiveAt, Identity } = await get(ConnectionId);
  assert.ok(ConnectedAt instanceof Date && LastActiveAt instanceof Date && LastActiveAt >= ConnectedAt);
  assert.equal(Identity.SourceIp, "127.0.0.1");
  socket.terminate();
});

test("DELETE closes, and then the connection is gone", within, async () => {
  const { socket, ConnectionId } = await open();
  const closed = once(socket, "close");
  assert.equal((await remove(ConnectionId)).$metadata.httpStatusCode, 204);
  const [code, reason] = await closed;
  assert.deepEqual([code, reason.toString()], [1000, "Connection Closed Normally"]);
  for (const call of [post, get, remove]) await fails(call(ConnectionId), GoneException, 410);
});

test("a message above 128 KB is PayloadTooLargeException", within, async () => {
  const { socket, ConnectionId } = await open();
  await fails(post(ConnectionId, "x".repeat((128 << 10) + 1)), PayloadTooLargeException, 413);
  assert.equal((await post(ConnectionId, "x".repeat(128 << 10))).$metadata.httpStatusCode, 200);
  socket.terminate();
});

test("an endpoint without the stage is ForbiddenException", within, async () => {
  const { socket, ConnectionId } = await open();
  const wrong = new Client({ ...settings, endpoint: new URL(callback).origin });
  for (const command of [PostToConnectionCommand, GetConnectionCommand, DeleteConnectionCommand]) {
    await fails(wrong.send(new command({ ConnectionId, Data: "lost" })), ForbiddenException, 403);
  }
  socket.terminate();
});

test("a client that does not read is LimitExceededException", within, async () => {
  const { socket, ConnectionId } = await open();
  socket.pause();
  let failure;
  for (let n = 0; n < 1000 && !failure; n++) {
    await post(ConnectionId, "x".repeat(128 << 10)).catch((error) => {
      failure = error;
    });
  }
  assert.ok(failure instanceof LimitExceededException, `${failure}`);
  assert.equal(failure.$metadata.httpStatusCode, 429);
  socket.terminate();
});
