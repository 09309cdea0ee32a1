#!/usr/bin/env bash
# time.Local.String() is "Local" on one machine and "UTC" on another, so code that compares a
# zone's name with it, to refuse the machine's own zone, refuses UTC where TZ is set: on Lambda,
# which sets TZ=:UTC ("Defined runtime environment variables" of its Developer Guide). The same
# machine in Berlin without TZ has "Local", and with TZ=Europe/Berlin that name.
#
# Seen with time of Go 1.26.8, and with the same lines in github.com/robfig/cron/v3@v3.0.1, whose
# schedules show their Location by it: "Local" on a laptop, "UTC" on Lambda.
#
# What the product does: a schedule's zone is compared with the text "Local" (schedule.go).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >main.go <<'GO'
package main

import (
	"fmt"
	"log"
	"time"
	_ "time/tzdata"

	"github.com/robfig/cron/v3"
)

func main() {
	daily, err := cron.ParseStandard("0 3 * * *")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(time.Local, daily.(*cron.SpecSchedule).Location)
}
GO
go mod init example.com/finding >/dev/null 2>&1
go get github.com/robfig/cron/v3@v3.0.1 >/dev/null 2>&1
go build -o names .
{
	env -u TZ ./names
	TZ=:UTC ./names
	TZ=Europe/Berlin ./names
} | tee seen
diff - seen <<'SEEN'
Local Local
UTC UTC
Europe/Berlin Europe/Berlin
SEEN
