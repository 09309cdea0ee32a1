package function

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A Usage is what a process has taken.
type Usage struct {
	CPU      time.Duration // of all its threads
	Resident int64         // bytes in memory now
	Peak     int64         // and at most
	Faults   int           // pages that the kernel had to map for it, without reading a disk
}

// UsageOf reads Linux's accounts of a process. A thread's CPU time is written
// down when it stops running, so the sum is read until it stands still.
func UsageOf(pid int) (Usage, error) {
	folder := "/proc/" + strconv.Itoa(pid)
	const tries = 20
	var u Usage
	for range tries {
		cpu, err := cpuOf(folder)
		if err != nil {
			return u, err
		}
		if cpu == u.CPU {
			break
		}
		u.CPU = cpu
		time.Sleep(500 * time.Microsecond)
	}
	var err error
	if u.Faults, err = faultsOf(folder); err != nil {
		return u, err
	}
	status, err := os.ReadFile(filepath.Join(folder, "status"))
	if err != nil {
		return u, err
	}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		to, wanted := map[string]*int64{"VmRSS": &u.Resident, "VmHWM": &u.Peak}[name]
		if !wanted {
			continue
		}
		kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		if err != nil {
			return u, fmt.Errorf("%s: %w", name, err)
		}
		*to = kib << 10
	}
	return u, nil
}

// faultsOf reads a process's minor page faults, the tenth field of its stat
// (proc_pid_stat(5)). The second is a name in parentheses.
func faultsOf(folder string) (int, error) {
	text, err := os.ReadFile(filepath.Join(folder, "stat"))
	if err != nil {
		return 0, err
	}
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	const minor = 10 - 3 // after the name
	if len(fields) <= minor {
		return 0, fmt.Errorf("%s/stat ends after %d fields", folder, len(fields))
	}
	return strconv.Atoi(string(fields[minor]))
}

// cpuOf sums the threads' time on a CPU, in nanoseconds, the first figure of
// schedstat. Go keeps its threads, so none is missing.
func cpuOf(folder string) (time.Duration, error) {
	threads, err := filepath.Glob(filepath.Join(folder, "task", "*", "schedstat"))
	if err != nil {
		return 0, err
	}
	var sum time.Duration
	for _, file := range threads {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // the thread has ended
		}
		first, _, _ := bytes.Cut(text, []byte(" "))
		n, err := strconv.ParseInt(string(first), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", file, err)
		}
		sum += time.Duration(n)
	}
	if sum == 0 {
		return 0, fmt.Errorf("%s: no thread has run", folder)
	}
	return sum, nil
}
