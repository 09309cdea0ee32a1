package lambda

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// maxLine is where a line is cut; Lambda's log events are no longer.
const maxLine = 256 << 10

// A lineWriter passes on what a process prints: whole lines, with a prefix, and very long
// ones in pieces. What has no newline at the end of the process is lost.
type lineWriter struct {
	pipe   *os.File // that the process prints to
	from   *os.File // its other end
	to     io.Writer
	shared *sync.Mutex // of to
	prefix string
	level  string
	read   chan struct{} // closed when there is nothing more to read

	mu    sync.Mutex
	begun []byte
	of    *invocation   // that gets the log, too; nil: none does
	mark  []byte        // behind what of's process has printed, once it has answered
	found chan struct{} // closed when mark was read
}

func newLineWriter(c ProcessConfig, shared *sync.Mutex) (*lineWriter, error) {
	from, pipe, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	l := &lineWriter{pipe: pipe, from: from, to: c.Output, shared: shared, prefix: c.Name + ": ", level: c.LogLevel,
		read: make(chan struct{})}
	go func() {
		defer close(l.read)
		_, _ = io.Copy(l, from) // ends with the pipe
	}()
	return l, nil
}

// close ends the writer when its process has ended, and waits until all is read, a second
// at most: a child of the process may hold the pipe open.
func (l *lineWriter) close() {
	_ = l.pipe.Close() // nothing is buffered
	timer := time.AfterFunc(time.Second, func() { _ = l.from.Close() })
	<-l.read
	if timer.Stop() {
		_ = l.from.Close()
	}
}

// begin gives the log to an invocation that wants it, until end.
func (l *lineWriter) begin(inv *invocation) {
	if inv.tail == nil {
		return
	}
	inv.tail.start(inv)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.of, l.found = inv, make(chan struct{})
	l.mark = fmt.Appendf(nil, "\x00%s\x00", inv.id)
}

// end returns when the invocation has what its process printed. For that it prints a mark
// behind it: a pipe keeps the order.
func (l *lineWriter) end(inv *invocation) {
	if inv.tail == nil {
		return
	}
	l.mu.Lock()
	mark, found := l.mark, l.found
	l.mu.Unlock()
	if _, err := l.pipe.Write(mark); err == nil {
		select {
		case <-found:
		case <-l.read:
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.of, l.mark = nil, nil
}

func (l *lineWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.begun = append(l.begun, p...)
	if l.mark == nil {
		return len(p), l.lines()
	}
	before, after, marked := bytes.Cut(l.begun, l.mark)
	if !marked {
		return len(p), l.lines()
	}
	l.begun = bytes.Clone(before)
	err := l.lines()
	l.of, l.mark = nil, nil
	close(l.found)
	l.begun = append(l.begun, after...)
	return len(p), err
}

// lines passes on the whole lines that have come.
func (l *lineWriter) lines() error {
	for {
		line, rest, ok := bytes.Cut(l.begun, []byte("\n"))
		if !ok && len(l.begun) < maxLine {
			return nil
		}
		l.begun = rest
		if !Keeps(l.level, line) {
			continue
		}
		if l.of != nil {
			l.of.tail.add(line)
		}
		if l.to == nil {
			continue
		}
		l.shared.Lock()
		_, err := fmt.Fprintf(l.to, "%s%s\n", l.prefix, line)
		l.shared.Unlock()
		if err != nil {
			return err
		}
	}
}
