package main

// inAdapters are about the store on DynamoDB and the calls of AWS.
var inAdapters = []mutant{
	{"a page of a list ends where calls were the limit", "store/dynamo/list.go",
		"\t\tcase len(entries) == limit, made == calls:\n" +
			"\t\t\treturn entries, next, nil",
		"\t\tcase len(entries) == limit, made == calls:\n" +
			"\t\t\treturn entries, nil, nil", "TestAFilteredListEndsAfterTenCalls"},
	{"a list reads on without end", "store/dynamo/list.go",
		"\t\tcase fetches && fetched < maxFetched:",
		"\t\tcase fetches && fetched >= 0:", "TestAListOfWhatRunsEndsAfterAThousandRows"},
	{"a connection's user agent is not read", "store/dynamo/connection.go",
		"\t\tUserAgent:   in.optional(\"agent\"),\n",
		"", "TestConformance/Connection"},
	{"a connection's address is not read", "store/dynamo/connection.go",
		"\t\tSourceIP:    in.optional(\"ip\"),\n",
		"", "TestConformance/Connection"},
	{"a connection's scopes are not read", "store/dynamo/connection.go",
		"\t\tc.Principal.Scopes = append(c.Principal.Scopes, *scope.S)\n",
		"\t\t_ = *scope.S\n", "TestConformance/Connection"},
	{"output goes on behind a chunk that is not kept", "store/dynamo/output.go",
		"\t\tif in.text(\"id\") != chunkID(at) {\n" +
			"\t\t\tbreak\n",
		"\t\tif in.text(\"id\") == \"\" {\n" +
			"\t\t\tbreak\n", "TestOutputEndsWhereAChunkIsNotKept"},
	{"a request that is no longer throttled is in the wait queue", "store/dynamo/permit.go",
		"\tqueue = slices.DeleteFunc(queue, func(r *request.Request) bool { return r.ThrottledBy != limit })\n",
		"", "TestAnOldIndexShowsNoOldRows"},
	{"a missing permission counts as gone", "aws/apigateway/pusher.go",
		"failure.Status == http.StatusGone || failure",
		"failure.Status == http.StatusForbidden || failure.Status == http.StatusGone || failure", "TestPushTriesAgain"},
	{"an id that cannot be one is a failure", "aws/apigateway/pusher.go",
		" || failure.Status == http.StatusBadRequest)",
		")", "TestPush"},
	{"a call's own time is not heeded", "aws/call/call.go",
		"cmp.Or(r.Timeout, c.config.Timeout)",
		"cmp.Or(c.config.Timeout, r.Timeout)", "TestTheTimeOfACall"},
	{"a failure that does not pass is tried again", "aws/call/call.go",
		" || !c.config.Transient(failure) {",
		" {", "TestAttempts"},
}
