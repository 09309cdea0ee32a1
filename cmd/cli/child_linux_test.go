package cli

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"
)

// A project's program ends with the `streamer dev` that runs it, also where that is killed.
func TestAKilledDevTakesItsProjectAlong(t *testing.T) {
	t.Parallel()
	folder := programOf(t, `package main

import (
	"fmt"
	"io"
	"os"
)

func main() {
	fmt.Println("runs")
	_, _ = io.Copy(io.Discard, os.Stdin) // ends with the test at the latest
}
`)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	held, _ := pipe(t) // its other end is open until the test has ended
	read, stdout := pipe(t)
	dev := exec.Command(self, "dev", "--project", folder)
	dev.Env = append(os.Environ(), "STREAMER_TEST_AS_PROGRAM=1", "TMPDIR="+t.TempDir()) // which it leaves full
	dev.Stdin, dev.Stdout, dev.Stderr = held, stdout, os.Stderr
	if err := dev.Start(); err != nil {
		t.Fatal(err)
	}
	if err := stdout.Close(); err != nil {
		t.Fatal(err)
	}
	if err := read.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(read)
	if line, err := lines.ReadString('\n'); line != "runs\n" {
		t.Errorf("the project's program prints %q, %v", line, err)
	}
	if err := dev.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = dev.Wait() // it was killed
	if rest, err := io.ReadAll(lines); err != nil {
		t.Errorf("got %q, %v, want the end of the output of a program that has ended", rest, err)
	}
}

// pipe is an os.Pipe that is closed when the test has ended.
func pipe(t *testing.T) (read, write *os.File) {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = read.Close()
		_ = write.Close() // or the test has
	})
	return read, write
}
