package stack

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
)

// databaseFile is the store's name in a data folder.
const databaseFile = "streamer.db"

// What keeps the development key and the database out of git: in a folder that the
// stack made, everything; in one that was there, and may have a project in it, the
// stack's own files.
const (
	ignoreWhy = "# The development key and the database are of this machine alone.\n"
	ignoreAll = ignoreWhy + "*\n"
	ignoreOwn = ignoreWhy + "/.gitignore\n/" + keyFile + "\n/" + databaseFile + "*\n"
)

// openFolder makes a data folder, or takes one that is there. The stack's files in
// it can be read and written by their owner alone, whatever the umask is and
// whoever made the folder. It refuses a folder that every user may write, and warns
// of one that a group may: many systems make folders so, for a group of one user.
func openFolder(ctx context.Context, dir string, logger *slog.Logger) error {
	ignored := ignoreOwn
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		ignored = ignoreAll
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("cannot make the data folder %s: %w; choose another with --data", dir, err)
	}
	if runtime.GOOS != "windows" { // whose folders have no such bits
		info, err := os.Stat(dir)
		if err != nil {
			return fmt.Errorf("cannot use the data folder %s: %w; choose another with --data", dir, err)
		}
		switch mode := info.Mode().Perm(); {
		case mode&0o002 != 0:
			return fmt.Errorf("every user of this machine may write into the data folder %s (mode %04o), "+
				"and put a key there that they know: run chmod go-w on it, or choose another with --data", dir, mode)
		case mode&0o020 != 0:
			logger.WarnContext(ctx, "a group may write into the data folder, and replace the key: run chmod g-w on it",
				"folder", dir, "mode", fmt.Sprintf("%04o", mode))
		}
	}
	// SQLite makes files with mode 0644 and gives -wal and -shm that of the database,
	// so the database and its lock must be there before it opens them.
	for _, name := range []string{databaseFile, databaseFile + "-lock"} {
		if err := touch(filepath.Join(dir, name), ""); err != nil {
			return fmt.Errorf("cannot write into the data folder: %w; choose another with --data", err)
		}
	}
	if err := touch(filepath.Join(dir, ".gitignore"), ignored); err != nil {
		return fmt.Errorf("cannot write into the data folder: %w; choose another with --data", err)
	}
	return closeToOthers(dir)
}

// touch makes a file with a content, if there is none.
func touch(path, content string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = file.WriteString(content)
	return errors.Join(err, file.Close())
}

// closeToOthers takes the rights of other users from the files that earlier starts left.
func closeToOthers(dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, databaseFile+"*"))
	if err != nil {
		return fmt.Errorf("list the data folder %s: %w", dir, err)
	}
	for _, path := range append(files, filepath.Join(dir, keyFile)) {
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) || err == nil && info.Mode().Perm()&0o077 == 0 {
			continue
		}
		if err == nil {
			err = os.Chmod(path, 0o600)
		}
		if err != nil {
			return fmt.Errorf("other users may have %s, and its mode cannot be changed to 0600: %w; "+
				"move it away, or choose another folder with --data", path, err)
		}
	}
	return nil
}
