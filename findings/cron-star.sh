#!/usr/bin/env bash
# "0 0 13 * *,5" is the 13th of each month to one library, every day to another, and an error
# to a third. Where both days of a cron expression are restricted, either one matches; where one
# of them "begins with *", both must (crontab(5) of Debian's cron). What begins with a star and
# is more than a star is where they part: robfig/cron takes *,5 as a star, so that the 13th is
# left, croner as a list, so that either matches, which is always; and none of the three takes
# */2 as crontab(5) does: "0 0 */2 * 1" is 18 days of December, not the Mondays on odd days.
#
# Seen with github.com/robfig/cron/v3@v3.0.1 on Go 1.26.8, and croner@11.0.1 and
# cron-parser@5.10.6 on Node.js 20; the days of December 2026 are below.
#
# What the product does: it follows crontab(5) to the letter, for both (cron.go).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"type":"module","private":true}' >package.json
npm install --silent --no-audit --no-fund croner@11.0.1 cron-parser@5.10.6
cat >days.mjs <<'JS'
import { Cron } from "croner";
import { CronExpressionParser } from "cron-parser";

const from = new Date("2026-11-30T12:00:00Z");
const december = (dates) => dates.filter((d) => d < new Date("2027-01-01")).map((d) => d.getUTCDate()).join(" ");
const parsed = (expression) => {
	const parser = CronExpressionParser.parse(expression, { currentDate: from, tz: "UTC" });
	return Array.from({ length: 31 }, () => parser.next().toDate());
};
for (const expression of ["0 0 13 * *,5", "0 0 */2 * 1"]) {
	console.log("croner", expression, "|", december(new Cron(expression, { timezone: "UTC" }).nextRuns(31, from)));
	try {
		console.log("cron-parser", expression, "|", december(parsed(expression)));
	} catch (error) {
		console.log("cron-parser", expression, "|", error.message);
	}
}
JS
node days.mjs >seen
cat >main.go <<'GO'
package main

import (
	"fmt"
	"log"
	"time"

	"github.com/robfig/cron/v3"
)

func main() {
	for _, expression := range []string{"0 0 13 * *,5", "0 0 */2 * 1"} {
		schedule, err := cron.ParseStandard(expression)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Print("robfig ", expression, " |")
		at := schedule.Next(time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC))
		for ; at.Year() == 2026; at = schedule.Next(at) {
			fmt.Print(" ", at.Day())
		}
		fmt.Println()
	}
}
GO
export GOFLAGS=-mod=mod
go mod init finding >/dev/null 2>&1
go get github.com/robfig/cron/v3@v3.0.1 >/dev/null 2>&1
go run . >>seen
cat seen
diff seen - <<'SEEN' || { echo "other days than before: this finding is out of date" >&2; exit 1; }
croner 0 0 13 * *,5 | 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31
cron-parser 0 0 13 * *,5 | CronDayOfWeek Validation error, duplicate values found: 5
croner 0 0 */2 * 1 | 1 3 5 7 9 11 13 14 15 17 19 21 23 25 27 28 29 31
cron-parser 0 0 */2 * 1 | 1 3 5 7 9 11 13 14 15 17 19 21 23 25 27 28 29 31
robfig 0 0 13 * *,5 | 13
robfig 0 0 */2 * 1 | 1 3 5 7 9 11 13 14 15 17 19 21 23 25 27 28 29 31
SEEN
