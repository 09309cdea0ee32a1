#!/usr/bin/env bash
# A token that says "do not accept me unless you understand this" is accepted by the usual
# JWT library of Go. The header crit names extensions that a recipient must understand, and
# one that does not must refuse the token (RFC 7515, section 4.1.11). github.com/golang-jwt/jwt
# does not look at crit: whatever an issuer restricts a token by in that way, such as a use
# that is good once, is lost. npm's jose refuses it by name.
#
# Seen with jose@6.2.18 on Node.js 20 and github.com/golang-jwt/jwt/v5@v5.3.1 on Go
# 1.26.8: jose says ERR_JOSE_NOT_SUPPORTED, golang-jwt "valid".
#
# What the product does: lift/auth refuses every token with a crit or b64 header.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"type":"module","private":true}' >package.json
npm install --silent --no-audit --no-fund jose@6.2.18
cat >sign.mjs <<'JS'
import { SignJWT, exportSPKI, generateKeyPair, jwtVerify } from "jose";
import { writeFileSync } from "node:fs";

const once = "https://issuer.example/once";
const { publicKey, privateKey } = await generateKeyPair("ES256");
const token = await new SignJWT({ sub: "ada" })
	.setExpirationTime("1h")
	.setProtectedHeader({ alg: "ES256", crit: [once], [once]: true })
	.sign(privateKey, { crit: { [once]: true } });
writeFileSync("key.pem", await exportSPKI(publicKey));
writeFileSync("token.jwt", token);
console.log("jose:", await jwtVerify(token, publicKey).then(() => "valid", (err) => err.code));
JS
node sign.mjs
cat >main.go <<'GO'
package main

import (
	"fmt"
	"log"
	"os"

	"github.com/golang-jwt/jwt/v5"
)

func main() {
	pem, err := os.ReadFile("key.pem")
	if err != nil {
		log.Fatal(err)
	}
	key, err := jwt.ParseECPublicKeyFromPEM(pem)
	if err != nil {
		log.Fatal(err)
	}
	text, err := os.ReadFile("token.jwt")
	if err != nil {
		log.Fatal(err)
	}
	token, err := jwt.Parse(string(text), func(*jwt.Token) (any, error) { return key, nil }, jwt.WithValidMethods([]string{"ES256"}))
	if err != nil || !token.Valid {
		log.Fatalf("the library looks at crit now (%v): this finding is out of date", err)
	}
	fmt.Println("golang-jwt: valid, with crit", token.Header["crit"])
}
GO
export GOFLAGS=-mod=mod
go mod init finding >/dev/null 2>&1
go get github.com/golang-jwt/jwt/v5@v5.3.1 >/dev/null 2>&1
go run .
