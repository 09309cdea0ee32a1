#!/usr/bin/env bash
# A token that a JOSE library of today signs under the name of RFC 9864 is refused by
# the usual JWT library of Go, key and signature being right. RFC 9864 (October 2025)
# deprecates the JWS algorithm EdDSA, which names no curve, in favour of Ed25519. npm's
# jose signs and verifies under both names; github.com/golang-jwt/jwt knows EdDSA alone
# and answers the other with an error, before it looks at a key.
#
# Seen with jose@6.2.18 on Node.js 20 and github.com/golang-jwt/jwt/v5@v5.3.1 on Go
# 1.26.8: one Ed25519 key, the same claims; "EdDSA: valid", then
# "Ed25519: token is unverifiable: signing method (alg) is unavailable".
#
# What the product does: lift/auth takes Ed25519 as another name of EdDSA, in tokens and
# in JWK sets.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"type":"module","private":true}' >package.json
npm install --silent --no-audit --no-fund jose@6.2.18
cat >sign.mjs <<'JS'
import { SignJWT, exportSPKI, generateKeyPair, jwtVerify } from "jose";
import { writeFileSync } from "node:fs";

const { publicKey, privateKey } = await generateKeyPair("Ed25519", { extractable: true });
writeFileSync("key.pem", await exportSPKI(publicKey));
for (const alg of ["EdDSA", "Ed25519"]) {
	const token = await new SignJWT({ sub: "ada" }).setProtectedHeader({ alg }).setExpirationTime("1h").sign(privateKey);
	await jwtVerify(token, publicKey);
	writeFileSync(`${alg}.jwt`, token);
}
JS
node sign.mjs
cat >main.go <<'GO'
package main

import (
	"errors"
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
	key, err := jwt.ParseEdPublicKeyFromPEM(pem)
	if err != nil {
		log.Fatal(err)
	}
	verify := func(alg string) error {
		token, err := os.ReadFile(alg + ".jwt")
		if err != nil {
			log.Fatal(err)
		}
		_, err = jwt.Parse(string(token), func(*jwt.Token) (any, error) { return key, nil })
		return err
	}
	if err := verify("EdDSA"); err != nil {
		log.Fatalf("EdDSA: %v", err)
	}
	fmt.Println("EdDSA: valid")
	err = verify("Ed25519")
	fmt.Println("Ed25519:", err)
	if !errors.Is(err, jwt.ErrTokenUnverifiable) {
		log.Fatal("the library knows the name now: this finding is out of date")
	}
}
GO
export GOFLAGS=-mod=mod
go mod init finding >/dev/null 2>&1
go get github.com/golang-jwt/jwt/v5@v5.3.1 >/dev/null 2>&1
go run .
