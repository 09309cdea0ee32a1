#!/usr/bin/env bash
# To Python's websockets a server that goes away is a stream that has ended well. `async for
# message in socket` ends without an exception after the close code 1001 as after 1000, while
# 1012 (service restart), 1011 and a lost connection raise ConnectionClosedError. 1001 is what
# API Gateway closes with after ten idle minutes and after two hours, whatever is still to
# come, and what a server sends that shuts down (RFC 6455, 7.4.1), so a reader that takes the
# end of the loop for the end of the data stops in the middle without an error.
#
# Seen with websockets 10.4 (Debian 12) at both ends: 1000 ends the loop, 1001 ends the loop,
# 1012 raises ConnectionClosedError.
#
# What the product does: the end of a request is a frame of its own, complete or error, and no
# close code; both clients take every close that they did not ask for as a reason to connect
# again, and read what they have missed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq python3-websockets=10.4-1 2>/dev/null
dpkg -x python3-websockets_*.deb .
cat >end.py <<'PY'
import asyncio

import websockets
from websockets.version import version


async def end(code):
    """How the loop of a reader ends that waits for three messages and gets two."""

    async def serve(socket, path):
        await socket.send("1 of 3")
        await socket.send("2 of 3")
        await socket.close(code, "going away")

    async with websockets.serve(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with websockets.connect(f"ws://127.0.0.1:{port}") as socket:
            try:
                async for _ in socket:
                    pass
            except websockets.ConnectionClosed as closed:
                return type(closed).__name__
            return "the loop ends"


print("websockets", version)
for code, want in (1000, "the loop ends"), (1001, "the loop ends"), (1012, "ConnectionClosedError"):
    seen = asyncio.run(end(code))
    print(f"{code}: {seen}")
    if seen != want:
        raise SystemExit("another end than before: this finding is out of date")
PY
PYTHONPATH=$folder/usr/lib/python3/dist-packages /usr/bin/python3 end.py
