// Package ci tests what runs and releases this repository: the set-up script, the
// workflows, and the lists in which a new module is easily forgotten.
package ci
