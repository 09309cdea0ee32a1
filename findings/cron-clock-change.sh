#!/usr/bin/env bash
# A daily job on the two days when clocks change: three usual libraries give three answers. In
# New York on 8 March 2026 there is no 2:30, and on 1 November 1:30 comes twice. Go's robfig/cron
# leaves the first day out and runs twice on the second; npm's croner and cron-parser run once
# on each, in March at 3:00 the one and at 3:30 the other. A bill that goes out daily goes out
# not at all, or twice, when its service moves from one language to the other.
#
# Seen with github.com/robfig/cron/v3@v3.0.1 on Go 1.26.8, and croner@11.0.1 and
# cron-parser@5.10.6 on Node.js 20; the times below are in UTC.
#
# What the product does: a time of the day comes once on each day, at 3:00 where it is left out
# and the first time where it comes twice (docs/schedules.md), with a test for both.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"type":"module","private":true}' >package.json
npm install --silent --no-audit --no-fund croner@11.0.1 cron-parser@5.10.6
cat >next.mjs <<'JS'
import { Cron } from "croner";
import { CronExpressionParser } from "cron-parser";

const zone = "America/New_York";
for (const [expression, from, until] of [
	["30 2 * * *", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z"],
	["30 1 * * *", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"],
]) {
	const end = new Date(until);
	const times = [];
	for (let at = new Date(from); ; ) {
		at = new Cron(expression, { timezone: zone }).nextRun(at);
		if (!at || at >= end) break;
		times.push(at.toISOString().slice(5, 16));
	}
	console.log("croner", expression, times.join(" ") || "never");
	const parser = CronExpressionParser.parse(expression, { currentDate: new Date(from), tz: zone });
	const others = [];
	for (let at = parser.next().toDate(); at < end; at = parser.next().toDate()) others.push(at.toISOString().slice(5, 16));
	console.log("cron-parser", expression, others.join(" ") || "never");
}
JS
node next.mjs >seen
cat >main.go <<'GO'
package main

import (
	"fmt"
	"log"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

func main() {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		log.Fatal(err)
	}
	for _, day := range []struct {
		expression  string
		from, until time.Time
	}{
		{"30 2 * * *", time.Date(2026, 3, 8, 0, 0, 0, 0, zone), time.Date(2026, 3, 9, 0, 0, 0, 0, zone)},
		{"30 1 * * *", time.Date(2026, 11, 1, 0, 0, 0, 0, zone), time.Date(2026, 11, 2, 0, 0, 0, 0, zone)},
	} {
		schedule, err := cron.ParseStandard(day.expression)
		if err != nil {
			log.Fatal(err)
		}
		var times []string
		for at := schedule.Next(day.from.Add(-time.Second)); at.Before(day.until); at = schedule.Next(at) {
			times = append(times, at.UTC().Format("01-02T15:04"))
		}
		if times == nil {
			times = []string{"never"}
		}
		fmt.Println("robfig", day.expression, strings.Join(times, " "))
	}
}
GO
export GOFLAGS=-mod=mod
go mod init finding >/dev/null 2>&1
go get github.com/robfig/cron/v3@v3.0.1 >/dev/null 2>&1
go run . >>seen
cat seen
diff seen - <<'SEEN' || { echo "other times than before: this finding is out of date" >&2; exit 1; }
croner 30 2 * * * 03-08T07:00
cron-parser 30 2 * * * 03-08T07:30
croner 30 1 * * * 11-01T05:30
cron-parser 30 1 * * * 11-01T05:30
robfig 30 2 * * * never
robfig 30 1 * * * 11-01T05:30 11-01T06:30
SEEN
