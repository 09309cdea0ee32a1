package ci_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// A machine has these commands, by what each prints, and no others.
type machine map[string]string

// setUp runs the set-up script's dry run on the machine, for targets.
func setUp(t *testing.T, has machine, targets ...string) (printed string, status int) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the set-up script needs bash")
	}
	folder := t.TempDir()
	for name, prints := range has {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("#!/bin/sh\necho "+prints+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), bash, append([]string{filepath.Join(root, ".ci", "setup"), "--dry-run"}, targets...)...)
	command.Env = []string{"PATH=" + folder}
	out, err := command.CombinedOutput()
	if err != nil && command.ProcessState == nil {
		t.Fatal(err)
	}
	return string(out), command.ProcessState.ExitCode()
}

func TestSetup(t *testing.T) {
	t.Parallel()
	const (
		asRoot = "0"
		asUser = "1000"
	)
	for name, tt := range map[string]struct {
		has     machine
		targets []string // none: test
		want    string
		status  int
	}{
		"nothing is missing": {
			has: machine{"gcc": "", "node": "v22.1.0", "npm": "", "google-chrome": "", "apt-get": "", "id": asUser},
		},
		"apt-get as root installs everything": {
			has: machine{"apt-get": "", "id": asRoot},
			want: "apt-get update -qq\n" +
				"apt-get install -y -qq --no-install-recommends gcc libc6-dev nodejs npm chromium\n",
		},
		"apt-get as root installs only what is missing": {
			has:  machine{"apt-get": "", "id": asRoot, "clang": "", "node": "v20.0.0", "chromium": ""},
			want: "apt-get update -qq\napt-get install -y -qq --no-install-recommends npm\n",
		},
		"an old Node.js as root": {
			has:  machine{"apt-get": "", "id": asRoot, "gcc": "", "node": "v18.20.4", "npm": "", "chromium": ""},
			want: "npm install --global --no-audit --no-fund node@20\n",
		},
		"apt-get as a user": {
			has: machine{"apt-get": "", "id": asUser, "node": "v20.0.0", "npm": ""},
			want: "make test needs a C compiler, Chromium. Type this, then make test again:\n" +
				"  sudo apt-get update && sudo apt-get install -y --no-install-recommends gcc libc6-dev chromium\n",
			status: 1,
		},
		"an old Node.js as a user": {
			has: machine{"apt-get": "", "id": asUser, "gcc": "", "node": "v18.20.4", "npm": "", "chromium": ""},
			want: "make test needs Node.js 20 or newer, not v18.20.4. Type this, then make test again:\n" +
				"  sudo npm install --global --no-audit --no-fund node@20\n",
			status: 1,
		},
		"Homebrew": {
			has:  machine{"brew": "", "clang": ""},
			want: "brew install --quiet node\nbrew install --quiet --cask chromium\n",
		},
		"Homebrew without Apple's compiler": {
			has:    machine{"brew": "", "node": "v22.1.0", "npm": "", "chromium": ""},
			want:   "make test needs a C compiler. Type this, then make test again:\n  xcode-select --install\n",
			status: 1,
		},
		"no package manager that it knows": {
			has: machine{"gcc": "", "chromium": ""},
			want: "make test needs Node.js 20 or newer with npm. Neither apt-get nor brew is here: " +
				"install it with this system's package manager, then make test again.\n",
			status: 1,
		},
		"nothing is missing for strangers": {
			has:     machine{"aws": "", "python3": "", "curl": "", "apt-get": "", "id": asUser},
			targets: []string{"strangers"},
		},
		"strangers as root": {
			has:     machine{"apt-get": "", "id": asRoot, "node": "v18.20.4"},
			targets: []string{"strangers"},
			want: "apt-get update -qq\n" +
				"apt-get install -y -qq --no-install-recommends awscli python3-boto3 python3-websockets curl\n",
		},
		"test and strangers as root": {
			has:     machine{"apt-get": "", "id": asRoot, "gcc": "", "node": "v20.0.0", "npm": "", "aws": "", "curl": "", "python3": "; exit 1"},
			targets: []string{"test", "strangers"},
			want: "apt-get update -qq\n" +
				"apt-get install -y -qq --no-install-recommends chromium python3-boto3 python3-websockets\n",
		},
		"strangers as a user": {
			has:     machine{"apt-get": "", "id": asUser, "python3": "", "curl": ""},
			targets: []string{"strangers"},
			want: "make strangers needs AWS's CLI. Type this, then make strangers again:\n" +
				"  sudo apt-get update && sudo apt-get install -y --no-install-recommends awscli\n",
			status: 1,
		},
		"nothing is missing for peers": {
			has:     machine{"pg_ctlcluster": "", "apt-get": "", "id": asUser},
			targets: []string{"peers"},
		},
		"peers as root": {
			has:     machine{"apt-get": "", "id": asRoot},
			targets: []string{"peers"},
			want:    "apt-get update -qq\napt-get install -y -qq --no-install-recommends postgresql\n",
		},
		"peers with Homebrew": {
			has:     machine{"brew": ""},
			targets: []string{"peers"},
			want:    "brew install --quiet postgresql\n",
		},
		"strangers with Homebrew": {
			has:     machine{"brew": "", "python3": "; exit 1", "curl": ""},
			targets: []string{"strangers"},
			want: "brew install --quiet awscli\n" +
				"make strangers needs Python's boto3 websockets. Type this, then make strangers again:\n" +
				"  python3 -m pip install --user --break-system-packages boto3 websockets\n",
			status: 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, status := setUp(t, tt.has, tt.targets...)
			if got != tt.want || status != tt.status {
				t.Errorf("got status %d and\n%s\nwant status %d and\n%s", status, got, tt.status, tt.want)
			}
		})
	}
}

// A mistyped flag or target installs nothing.
func TestSetupRefusesOtherArguments(t *testing.T) {
	t.Parallel()
	for _, argument := range []string{"--dryrun", "stranger"} {
		t.Run(argument, func(t *testing.T) {
			t.Parallel()
			out, err := exec.CommandContext(t.Context(), "bash", filepath.Join(root, ".ci", "setup"), argument).CombinedOutput()
			if err == nil || !strings.Contains(string(out), "usage: .ci/setup [--dry-run] [test] [strangers] [peers]") {
				t.Errorf("got %v and %q, want a failure and the usage", err, out)
			}
		})
	}
}
