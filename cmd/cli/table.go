package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/pay-theory/streamer/wire"
)

// The formats of --output.
const (
	formatTable = "table" // columns for a person
	formatWide  = "wide"  // more columns, none of them cut
	formatJSON  = "json"  // the server's answer, one value
	formatJSONL = "jsonl" // a line of JSON for each row
	formatName  = "name"  // a line with the name of each row
	formatText  = "text"  // sentences, of commands that print no rows
)

// rowFormats are the formats of a command that prints rows.
var rowFormats = []string{formatTable, formatWide, formatJSON, formatJSONL, formatName}

// A format is how a command prints, the value of its flag --output.
type format struct {
	name    string
	allowed []string
}

// outputFlag adds --output with the formats that a command has; the first is the default.
func (f *format) outputFlag(cmd *cobra.Command, formats ...string) {
	f.name, f.allowed = formats[0], formats
	cmd.Flags().VarP(f, "output", "o", "what to print: "+listed(formats, "or"))
	complete(cmd, "output", formats)
}

// String is the format's name.
func (f *format) String() string { return f.name }

// Type is what the flag's value is called in --help.
func (f *format) Type() string { return "format" }

// Set takes a format that the command has.
func (f *format) Set(name string) error {
	if !slices.Contains(f.allowed, name) {
		return fmt.Errorf("the formats are %s", listed(f.allowed, "and"))
	}
	f.name = name
	return nil
}

// listed joins words as a sentence does.
func listed(words []string, last string) string {
	if len(words) == 1 {
		return words[0]
	}
	return strings.Join(words[:len(words)-1], ", ") + " " + last + " " + words[len(words)-1]
}

// A column is one of a table of rows of type T.
type column[T any] struct {
	title  string
	cell   func(T) string
	wide   bool // only in the format wide
	text   bool // words to read, which may be cut; the cells of other columns are whole
	rank   int  // on a narrow terminal the highest goes first: a text below its row, another column out; 0: it stays
	colour func(T) string
}

// A table prints rows in any of the row formats.
type table[T any] struct {
	columns []column[T]
	name    func(T) string          // of the format name
	json    func(T) json.RawMessage // of the format jsonl; nil: what encoding/json makes
	none    string                  // what is said on stderr when there are no rows
}

// print prints rows in a format; whole is the value of the format json.
func (t table[T]) print(env *environment, f format, whole any, rows []T) error {
	if raw, ok := whole.(json.RawMessage); ok && f.name == formatJSON {
		return printJSON(env, raw)
	}
	if f.name == formatJSON {
		return printValue(env, whole)
	}
	if len(rows) == 0 && f.name != formatJSONL && f.name != formatName {
		env.sayf("%s\n", t.none)
		return nil
	}
	width := 0
	if env.terminal(env.stdout) && f.name == formatTable {
		width = env.width()
	}
	return t.lines(env, f, rows, width)
}

// lines prints rows in a format that has lines. A width above 0 is the terminal's.
func (t table[T]) lines(env *environment, f format, rows []T, width int) error {
	switch f.name {
	case formatName:
		for _, row := range rows {
			if err := env.print("%s\n", t.name(row)); err != nil {
				return err
			}
		}
		return nil
	case formatJSONL:
		for _, row := range rows {
			line, err := t.encode(row)
			if err != nil {
				return err
			}
			if env.terminal(env.stdout) {
				line = printableJSON(line)
			}
			if err := env.print("%s\n", line); err != nil {
				return err
			}
		}
		return nil
	}
	return env.print("%s", t.render(layout{wide: f.name == formatWide, coloured: env.colours(env.stdout), width: width}, rows))
}

func (t table[T]) encode(row T) (json.RawMessage, error) {
	if t.json != nil {
		return t.json(row), nil
	}
	return json.Marshal(row)
}

// The colours of terminals: SGR parameters of ECMA-48.
const (
	red    = "31"
	green  = "32"
	yellow = "33"
	cyan   = "36"
	faint  = "2"
)

func paint(text, colour string) string {
	if colour == "" {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

// stateColour is the colour of a request's state.
func stateColour(state string) string {
	return map[string]string{wire.StateQueued: yellow, wire.StateRunning: cyan, wire.StateSucceeded: green, wire.StateFailed: red,
		wire.StateCancelled: faint}[state]
}

// colours reports whether a stream shows colours: a terminal does, unless NO_COLOR is set.
func (env *environment) colours(stream any) bool {
	return env.terminal(stream) && env.getenv("NO_COLOR") == ""
}

// width is how many characters a line of the terminal has.
func (env *environment) width() int {
	if f, ok := env.stdout.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			return width
		}
	}
	return 80
}

// stamp is a time in this machine's zone, which it names. --since takes it as it is.
func stamp(t time.Time) string { return t.Local().Format(time.RFC3339) }

// stampOf is stamp for a time that may not have come.
func stampOf(t *time.Time) string {
	if t == nil {
		return ""
	}
	return stamp(*t)
}

// shortAge is how long ago t was, in its largest unit, or two where one says little.
func shortAge(t, now time.Time) string { return shortDuration(now.Sub(t)) }

func shortDuration(d time.Duration) string {
	const day = 24 * time.Hour
	d = max(d, 0)
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < 10*time.Minute:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	case d < 3*time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 10*time.Hour:
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	case d < 2*day:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%dd", int(d/day))
}
