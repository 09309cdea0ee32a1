#!/usr/bin/env bash
# A WebSocket that a gateway closes with 1014 is, to the usual Go client, a peer that broke
# the protocol. 1014 (Bad Gateway) is a registered close code like 1012 and 1013 beside it
# (IANA, WebSocket Close Code Number Registry). github.com/gorilla/websocket knows those two
# and not 1014: in place of a CloseError with the code and the reason it returns a plain
# error, so that code which reconnects on "the server goes away" takes it for a bug.
#
# Seen with ws@8.18.3 on Node.js 20 as the server, and on Go 1.26.8 with
# github.com/gorilla/websocket@v1.5.3: "CloseError 1013 try again" for 1013, and for 1014
# "websocket: bad close code 1014". github.com/coder/websocket@v1.8.14 gives code and reason
# of both.
#
# What the product does: emulator/gateway takes every registered code, and both clients
# reconnect after any close that is not their own.
set -euo pipefail
folder=$(mktemp -d)
cd "$folder"
echo '{"type":"module","private":true}' >package.json
npm install --silent --no-audit --no-fund ws@8.18.3
cat >server.mjs <<'JS'
import { WebSocketServer } from "ws";

const server = new WebSocketServer({ host: "127.0.0.1", port: 0 }, () => console.log(server.address().port));
server.on("connection", (socket, request) => socket.close(Number(request.url.slice(1)), "try again"));
setTimeout(() => process.exit(), 120_000);
JS
node server.mjs >port &
server=$!
trap 'kill $server 2>/dev/null; rm -rf "$folder"' EXIT
until [[ -s port ]]; do sleep 0.1; done
cat >main.go <<'GO'
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	coder "github.com/coder/websocket"
	"github.com/gorilla/websocket"
)

func main() {
	for _, code := range []int{1013, 1014} {
		url := fmt.Sprintf("ws://127.0.0.1:%s/%d", os.Args[1], code)
		conn, _, err := websocket.DefaultDialer.Dial(url, nil)
		if err != nil {
			log.Fatal(err)
		}
		_, _, err = conn.ReadMessage()
		var closed *websocket.CloseError
		if errors.As(err, &closed) {
			fmt.Printf("%d: gorilla: CloseError %d %s\n", code, closed.Code, closed.Text)
		} else {
			fmt.Printf("%d: gorilla: %v\n", code, err)
		}
		if errors.As(err, &closed) != (code == 1013) {
			log.Fatal("another answer than before: this finding is out of date")
		}

		other, _, err := coder.Dial(context.Background(), url, nil)
		if err != nil {
			log.Fatal(err)
		}
		_, _, err = other.Read(context.Background())
		fmt.Printf("%d: coder: %d\n", code, coder.CloseStatus(err))
		if int(coder.CloseStatus(err)) != code {
			log.Fatalf("%v: this finding is out of date", err)
		}
	}
}
GO
export GOFLAGS=-mod=mod
go mod init finding >/dev/null 2>&1
go get github.com/gorilla/websocket@v1.5.3 github.com/coder/websocket@v1.8.14 >/dev/null 2>&1
go run . "$(cat port)"
