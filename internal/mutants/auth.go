package main

// inAuth are about the verification of tokens.
var inAuth = []mutant{
	{"base64 with set trailing bits is taken", "lift/auth/verifier.go",
		", jwt.WithStrictDecoding()",
		"", "TestVerifyRefuses"},
	{"Retry-After says the whole cooldown", "lift/auth/jwks.go",
		"max(0, j.cfg.Cooldown-now.Sub(j.tried))",
		"j.cfg.Cooldown", "TestJWTWhileKeysAreAway"},
	{"Retry-After of an unknown key says the whole cooldown", "lift/auth/jwks.go",
		"away(errUnknownKey, cooling)",
		"away(errUnknownKey, j.cfg.Cooldown)", "TestJWKSRotation"},
	{"a redirect is followed for keys", "lift/auth/jwks.go",
		"return http.ErrUseLastResponse",
		"return nil", "TestJWKSAnswersThatWillNotDo"},
	{"stale keys count for ever", "lift/auth/jwks.go",
		"\tif !j.fetched.IsZero() && now.Sub(j.fetched) < j.cfg.Fresh+j.cfg.Stale {\n" +
			"\t\treturn j.keys, nil",
		"\tif !j.fetched.IsZero() {\n" +
			"\t\treturn j.keys, nil", "TestJWKSOutage"},
	{"the leeway widens the wrong way", "lift/auth/claims.go",
		"now.Before(c.NotBefore.Add(-leeway))",
		"now.Before(c.NotBefore.Add(leeway))", "TestLeeway"},
	{"a token in milliseconds does not end", "lift/auth/claims.go",
		"\tcase !c.ExpiresAt.Before(lastExpiry):\n" +
			"\t\treturn errFarExpiry\n",
		"", "TestExpiryInMilliseconds"},
	{"a token that is bound to a key is taken", "lift/auth/claims.go",
		`_, bound := c.get("cnf"); bound`,
		`_, bound := c.get("cnf-"); bound`, "TestAccessTokensAlone"},
	{"scopes of a second claim do not count", "lift/auth/claims.go",
		"\t\t\tscopes = append(scopes, list...)\n",
		"\t\t\tscopes = list\n", "TestScopeClaims"},
	{"a claim of null is one", "lift/auth/claims.go",
		"\t\treturn value, len(value) > 0 && !isNull(value)\n" +
			"\t}\n" +
			"\tobject",
		"\t\treturn value, len(value) > 0\n" +
			"\t}\n" +
			"\tobject", "TestTenants"},
	{"a token in the query counts over HTTP", "lift/auth/jwt.go",
		"\tif e.Trigger != lift.TriggerConnect {\n" +
			"\t\treturn \"\"\n" +
			"\t}\n",
		"\tif e.WebSocket == nil {\n" +
			"\t\treturn bearer(\"Bearer \" + e.HTTP.URL.Query().Get(\"token\"))\n" +
			"\t}\n", "TestJWT"},
	{"a refused token is answered as a missing one", "lift/auth/jwt.go",
		"`Bearer error=\"invalid_token\"`",
		`"Bearer"`, "TestJWT"},
}
