package cli

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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
	temp := t.TempDir()
	living := filepath.Join(temp, filepath.Base(ourFolder(t)))
	if err := os.Mkdir(living, 0o700); err != nil {
		t.Fatal(err)
	}
	held, _ := pipe(t) // its other end is open until the test has ended
	read, stdout := pipe(t)
	dev := exec.Command(self, "dev", "--project", folder)
	dev.Env = append(os.Environ(), "STREAMER_TEST_AS_PROGRAM=1", "TMPDIR="+temp) // which it leaves full
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

	next := exec.Command(self, "dev", "--project", folder)
	next.Env = dev.Env
	if out, err := next.CombinedOutput(); err != nil {
		t.Fatalf("the next start: %v\n%s", err, out)
	}
	left, err := filepath.Glob(filepath.Join(temp, "streamer-project-*"))
	if want := []string{living}; err != nil || !slices.Equal(left, want) {
		t.Errorf("the next start leaves %q, %v; want that of a process that lives, %q", left, err, want)
	}
}

// ourFolder is a folder for a program of this process.
func ourFolder(t *testing.T) string {
	t.Helper()
	folder, err := programFolder()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(folder); err != nil {
			t.Error(err)
		}
	})
	return folder
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
