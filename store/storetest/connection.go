package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/pay-theory/streamer"
)

// connection is an open connection, with an expiry that has not passed whatever
// the clock says: a store may drop one a day after that.
func connection(id string) streamer.Connection {
	return streamer.Connection{
		ID: id,
		Principal: streamer.Principal{Tenant: "acme", Subject: "ada", Scopes: []string{"write", "read", "a b", "日本"},
			ExpiresAt: time.Date(2100, 1, 2, 3, 4, 5, 6_000_000, time.UTC)},
		ConnectedAt: epoch,
	}
}

var connectionTests = []test{
	{"every field comes back", func(t *testing.T, s suite) {
		c := connection("L0SM9cOFvHcCIhw=")
		s.save(t, c)
		s.opened(t, c)
	}},
	{"a principal without scopes", func(t *testing.T, s suite) {
		c := connection("c-1")
		c.Principal.Scopes = nil
		s.save(t, c)
		s.opened(t, c)
	}},
	{"times are kept to the millisecond in UTC", func(t *testing.T, s suite) {
		c := connection("c-1")
		zone := time.FixedZone("somewhere", -3*3600)
		c.ConnectedAt, c.Principal.ExpiresAt = c.ConnectedAt.Add(999_999).In(zone), c.Principal.ExpiresAt.Add(999_999).In(zone)
		s.save(t, c)
		c.ConnectedAt, c.Principal.ExpiresAt = kept(c.ConnectedAt), kept(c.Principal.ExpiresAt)
		s.opened(t, c)
	}},
	{"saving again replaces all of it", func(t *testing.T, s suite) {
		s.save(t, connection("c-1"))
		c := streamer.Connection{ID: "c-1", Principal: streamer.Principal{Tenant: "globex", Subject: "bob", Scopes: []string{"other"},
			ExpiresAt: connection("").Principal.ExpiresAt.Add(time.Hour)}, ConnectedAt: epoch.Add(time.Hour)}
		s.save(t, c)
		s.opened(t, c)
	}},
	{"what is not there is ErrNotFound", func(t *testing.T, s suite) {
		s.save(t, connection("c-1"))
		for _, id := range []string{"c-2", "C-1", "c-"} {
			if c, err := s.LoadConnection(t.Context(), id); !errors.Is(err, streamer.ErrNotFound) {
				t.Errorf("%q loads as %+v, %v", id, c, err)
			}
		}
	}},
	{"deleting", func(t *testing.T, s suite) {
		s.save(t, connection("c-1"))
		s.save(t, connection("c-2"))
		for range 2 {
			if err := s.DeleteConnection(t.Context(), "c-1"); err != nil {
				t.Fatal(err)
			}
		}
		if c, err := s.LoadConnection(t.Context(), "c-1"); !errors.Is(err, streamer.ErrNotFound) {
			t.Errorf("it still loads as %+v, %v", c, err)
		}
		s.opened(t, connection("c-2"))
	}},
	{"parallel saves leave one of them whole", func(t *testing.T, s suite) {
		var wg sync.WaitGroup
		for i := range 16 {
			c := connection("c-1")
			c.Principal.Subject, c.Principal.Scopes = fmt.Sprint("s-", i), []string{fmt.Sprint("s-", i)}
			wg.Go(func() {
				if err := s.SaveConnection(t.Context(), c); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		got, err := s.LoadConnection(t.Context(), "c-1")
		if err != nil || len(got.Principal.Scopes) != 1 || got.Principal.Scopes[0] != got.Principal.Subject {
			t.Errorf("loaded %+v, %v", got, err)
		}
	}},
}

func (s suite) save(t *testing.T, c streamer.Connection) {
	t.Helper()
	if err := s.SaveConnection(t.Context(), c); err != nil {
		t.Fatalf("save connection: %v", err)
	}
}

// opened fails unless the connection loads as want.
func (s suite) opened(t *testing.T, want streamer.Connection) {
	t.Helper()
	got, err := s.LoadConnection(t.Context(), want.ID)
	if err != nil {
		t.Fatalf("load connection: %v", err)
	}
	if len(got.Principal.Scopes) == 0 {
		got.Principal.Scopes = nil
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("loaded %+v\n  want %+v", got, want)
	}
}
