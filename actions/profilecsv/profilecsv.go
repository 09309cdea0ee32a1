// Package profilecsv has the action profile_csv, which profiles a CSV of any size
// in constant memory. It is apart from package actions, whose actions every
// function binary links: the sketches and the CSV reader weigh at cold starts.
package profilecsv

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/wire"
)

const (
	// blockBytes is read between two looks at the context.
	blockBytes = 1 << 20
	// checkpointEvery bounds what a crash costs, together with the heartbeat
	// that stores the checkpoint.
	checkpointEvery = time.Second
	progressEvery   = 100 * time.Millisecond
	maxNulls        = 20
)

// A csvInput is the payload of profile_csv. It has a text or a file.
type csvInput struct {
	Text      *string  `json:"text,omitempty"`
	File      string   `json:"file,omitempty"`      // below the folder of files, with slashes
	Delimiter string   `json:"delimiter,omitempty"` // "": that of a first line such as sep=;, else a comma
	Header    *bool    `json:"header,omitempty"`    // left out: true
	Columns   []string `json:"columns,omitempty"`   // empty: all
	Nulls     []string `json:"nulls,omitempty"`     // what means no value, beside an empty cell
}

// csvOptions are the settings with their defaults filled in.
type csvOptions struct {
	delimiter rune // 0: what the CSV says, else a comma
	header    bool
	columns   []string
	nulls     []string
}

// UnmarshalJSON implements [json.Unmarshaler].
func (in *csvInput) UnmarshalJSON(data []byte) error {
	type plain csvInput
	return strict(data, (*plain)(in))
}

// Validate implements [streamer.Validator].
func (in csvInput) Validate() error {
	switch {
	case in.Text == nil && in.File == "":
		return refuse("text", "give the CSV as text, or the name of a file as file")
	case in.Text != nil && in.File != "":
		return refuse("file", "give text or file, not both")
	case in.File != "" && !filepath.IsLocal(filepath.FromSlash(in.File)):
		return refuse("file", "%q is not below the folder of files", in.File)
	case len(in.Columns) > maxColumns:
		return refuse("columns", "%d are named, at most %d are allowed", len(in.Columns), maxColumns)
	case len(in.Nulls) > maxNulls:
		return refuse("nulls", "%d are given, at most %d are allowed", len(in.Nulls), maxNulls)
	}
	if in.Delimiter != "" {
		if _, ok := parseDelimiter(in.Delimiter); !ok {
			return refuse("delimiter", "%q is not one character other than a quote or a line end", in.Delimiter)
		}
	}
	return nil
}

func (in csvInput) options() csvOptions {
	o := csvOptions{header: in.Header == nil || *in.Header, columns: in.Columns, nulls: in.Nulls}
	if in.Delimiter != "" {
		o.delimiter, _ = parseDelimiter(in.Delimiter)
	}
	return o
}

// A csvCheckpoint is where the work stands, and on which version of the file.
type csvCheckpoint struct {
	Version version `json:"file"`
	State   []byte  `json:"state"`
}

// A profiler is the action's settings.
type profiler struct {
	files string
	block int64         // bytes
	every time.Duration // between two checkpoints
	tell  time.Duration // between two reports of progress
}

// New returns the action profile_csv, which reads the files below the folder
// named files for every caller alike; with an empty name it reads text only. It
// fails when the folder cannot be opened.
func New(files string) (streamer.Action, error) {
	if files != "" {
		root, err := os.OpenRoot(files)
		if err != nil {
			return streamer.Action{}, fmt.Errorf("profile_csv: folder of files: %w", err)
		}
		root.Close()
	}
	return action(profiler{files: files, block: blockBytes, every: checkpointEvery, tell: progressEvery}), nil
}

func action(c profiler) streamer.Action {
	config := streamer.ActionConfig{
		Name:        "profile_csv",
		Description: "Profiles a CSV of any size: its rows, and of each column the type and the values.",
		Long:        true,
		Limit:       6 * time.Hour,
		Errors:      []wire.Code{wire.NotFound, wire.Forbidden, wire.ProcessingFailed},
	}
	return streamer.NewAction(config, c.run)
}

func (c profiler) run(ctx context.Context, job *streamer.Job, in csvInput) (csvProfile, error) {
	src, err := openSource(c.files, in)
	if err != nil {
		return csvProfile{}, err
	}
	defer src.Close()

	var saved csvCheckpoint
	switch found, err := job.Checkpoint(&saved); {
	case err != nil:
		return csvProfile{}, err
	case found && saved.Version != src.version:
		return csvProfile{}, changedFile(saved.Version, src.version)
	}
	p, err := newProfile(src, in.options(), saved.State)
	if err != nil {
		return csvProfile{}, err
	}
	var stored, reported time.Time
	for more := true; more; {
		if ctx.Err() != nil {
			return csvProfile{}, stopped(ctx, src, p)
		}
		if more, err = p.block(c.block); err != nil {
			if changed := src.check(); changed != nil {
				err = changed // which may be why
			}
			return csvProfile{}, err
		}
		if now := time.Now(); now.Sub(stored) >= c.every {
			stored = now
			if err := src.check(); err != nil {
				return csvProfile{}, err
			}
			if err := job.SetCheckpoint(csvCheckpoint{src.version, p.state}); err != nil {
				return csvProfile{}, err
			}
		}
		if now := time.Now(); now.Sub(reported) >= c.tell || !more {
			reported = now
			reportRead(job, p, src.version.Size, more)
		}
	}
	if err := src.check(); err != nil {
		return csvProfile{}, err
	}
	return p.result(), nil
}

// stopped is what the action returns once its context has ended. At the end of
// its slice it goes on from the last block's end in another one.
func stopped(ctx context.Context, src *source, p *profile) error {
	cause := context.Cause(ctx)
	switch {
	case !errors.Is(cause, streamer.ErrSliceEnd):
		return cause
	case len(p.state) == 0:
		return streamer.Continue(nil)
	}
	return streamer.Continue(csvCheckpoint{src.version, p.state})
}

func reportRead(job *streamer.Job, p *profile, size int64, more bool) {
	read, percentage := p.table.offset(), 100.0
	if more {
		percentage = 100 * float64(read) / float64(size)
	}
	rows := fmt.Sprintf("%d rows", p.rows)
	if p.rows == 1 {
		rows = "1 row"
	}
	job.ProgressWith(percentage, rows, struct {
		Rows  uint64 `json:"rows"`
		Bytes int64  `json:"bytes"`
		Size  int64  `json:"size"`
	}{p.rows, read, size})
}

// A version tells one content of a file from another, as well as size and time
// can.
type version struct {
	Size     int64 `json:"size"`
	Modified int64 `json:"modified"` // nanoseconds since 1970; 0 for inline text
}

func versionOf(info fs.FileInfo) version { return version{info.Size(), info.ModTime().UnixNano()} }

func changedFile(was, is version) error {
	err := streamer.Errorf(wire.ProcessingFailed,
		"the file changed while it was read: it had %d bytes, now it has %d; ask again when it is no longer written to", was.Size, is.Size)
	err.Details = json.RawMessage(`{"field":"file"}`)
	return err
}

// A source is what the CSV is read from.
type source struct {
	io.ReadSeeker
	version version
	file    *os.File // nil for inline text
}

// openSource opens the payload's text or its file below the folder files. A name
// that leads out of it, by dots or by a symbolic link, is refused by [os.Root].
func openSource(files string, in csvInput) (*source, error) {
	if in.Text != nil {
		return &source{ReadSeeker: strings.NewReader(*in.Text), version: version{Size: int64(len(*in.Text))}}, nil
	}
	if files == "" {
		return nil, refuse("file", "this server has no folder of files; send the CSV as text")
	}
	root, err := os.OpenRoot(files)
	if err != nil {
		return nil, fmt.Errorf("open the folder of files: %w", err)
	}
	defer root.Close()
	// Opening a named pipe would wait for its writer, so look first.
	name := filepath.FromSlash(in.File)
	info, err := root.Stat(name)
	if err != nil {
		return nil, fileError(in.File, err)
	}
	if !info.Mode().IsRegular() {
		return nil, refuse("file", "%q is not a regular file", in.File)
	}
	file, err := root.Open(name)
	if err != nil {
		return nil, fileError(in.File, err)
	}
	if info, err = file.Stat(); err != nil {
		file.Close()
		return nil, fmt.Errorf("stat file: %w", err)
	}
	return &source{ReadSeeker: file, version: versionOf(info), file: file}, nil
}

// fileError declares what the caller can do something about. The reason why
// os.Root refuses a name comes from no system call.
func fileError(name string, err error) error {
	_, ofSystem := errors.AsType[syscall.Errno](err)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return streamer.Errorf(wire.NotFound, "file: there is no %q", name)
	case errors.Is(err, fs.ErrPermission):
		return streamer.Errorf(wire.Forbidden, "file: the server may not read %q", name)
	case errors.Is(err, syscall.ELOOP), !ofSystem:
		return refuse("file", "%q is not below the folder of files", name)
	}
	return fmt.Errorf("open file: %w", err)
}

// check fails when the file is no longer what it was.
func (s *source) check() error {
	if s.file == nil {
		return nil
	}
	info, err := s.file.Stat()
	if err != nil {
		return fmt.Errorf("stat file: %w", err)
	}
	if is := versionOf(info); is != s.version {
		return changedFile(s.version, is)
	}
	return nil
}

// Close closes the file, if there is one.
func (s *source) Close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}
