"""Python's websockets against a server: frames that it makes, and the protocol over them."""
import asyncio
import json
import os
import urllib.request

import websockets

URL, HTTP = os.environ["STREAMER_URL"], os.environ["STREAMER_HTTP_URL"]
TOKEN, OPERATOR = os.environ["STREAMER_TOKEN"], os.environ["STREAMER_OPERATOR"]


def equal(what, got, want):
    if got != want:
        raise SystemExit(f"{what}: got {got!r}, want {want!r}")


def connect(token=TOKEN, **options):
    return websockets.connect(URL, subprotocols=["streamer.v1", f"bearer.{token}"], **options)


async def frame(socket, kind, request):
    """The next frame of a type that concerns a request; progress may come before its acknowledgment."""
    while True:
        got = json.loads(await asyncio.wait_for(socket.recv(), 60))
        if got["type"] == kind and got.get("request_id") == request:
            return got


async def send(socket, request, action, payload=None):
    await socket.send(json.dumps({"id": request, "action": action, "payload": payload}))


async def requests():
    """A long request with its progress, one that is cancelled, and one that is found again."""
    async with connect() as socket:
        equal("the subprotocol", socket.subprotocol, "streamer.v1")
        await send(socket, "long", "echo_async", {"message": "größer", "step_ms": 300})
        await frame(socket, "acknowledgment", "long")
        percentage = (await frame(socket, "progress", "long"))["percentage"]
        equal("progress between 0 and 100", 0 <= percentage <= 100, True)
        equal("the result", (await frame(socket, "complete", "long"))["result"]["echo"], {"message": "größer", "step_ms": 300})

        await send(socket, "stopped", "echo_async", {"message": "no", "step_ms": 10_000})
        await frame(socket, "progress", "stopped")
        await send(socket, "stop", "streamer.cancel", {"request_id": "stopped"})
        equal("cancelled", (await frame(socket, "request", "stop"))["request"]["changed"], True)
        equal("its end", (await frame(socket, "error", "stopped"))["error"]["code"], "CANCELLED")


async def closed():
    """An operator closes the connection; the client comes back by itself and finds the request."""
    opened = 0
    async for socket in connect():  # which opens again what was closed
        opened += 1
        if opened == 1:
            close = urllib.request.Request(
                f"{HTTP}/connections?subject=ada", method="DELETE", headers={"Authorization": f"Bearer {OPERATOR}"}
            )
            answer = await asyncio.to_thread(urllib.request.urlopen, close)
            equal("what the operator closed", json.load(answer), {"closed": 1})
            try:
                await asyncio.wait_for(socket.recv(), 60)
            except websockets.ConnectionClosed as end:
                equal("the close code", end.rcvd.code, 1000)
            continue
        await send(socket, "again", "streamer.get", {"request_id": "long"})
        equal("the state", (await frame(socket, "request", "again"))["request"]["state"], "SUCCEEDED")
        await socket.close(4000, "enough")
        equal("the echoed close code", socket.close_code, 4000)
        break


async def refused():
    """A token that is not good opens nothing."""
    try:
        async with connect("e30.e30.e30"):
            raise SystemExit("a wrong token opened a connection")
    except websockets.InvalidStatusCode as fault:
        equal("a wrong token", fault.status_code, 401)


async def frames():
    """Frames as the library makes them: fragments, pings between them, and what is not UTF-8."""
    message = json.dumps({"id": "parts", "action": "echo", "payload": {"message": "ä€😀" * 100}}, ensure_ascii=False)

    async def parts(socket):
        for at in range(0, len(message), 7):
            yield message[at : at + 7]
            if at == 70:
                payload = bytes(range(125))
                await asyncio.wait_for(await socket.ping(payload), 60)  # answered within the message

    async with connect(ping_interval=None) as socket:
        await socket.send(parts(socket))
        equal("a message in fragments", (await frame(socket, "response", "parts"))["data"], {"message": "ä€😀" * 100})
        await socket.send(b"\xff")
        try:
            await asyncio.wait_for(socket.recv(), 60)
        except websockets.ConnectionClosed as end:
            equal("a binary message", (end.rcvd.code, end.rcvd.reason), (1003, "Unsupported data"))


for check in (requests, closed, refused, frames):
    asyncio.run(check())
print("websockets", websockets.version.version)
print("done")
