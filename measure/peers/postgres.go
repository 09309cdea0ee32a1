package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
)

// errNoPostgres says what to type.
var errNoPostgres = errors.New("PostgreSQL is not installed: type .ci/setup peers, or install the package postgresql")

// postgresBinaries is the folder of the newest PostgreSQL that there is, as Debian
// installs it, or what the path has.
func postgresBinaries() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", err
	}
	if len(found) > 0 {
		return filepath.Dir(slices.Max(found)), nil
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		return "", errNoPostgres
	}
	return filepath.Dir(path), nil
}

// A postgres is a server with its defaults, on a free port of 127.0.0.1.
type postgres struct {
	*process
	url string
}

// startPostgres makes a database in the folder and starts a server on it, as another
// user where this one is root, whom PostgreSQL refuses.
func startPostgres(folder string) (*postgres, error) {
	binaries, err := postgresBinaries()
	if err != nil {
		return nil, err
	}
	data := filepath.Join(folder, "postgres")
	if err := os.Mkdir(data, 0o700); err != nil {
		return nil, err
	}
	as, err := postgresUser(data)
	if err != nil {
		return nil, err
	}
	initdb := exec.Command(filepath.Join(binaries, "initdb"), "-D", data, "-U", "peers", "--auth=trust", "--no-instructions")
	initdb.SysProcAttr, initdb.Dir = as, "/"
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, lastLines(string(out), 5))
	}
	port := strconv.Itoa(freePort())
	server := exec.Command(filepath.Join(binaries, "postgres"), "-D", data, "-p", port, "-k", data, "-h", "127.0.0.1")
	server.SysProcAttr, server.Dir = as, "/"
	p, err := start(folder, "postgres", server)
	if err != nil {
		return nil, err
	}
	if err := p.listens("127.0.0.1:" + port); err != nil {
		return nil, err
	}
	return &postgres{p, "postgres://peers@127.0.0.1:" + port + "/postgres"}, nil
}

// postgresUser is as whom the server runs: the user that Debian makes for it, whom the
// folder is given then; nil: as this one.
func postgresUser(folder string) (*syscall.SysProcAttr, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL refuses to run as root: %w", err)
	}
	uid, err := strconv.ParseUint(account.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(account.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	for at := filepath.Dir(folder); at != os.TempDir() && at != "/"; at = filepath.Dir(at) {
		if err := os.Chmod(at, 0o755); err != nil { // it has to pass
			return nil, err
		}
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}},
		os.Chown(folder, int(uid), int(gid))
}

// freePort is one that nothing listens on at the moment; 0 where there is none.
func freePort() int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
