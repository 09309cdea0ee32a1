// Package ci tests what runs and releases this repository: the set-up script, the
// workflows, the lists that a new module must join, and the links of the documents.
package ci
