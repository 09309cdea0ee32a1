package request

import "strings"

// Slot names. What is held from the request's creation to its end has the first
// prefix, what is held while it runs has the others.
const (
	PrefixOpen   = "open:"
	PrefixTenant = "tenant:"
	PrefixAction = "action:"
)

// releasable are the slots that a request gives back when it goes from RUNNING
// to the state, or from QUEUED to a final one.
func Releasable(slots []string, to State) []string {
	if to.Final() {
		return slots
	}
	var release []string
	for _, name := range slots {
		if !strings.HasPrefix(name, PrefixOpen) {
			release = append(release, name)
		}
	}
	return release
}

func SlotNames(slots []Slot) []string {
	var names []string
	for _, slot := range slots {
		names = append(names, slot.Name)
	}
	return names
}
