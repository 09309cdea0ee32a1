package cli

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// takes checks how many arguments a command has.
func takes(least, most int) cobra.PositionalArgs {
	number := map[[2]int]string{{0, 0}: "no arguments", {0, 1}: "at most 1 argument", {1, 1}: "1 argument"}[[2]int{least, most}]
	if number == "" {
		number = fmt.Sprintf("%d or %d arguments", least, most)
	}
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case slices.Contains(args[:min(least, len(args))], ""):
			return errEmpty(cmd)
		case len(args) >= least && len(args) <= most:
			return nil
		case most == 0 && cmd.HasAvailableSubCommands():
			return cobra.NoArgs(cmd, args) // it is an unknown command
		case len(args) <= most:
			return fmt.Errorf("%s takes %s, and got %d", cmd.CommandPath(), number, len(args))
		}
		advice := ""
		if most > 0 {
			advice = "; quote for the shell what has spaces"
		}
		return fmt.Errorf("%s takes %s, and got %d: leave out %s%s", cmd.CommandPath(), number, len(args), quote(args[most]), advice)
	}
}

var (
	exclusiveFlags = regexp.MustCompile(`^if any flags in the group .* are set none of the others can be; \[(.+)\] were all set$`)
	requiredFlags  = regexp.MustCompile(`^required flag\(s\) "(.+)" not set$`)
)

// plain says in a sentence what cobra and pflag found wrong with the arguments.
func plain(cmd *cobra.Command, err error) error {
	if value, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return invalidValue(value)
	}
	if missing, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		flag := missing.GetFlag()
		return fmt.Errorf("--%s has no value: write it behind the flag, as in --%s %s", flag.Name, flag.Name, strings.ToUpper(flag.Value.Type()))
	}
	if flags := exclusiveFlags.FindStringSubmatch(err.Error()); flags != nil {
		return fmt.Errorf("--%s exclude each other: leave one of them out", strings.Join(strings.Fields(flags[1]), " and --"))
	}
	if flags := requiredFlags.FindStringSubmatch(err.Error()); flags != nil {
		return fmt.Errorf("%s needs --%s: set it", cmd.CommandPath(), strings.ReplaceAll(flags[1], `", "`, " and --"))
	}
	return err
}

// invalidValue says what a flag takes.
func invalidValue(err *pflag.InvalidValueError) error {
	name, value := err.GetFlag().Name, err.GetValue()
	switch err.GetFlag().Value.Type() {
	case "int", "int64":
		if errors.Is(err, errBelowZero) {
			return fmt.Errorf("--%s %s is below zero: write a number of requests, or 0 for no limit", name, value)
		}
		return fmt.Errorf("--%s %q is not a whole number: write one such as 20", name, value)
	case "duration":
		if errors.Is(err, errNotAhead) {
			return fmt.Errorf("--%s %s is not a time above zero: write one such as 90s or 8h", name, value)
		}
		return fmt.Errorf("--%s %q is not a duration: write one such as 90s or 8h", name, value)
	case "bool":
		return fmt.Errorf("--%s=%s is neither true nor false: write --%s alone to set it", name, value, name)
	}
	return fmt.Errorf("--%s %q is not valid: %w", name, value, err.Unwrap())
}

// A span is the value of a flag for a time above zero. Its zero value is no default.
type span time.Duration

var errNotAhead = errors.New("not above zero")

// spanFlag adds a flag for a time above zero. A default of 0 is not shown: it is another's.
func spanFlag(f *pflag.FlagSet, p *time.Duration, name string, usual time.Duration, usage string) {
	*p = usual
	f.Var((*span)(p), name, usage)
}

// Set takes a time above zero.
func (s *span) Set(text string) error {
	d, err := time.ParseDuration(text)
	if err == nil && d <= 0 {
		err = errNotAhead
	}
	if err == nil {
		*s = span(d)
	}
	return err
}

// String is the time as Go writes it; empty for none.
func (s *span) String() string {
	if *s == 0 {
		return ""
	}
	return time.Duration(*s).String()
}

// Type is what the flag's value is called in --help.
func (s *span) Type() string { return "duration" }

// A limitValue is that of a flag for a number of requests; 0 sets no limit.
type limitValue int

var errBelowZero = errors.New("below zero")

// limitFlag adds a flag for a limit, whose default is what p has.
func limitFlag(f *pflag.FlagSet, p *int, name, usage string) { f.Var((*limitValue)(p), name, usage) }

// Set takes a number from zero on.
func (l *limitValue) Set(text string) error {
	n, err := strconv.Atoi(text)
	if err == nil && n < 0 {
		err = errBelowZero
	}
	if err == nil {
		*l = limitValue(n)
	}
	return err
}

// String is the number.
func (l *limitValue) String() string { return strconv.Itoa(int(*l)) }

// Type is what the flag's value is called in --help.
func (l *limitValue) Type() string { return "int" }

// A requestID is the value of a flag for an id, which is not empty where it is given.
type requestID string

// idFlag adds a flag for an id.
func idFlag(f *pflag.FlagSet, p *string, name, usage string) { f.Var((*requestID)(p), name, usage) }

// Set takes an id.
func (i *requestID) Set(text string) error {
	if text == "" {
		return errors.New("an empty id was given: is a variable unset?")
	}
	*i = requestID(text)
	return nil
}

// String is the id; empty for none.
func (i *requestID) String() string { return string(*i) }

// Type is what the flag's value is called in --help.
func (i *requestID) Type() string { return "string" }

// errEmpty says that an argument is empty which may not be.
func errEmpty(cmd *cobra.Command) error {
	what := "argument"
	if strings.Contains(cmd.Use, "ID") {
		what = "id or argument"
	}
	return fmt.Errorf("%s got an empty %s: is a variable unset?", cmd.CommandPath(), what)
}

// refuseUnknownHelp makes help of a command that there is not a mistake, as the command is.
func refuseUnknownHelp(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	help, _, err := root.Find([]string{"help"})
	if err != nil {
		panic(err) // cobra has it
	}
	help.Args = func(_ *cobra.Command, args []string) error {
		cmd, rest, err := root.Find(args)
		if err == nil && cmd.HasSubCommands() {
			err = cobra.NoArgs(cmd, rest)
		}
		return err
	}
}

// checkState checks the value of a flag --state, in upper case.
func checkState(state string, allowed []string) error {
	if slices.Contains(allowed, state) {
		return nil
	}
	return &exitError{exitUsage, fmt.Errorf("--state %q is not a state: set %s", state, listed(allowed, "or"))}
}

// checkPage checks the value of a flag --limit of a page.
func checkPage(limit int) error {
	if limit < 1 || limit > pageSize {
		return &exitError{exitUsage, fmt.Errorf("--limit %d is not the size of a page: set one from 1 to %d", limit, pageSize)}
	}
	return nil
}
