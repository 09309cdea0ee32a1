package lift_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer/internal/budget"
	"github.com/pay-theory/streamer/lift/gobuild"
	"github.com/pay-theory/streamer/lift/lifttest"
)

const helloWorld = "./testdata/hello"

// A hello-world with the whole stack stays within what is written down. The
// figures are those of linux/amd64.
func TestBudget(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds a function twice")
	}
	if runtime.GOOS+"/"+runtime.GOARCH != "linux/amd64" {
		t.Skip("the figures are those of linux/amd64")
	}
	t.Parallel()
	binary := lifttest.Build(t, helloWorld)
	info, err := os.Stat(binary)
	if err != nil {
		t.Fatal(err)
	}
	budget.Test(t, "hello", map[string]int{
		"packages":       len(strings.Fields(goOutput(t, "list", "-deps", "-tags", gobuild.Tags, helloWorld))),
		"bytes":          int(info.Size()),
		"reflect_method": strings.Count(dumpDependencies(t), "<ReflectMethod>"),
		"init_allocs":    initAllocations(t, binary),
	})
}

func goOutput(t *testing.T, args ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", args...)
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", args[0], err, stderr.String())
	}
	return string(out)
}

// dumpDependencies returns what the linker says of reachable methods. Where it
// says <ReflectMethod>, it keeps every exported method of every type.
func dumpDependencies(t *testing.T) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", slices.Concat([]string{"build"}, gobuild.Flags(),
		[]string{"-ldflags=" + gobuild.LinkerFlags + " -dumpdep", "-o", filepath.Join(t.TempDir(), "bootstrap"), helloWorld})...)
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	if !bytes.Contains(out, []byte("main.main")) {
		t.Fatal("the linker dumped no dependencies")
	}
	return string(out)
}

var initLine = regexp.MustCompile(`(?m)^init \S+ @.* (\d+) allocs$`)

// initAllocations is the least that all packages allocate before main in five starts:
// what Go's runtime allocates meanwhile is counted to them, now and then.
func initAllocations(t *testing.T, binary string) int {
	t.Helper()
	least := traceInit(t, binary)
	for range 4 {
		least = min(least, traceInit(t, binary))
	}
	return least
}

func traceInit(t *testing.T, binary string) int {
	t.Helper()
	f := lifttest.StartFunction(t, binary, "GODEBUG=inittrace=1")
	select {
	case <-f.API.Ready():
	case <-f.Exited():
		t.Fatalf("hello ended: %s", f.Output())
	case <-time.After(time.Minute):
		t.Fatal("hello does not ask for an invocation")
	}
	_ = f.Shutdown(t) // ended by a signal; its output is complete then
	sum := 0
	lines := initLine.FindAllStringSubmatch(f.Output(), -1)
	for _, line := range lines {
		n, err := strconv.Atoi(line[1])
		if err != nil {
			t.Fatal(err)
		}
		sum += n
	}
	if !slices.ContainsFunc(lines, func(line []string) bool { return strings.HasPrefix(line[0], "init runtime ") }) {
		t.Fatalf("no trace of init in %s", f.Output())
	}
	return sum
}
