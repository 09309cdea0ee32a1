package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// connection is an open connection, with an expiry that has not passed whatever
// the clock says: a store may drop one a day after that.
func connection(id string) request.Connection {
	return request.Connection{
		ID: id,
		Principal: streamer.Principal{Tenant: "acme", Subject: "ada", Scopes: []string{"write", "read", "a b", "日本"},
			ExpiresAt: time.Date(2100, 1, 2, 3, 4, 5, 6_000_000, time.UTC)},
		ConnectedAt: epoch, SourceIP: "203.0.113.7", UserAgent: "Mozilla/5.0 (日本)",
	}
}

// listed opens a connection of a subject.
func (s suite) listed(t *testing.T, tenant, subject, id string, at time.Duration) {
	t.Helper()
	c := connection(id)
	c.Principal.Tenant, c.Principal.Subject, c.ConnectedAt = tenant, subject, epoch.Add(at)
	s.save(t, c)
}

// connections fails unless these are the pages of the query, each page's ids
// with spaces and pages with a bar between them.
func (s suite) connections(t *testing.T, q request.ConnectionQuery, want string) {
	t.Helper()
	settles(t, func() string {
		var pages []string
		for at := q; len(pages) < 100; {
			page, cursor, err := s.ListConnections(t.Context(), at)
			if err != nil {
				return err.Error()
			}
			pages = append(pages, connectionIDs(page))
			if at.Cursor = cursor; cursor == "" {
				break
			}
		}
		if got := strings.Join(pages, "|"); got != want {
			return fmt.Sprintf("%+v lists %q, want %q", q, got, want)
		}
		return ""
	})
}

// ended fails unless these connections have ended, in order.
func (s suite) ended(t *testing.T, now time.Time, limit int, want string) {
	t.Helper()
	settles(t, func() string {
		ended, err := s.StaleConnections(t.Context(), now, limit)
		if err != nil || connectionIDs(ended) != want {
			return fmt.Sprintf("ended at %v are %q, %v; want %q", now, connectionIDs(ended), err, want)
		}
		return ""
	})
}

func connectionIDs(all []request.Connection) string {
	names := make([]string, len(all))
	for i, c := range all {
		names[i] = c.ID
	}
	return strings.Join(names, " ")
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
		c := request.Connection{ID: "c-1", Principal: streamer.Principal{Tenant: "globex", Subject: "bob", Scopes: []string{"other"},
			ExpiresAt: connection("").Principal.ExpiresAt.Add(time.Hour)}, ConnectedAt: epoch.Add(time.Hour)}
		s.save(t, c)
		s.opened(t, c)
	}},
	{"what is not there is ErrNotFound", func(t *testing.T, s suite) {
		s.save(t, connection("c-1"))
		for _, id := range []string{"c-2", "C-1", "c-"} {
			if c, err := s.LoadConnection(t.Context(), id); !errors.Is(err, request.ErrNotFound) {
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
		if c, err := s.LoadConnection(t.Context(), "c-1"); !errors.Is(err, request.ErrNotFound) {
			t.Errorf("it still loads as %+v, %v", c, err)
		}
		s.opened(t, connection("c-2"))
	}},
	{"nothing known of the client", func(t *testing.T, s suite) {
		c := connection("c-1")
		c.SourceIP, c.UserAgent = "", ""
		s.save(t, c)
		s.opened(t, c)
	}},
	{"a list: by subject, the oldest first, then by id", func(t *testing.T, s suite) {
		s.listed(t, "acme", "bob", "c-1", 0)
		s.listed(t, "acme", "ada", "c-3", ms(5))
		s.listed(t, "acme", "ada", "c-2", ms(5))
		s.listed(t, "acme", "ada", "c-4", ms(1))
		s.listed(t, "acme", "ada#1", "c-5", 0)
		s.listed(t, "acme", "ad", "c-6", 0)
		s.listed(t, "acme#", "ada", "c-7", 0)
		for limit, want := range map[int]string{100: "c-6 c-4 c-2 c-3 c-5 c-1", 6: "c-6 c-4 c-2 c-3 c-5 c-1", 2: "c-6 c-4|c-2 c-3|c-5 c-1"} {
			s.connections(t, request.ConnectionQuery{Tenant: "acme", Limit: limit}, want)
		}
		s.connections(t, request.ConnectionQuery{Tenant: "acme", Subject: "ada", Limit: 2}, "c-4 c-2|c-3")
		s.connections(t, request.ConnectionQuery{Tenant: "acme", Subject: "ada#1", Limit: 2}, "c-5")
		s.connections(t, request.ConnectionQuery{Tenant: "acme", Subject: "eve", Limit: 2}, "")
		s.connections(t, request.ConnectionQuery{Tenant: "globex", Limit: 2}, "")
	}},
	{"a list follows what opens, renews and closes, and its rows are whole", func(t *testing.T, s suite) {
		c := connection("c-1")
		s.save(t, c)
		c.Principal.ExpiresAt = c.Principal.ExpiresAt.Add(time.Hour)
		s.save(t, c)
		settles(t, func() string {
			page, _, err := s.ListConnections(t.Context(), request.ConnectionQuery{Tenant: "acme", Limit: 10})
			if err != nil || len(page) != 1 || !reflect.DeepEqual(page[0], c) {
				return fmt.Sprintf("listed %+v, %v", page, err)
			}
			return ""
		})
		if err := s.DeleteConnection(t.Context(), "c-1"); err != nil {
			t.Fatal(err)
		}
		s.connections(t, request.ConnectionQuery{Tenant: "acme", Limit: 10}, "")
	}},
	{"a cursor that no list gave", func(t *testing.T, s suite) {
		for i, subject := range []string{"ada", "ada", "bob", "bob"} {
			s.listed(t, "acme", subject, fmt.Sprint("c-", i), ms(i))
		}
		s.connections(t, request.ConnectionQuery{Tenant: "acme", Limit: 3}, "c-0 c-1 c-2|c-3")
		for _, cursor := range []string{"x", "e30", "eyJjIjoxfQ", strings.Repeat("A", 400)} {
			_, _, err := s.ListConnections(t.Context(), request.ConnectionQuery{Tenant: "acme", Limit: 3, Cursor: cursor})
			var declared *streamer.Error
			if !errors.As(err, &declared) || declared.Code != wire.ValidationError {
				t.Errorf("the cursor %q gives %v", cursor, err)
			}
		}
	}},
	{"what has ended: by its token or by its age, the longest first", func(t *testing.T, s suite) {
		ends := func(id string, connected, expires time.Duration) {
			c := connection(id)
			c.ConnectedAt, c.Principal.ExpiresAt = epoch.Add(connected), epoch.Add(expires)
			s.save(t, c)
		}
		ends("token", -time.Hour, time.Minute)
		ends("age", -2*time.Hour, time.Hour)
		ends("early", -time.Hour, -time.Minute)
		ends("open", 0, time.Hour)
		s.ended(t, epoch.Add(-time.Minute-ms(1)), 10, "")
		s.ended(t, epoch, 10, "early age")
		s.ended(t, epoch.Add(time.Minute), 10, "early age token")
		s.ended(t, epoch.Add(time.Minute), 2, "early age")
		ends("token", -time.Hour, 30*time.Minute)
		s.ended(t, epoch.Add(time.Minute), 10, "early age")
		if err := s.DeleteConnection(t.Context(), "early"); err != nil {
			t.Fatal(err)
		}
		s.ended(t, epoch.Add(time.Minute), 10, "age")
	}},
	{"many that have ended", func(t *testing.T, s suite) {
		want := ""
		for i := range 130 {
			c := connection(fmt.Sprintf("c-%03d", i))
			c.ConnectedAt, c.Principal.ExpiresAt = epoch.Add(-time.Minute), epoch.Add(ms(i))
			s.save(t, c)
			if i < 115 {
				want += " " + c.ID
			}
		}
		s.ended(t, epoch.Add(time.Hour), 115, want[1:])
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

func (s suite) save(t *testing.T, c request.Connection) {
	t.Helper()
	if err := s.SaveConnection(t.Context(), c); err != nil {
		t.Fatalf("save connection: %v", err)
	}
}

// opened fails unless the connection loads as want.
func (s suite) opened(t *testing.T, want request.Connection) {
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
