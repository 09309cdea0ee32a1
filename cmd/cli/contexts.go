package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
)

// localContext is the context without settings: the server of this machine.
const localContext = "local"

// A stage is what a context says: where a stage is, how to get a token for it, and whose
// requests its commands are about. A token is never part of it.
type stage struct {
	URL          string `json:"url"`
	HTTPURL      string `json:"http_url,omitempty"`
	TokenCommand string `json:"token_command,omitempty"`
	TokenFile    string `json:"token_file,omitempty"`
	Subject      string `json:"subject,omitempty"`
	Tenant       string `json:"tenant,omitempty"`
}

// contexts are what the file of contexts holds.
type contexts struct {
	Current string           `json:"current,omitempty"` // empty: localContext
	Stages  map[string]stage `json:"contexts"`
}

var contextName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`)

// contextsPath is where the contexts are stored.
func (env *environment) contextsPath() (string, error) {
	if env.configDir == "" {
		return "", errors.New("there is no folder for the configuration of this user: set $HOME or $XDG_CONFIG_HOME")
	}
	return filepath.Join(env.configDir, "streamer", "contexts.json"), nil
}

// readContexts reads the stored contexts; without a file there are none. Since a context
// has a command that is run, a file that others may write is refused.
func (env *environment) readContexts() (contexts, error) {
	all := contexts{Stages: map[string]stage{}}
	path, err := env.contextsPath()
	if err != nil {
		return all, err
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return all, nil
	}
	if err != nil {
		return all, fmt.Errorf("read contexts: %w", err)
	}
	if info, err := os.Stat(path); err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o022 != 0 {
		return all, fmt.Errorf("%s may be written by others, and its token commands are run: chmod 600 it after a look", path)
	}
	if err := json.Unmarshal(data, &all); err != nil {
		return all, fmt.Errorf("%s is not valid: %w; repair it, or delete it and add the contexts again", path, err)
	}
	if all.Stages == nil {
		all.Stages = map[string]stage{}
	}
	return all, nil
}

// writeContexts stores the contexts for this user alone. A reader sees the file as it was
// or as it is, never a part.
func (env *environment) writeContexts(all contexts) error {
	path, err := env.contextsPath()
	if err != nil {
		return err
	}
	data, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("store contexts: %w", err)
	}
	part, err := os.CreateTemp(filepath.Dir(path), "contexts-*") // with mode 0600
	if err != nil {
		return fmt.Errorf("store contexts: %w", err)
	}
	defer os.Remove(part.Name())
	_, err = part.Write(append(data, '\n'))
	if err = errors.Join(err, part.Close()); err == nil {
		err = os.Rename(part.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("store contexts: %w", err)
	}
	return nil
}

// find returns a context by its name.
func (all contexts) find(name string) (stage, error) {
	s, ok := all.Stages[name]
	if !ok {
		return stage{}, fmt.Errorf("there is no context %q: `%s context list` shows them, `%s context add %s --url URL` makes it",
			name, program(), program(), quote(name))
	}
	return s, nil
}

// names are the contexts' names in order, with localContext first.
func (all contexts) names() []string {
	return append([]string{localContext}, slices.Sorted(maps.Keys(all.Stages))...)
}

// check says what is wrong with a context.
func (s stage) check() error {
	for _, one := range []struct {
		flag, value, insecure, secure string
	}{{"url", s.URL, "ws", "wss"}, {"http-url", s.HTTPURL, "http", "https"}} {
		u, err := url.Parse(one.value)
		switch {
		case one.value == "" && one.flag == "http-url":
		case err != nil || u.Scheme != one.insecure && u.Scheme != one.secure || u.Host == "":
			return fmt.Errorf("--%s %q is not a valid %s:// or %s:// URL: write one such as %s://host/stage", one.flag, one.value,
				one.insecure, one.secure, one.secure)
		case u.User != nil || u.RawQuery != "":
			return fmt.Errorf("--%s has a user or a query, which may hold a token, and contexts hold none: leave it out, and set "+
				"--token-command or --token-file", one.flag)
		}
	}
	return nil
}
