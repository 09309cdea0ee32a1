package sqlite_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/store/sqlite"
)

// crashFile tells a test binary that it is the child of TestKilledInTheMiddle,
// and which file to write.
const crashFile = "STREAMER_SQLITE_CRASH_FILE"

func TestMain(m *testing.M) {
	if path := os.Getenv(crashFile); path != "" {
		fmt.Fprintln(os.Stderr, writeUntilKilled(path))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// writeUntilKilled prints one line, "id rev", for each write that the store has
// acknowledged.
func writeUntilKilled(path string) error {
	s, err := sqlite.Open(context.Background(), path)
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	faults := make(chan error, 4)
	for i := range cap(faults) {
		wg.Go(func() {
			for n := 0; ; n++ {
				r := newRequest(fmt.Sprintf("r-%d-%d-%d", os.Getpid(), i, n))
				r.Payload = []byte(`"` + strings.Repeat("x", 2000) + `"`)
				if _, _, err := s.CreateRequest(context.Background(), r); err != nil {
					faults <- err
					return
				}
				fmt.Println(r.ID, 1)
				for rev := 2; rev < 6; rev++ {
					if _, err := s.ChangeRequest(context.Background(), r.Key, request.Change{Set: request.Effects{AddRev: 1}}); err != nil {
						faults <- err
						return
					}
					fmt.Println(r.ID, rev)
				}
			}
		})
	}
	return <-faults
}

func TestKilledInTheMiddleNothingAcknowledgedIsLost(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "streamer.db")
	acknowledged := map[string]int64{}
	for round := range 4 {
		child := exec.CommandContext(t.Context(), os.Args[0])
		child.Env = append(os.Environ(), crashFile+"="+path)
		child.Stderr = os.Stderr
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			var (
				id  string
				rev int64
			)
			if _, err := fmt.Sscan(lines.Text(), &id, &rev); err != nil {
				continue // the last line may be cut
			}
			acknowledged[id] = max(acknowledged[id], rev)
			switch n {
			case 0:
				wantInUse(t, path)
			case 60 + 37*round:
				if err := child.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		var exit *exec.ExitError
		if err := child.Wait(); !errors.As(err, &exit) || exit.Exited() {
			t.Fatalf("the child was not killed: %v", err)
		}

		s := open(t, path)
		for id, rev := range acknowledged {
			r, err := s.LoadRequest(t.Context(), newRequest(id).Key)
			if err != nil || r.Rev < rev {
				t.Fatalf("round %d: %s was acknowledged at rev %d and loads as %+v, %v", round, id, rev, r, err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d requests were acknowledged before four kills", len(acknowledged))
}

// wantInUse fails unless a second process is told at once that the file is in
// use.
func wantInUse(t *testing.T, path string) {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path)
	var advice *sqlite.OpenError
	if !errors.As(err, &advice) || !strings.Contains(advice.Advice, "another process") {
		t.Errorf("a second process opens the file: %+v, %v", s, err)
	}
}
