package oneproc_test

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"testing"

	_ "github.com/pay-theory/streamer/lift/internal/oneproc"
)

// TestMain is also the process that TestOneThread looks at.
func TestMain(m *testing.M) {
	if os.Getenv("ONEPROC_TEST") != "" {
		fmt.Print(runtime.GOMAXPROCS(0))
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestOneThread(t *testing.T) {
	t.Parallel()
	if runtime.NumCPU() == 1 {
		t.Skip("there is one CPU")
	}
	for name, c := range map[string]struct {
		env []string
		one bool
	}{
		"a small function":       {[]string{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=1768"}, true},
		"one of a whole CPU":     {[]string{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=1769"}, false},
		"one that has decided":   {[]string{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=128", "GOMAXPROCS=2"}, false},
		"one of several at once": {[]string{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=128", "AWS_LAMBDA_MAX_CONCURRENCY=16"}, false},
		"elsewhere":              {nil, false},
		"a size that is no size": {[]string{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=small"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(c.env, "ONEPROC_TEST=1")
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			if one := string(out) == "1"; one != c.one {
				t.Errorf("%s runs on %s threads", name, out)
			}
		})
	}
}
