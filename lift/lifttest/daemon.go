package lifttest

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"testing"
	"time"
)

// A Daemon takes the place of the X-Ray daemon: it receives segments over UDP
// on loopback.
type Daemon struct {
	conn net.PacketConn
}

// NewDaemon starts a Daemon that ends with the test.
func NewDaemon(t testing.TB) *Daemon {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("listen: %v", err)
	}
	t.Cleanup(func() { conn.Close() })
	return &Daemon{conn}
}

// Address returns the address, for trace.Config.
func (d *Daemon) Address() string { return d.conn.LocalAddr().String() }

// Next waits for the next packet and returns its document. It fails the test
// when none comes, or one that the daemon would not take.
func (d *Daemon) Next(t testing.TB) []byte {
	t.Helper()
	packet := d.read(t, 10*time.Second)
	if packet == nil {
		t.Fatal("no segment came")
	}
	header, document, _ := bytes.Cut(packet, []byte("\n"))
	var preface struct {
		Format  string
		Version int
	}
	if err := json.Unmarshal(header, &preface); err != nil || preface.Format != "json" || preface.Version != 1 {
		t.Fatalf("the packet begins with %q", header)
	}
	return document
}

// Segment is Next with the document decoded.
func (d *Daemon) Segment(t testing.TB) map[string]any {
	t.Helper()
	document := d.Next(t)
	var segment map[string]any
	if err := json.Unmarshal(document, &segment); err != nil {
		t.Fatalf("segment %q is not JSON: %v", document, err)
	}
	return segment
}

// Empty fails the test when a packet has come that no one has read. What was
// sent on loopback before the call has come.
func (d *Daemon) Empty(t testing.TB) {
	t.Helper()
	if packet := d.read(t, 0); packet != nil {
		t.Errorf("a packet came: %s", packet)
	}
}

// read returns a packet, or nil after the time. Without a time it takes what is
// there.
func (d *Daemon) read(t testing.TB, wait time.Duration) []byte {
	t.Helper()
	buf := make([]byte, 64<<10)
	if wait == 0 {
		// A packet of our own comes behind all others.
		own, err := net.Dial("udp", d.Address())
		if err != nil {
			t.Fatalf("dial: %v", err)
		}
		defer own.Close()
		if _, err := own.Write([]byte("end")); err != nil {
			t.Fatalf("write: %v", err)
		}
		wait = 10 * time.Second
	}
	if err := d.conn.SetReadDeadline(time.Now().Add(wait)); err != nil {
		t.Fatal(err)
	}
	n, _, err := d.conn.ReadFrom(buf)
	if err != nil || string(buf[:n]) == "end" {
		return nil
	}
	return buf[:n]
}

// Traced returns a context in which Invoke sees the trace header, as Lambda
// gives it with an invocation.
func Traced(ctx context.Context, header string) context.Context {
	//lint:ignore SA1029 the key is the one of aws-lambda-go
	return context.WithValue(ctx, "x-amzn-trace-id", header)
}
