package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A process is one that the tool started and measures.
type process struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines *bufio.Scanner // of its stdout
	log   string         // the file with its stderr
}

// start runs a program, with its stderr in a file of the folder.
func start(folder, name string, cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, log: filepath.Join(folder, name+".log")}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close() // the program has its own
	cmd.Stderr = log
	if p.in, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.lines = bufio.NewScanner(out)
	p.lines.Buffer(nil, 16<<20)
	return p, cmd.Start()
}

// child runs this program again, as one of the processes of a peer.
func child(folder, name string, args ...string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, append([]string{childArgument}, args...)...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), effectsFile+"="+filepath.Join(folder, "effects"))
	return start(folder, name, cmd)
}

// line is the next line that the process prints.
func (p *process) line() (string, error) {
	if p.lines.Scan() {
		return p.lines.Text(), nil
	}
	log, _ := os.ReadFile(p.log) // as far as there is one
	return "", fmt.Errorf("%s ended: %s", strings.Join(p.cmd.Args, " "), lastLines(string(log), 5))
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// listens waits until the process takes connections, and kills it where it does not.
func (p *process) listens(address string) error {
	const tries, pause = 200, 50 * time.Millisecond
	for range tries {
		if conn, err := net.Dial("tcp", address); err == nil {
			time.Sleep(pause) // some listen before they are ready
			return conn.Close()
		}
		time.Sleep(pause)
	}
	p.kill()
	_, err := p.line()
	return err
}

// ask gives a process with an engine an order and returns its answer, or the error of
// the context when that ends first, which ends the process too.
func (p *process) ask(ctx context.Context, o order) (answer, error) {
	if o.Do != "" {
		if err := json.NewEncoder(p.in).Encode(o); err != nil {
			return answer{}, err
		}
	}
	stop := context.AfterFunc(ctx, p.kill)
	defer stop()
	text, err := p.line()
	if ctx.Err() != nil {
		return answer{}, context.Cause(ctx)
	}
	if err != nil {
		return answer{}, err
	}
	var a answer
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		return a, fmt.Errorf("%s printed %q: %w", strings.Join(p.cmd.Args, " "), text, err)
	}
	if a.Error != "" {
		return a, errors.New(a.Error)
	}
	return a, nil
}

// kill ends the process as kill -9 does, and waits for its end.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	_ = p.cmd.Wait()
}

// stop lets the process end by itself, and kills it where that takes too long.
func (p *process) stop() {
	_ = p.in.Close()
	_ = p.cmd.Process.Signal(os.Interrupt)
	kill := time.AfterFunc(5*time.Second, func() { _ = p.cmd.Process.Kill() })
	defer kill.Stop()
	_ = p.cmd.Wait() // its status says nothing of what was measured
}

// A usage is what processes have used.
type usage struct {
	cpu  time.Duration
	peak int64 // bytes
	rss  int64 // bytes
}

func (u usage) plus(v usage) usage { return usage{u.cpu + v.cpu, u.peak + v.peak, u.rss + v.rss} }

// usageOf reads what a process has used (proc_pid_stat(5), proc_pid_status(5)). shared
// adds its children, ended ones too, and counts memory that they share once: the peak is
// then what they have now.
func usageOf(pid int, shared bool) (usage, error) {
	folder := filepath.Join("/proc", strconv.Itoa(pid))
	stat, err := os.ReadFile(filepath.Join(folder, "stat"))
	if err != nil {
		return usage{}, err
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest) // from the third on
	var u usage
	last := 13 // utime and stime
	if shared {
		last = 15 // those of ended children too
	}
	for _, field := range fields[11:last] {
		ticks, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return u, err
		}
		u.cpu += time.Duration(ticks) * (time.Second / 100)
	}
	if !shared {
		u.peak, err = memoryOf(filepath.Join(folder, "status"), "VmHWM")
		if err != nil {
			return u, err
		}
		u.rss, err = memoryOf(filepath.Join(folder, "status"), "VmRSS")
		return u, err
	}
	if u.rss, err = memoryOf(filepath.Join(folder, "smaps_rollup"), "Pss"); err != nil {
		return u, err
	}
	u.peak = u.rss
	children, err := os.ReadFile(filepath.Join(folder, "task", strconv.Itoa(pid), "children"))
	if err != nil {
		return u, err
	}
	for _, text := range strings.Fields(string(children)) {
		pid, err := strconv.Atoi(text)
		if err != nil {
			return u, err
		}
		if v, err := usageOf(pid, true); err == nil { // it may have ended
			u = u.plus(v)
		}
	}
	return u, nil
}

// memoryOf reads a line such as "VmRSS: 12 kB" of a file of /proc.
func memoryOf(file, name string) (int64, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if key, value, _ := strings.Cut(line, ":"); key == name {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("%s has no line %s", file, name)
}
