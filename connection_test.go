package streamer_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// until is ada with a token that ends in d.
func until(d time.Duration) streamer.Principal {
	p := ada
	p.ExpiresAt = time.Now().Add(d)
	return p
}

func (w *harness) isOpen(t *testing.T, id string) bool {
	t.Helper()
	_, err := w.store.LoadConnection(t.Context(), id)
	if err != nil && !errors.Is(err, request.ErrNotFound) {
		t.Fatal(err)
	}
	return err == nil
}

func TestTheSweepClosesWhatItsTokenNoLongerHolds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newHarness(t)
		w.connect(t, "ends", until(time.Minute))
		w.connect(t, "renewed", until(time.Minute))
		w.connect(t, "stays", until(time.Hour))
		if f := w.ask(t, "renewed", `{"id":"a","action":"streamer.authenticate","payload":{"token":"acme/ada"}}`); f.Type != wire.TypeResponse {
			t.Fatalf("renewal: %s", f.Append(nil))
		}
		time.Sleep(time.Minute + request.ConnectionGrace - time.Millisecond)
		if report := w.sweep(t); report.Closed != 0 {
			t.Errorf("closed before the grace was over: %+v", report)
		}
		time.Sleep(time.Millisecond)
		if report := w.sweep(t); report.Closed != 1 || report.Pruned != 0 {
			t.Errorf("swept %+v", report)
		}
		if w.isOpen(t, "ends") || !w.isOpen(t, "renewed") || !w.isOpen(t, "stays") {
			t.Errorf("open: %v %v %v", w.isOpen(t, "ends"), w.isOpen(t, "renewed"), w.isOpen(t, "stays"))
		}
		if w.sockets.closed["ends"] != 1 || len(w.sockets.closed) != 1 {
			t.Errorf("closed: %v", w.sockets.closed)
		}
	})
}

// API Gateway ends a connection after two hours; $disconnect may be lost.
func TestTheSweepForgetsLostConnections(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newHarness(t)
		w.connect(t, "lost", ada)
		w.sockets.setFault(func(string) error { return streamer.ErrGone })
		time.Sleep(2 * time.Hour)
		if report := w.sweep(t); report.Pruned != 0 {
			t.Errorf("forgotten before the grace was over: %+v", report)
		}
		time.Sleep(request.ConnectionGrace)
		if report := w.sweep(t); report.Pruned != 1 || report.Closed != 0 || w.isOpen(t, "lost") {
			t.Errorf("swept %+v, still there: %v", report, w.isOpen(t, "lost"))
		}
	})
}

func TestAConnectionThatCannotBeClosedIsFoundAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newHarness(t)
		w.connect(t, "ends", until(time.Second))
		time.Sleep(time.Minute)
		w.sockets.setFault(func(string) error { return errNetwork })
		if _, err := w.Sweep(t.Context()); !errors.Is(err, errNetwork) || !w.isOpen(t, "ends") {
			t.Fatalf("sweep: %v, forgotten: %v", err, !w.isOpen(t, "ends"))
		}
		w.sockets.setFault(nil)
		if report := w.sweep(t); report.Closed != 1 || w.isOpen(t, "ends") {
			t.Errorf("the next sweep: %+v", report)
		}
	})
}

func TestTwoSweepsAtOnceEndEachConnectionOnce(t *testing.T) {
	t.Parallel()
	w := newHarness(t)
	const n = 50
	for i := range n {
		w.connect(t, fmt.Sprint("c-", i), until(-time.Minute))
	}
	var reports [2]streamer.SweepReport
	var wg sync.WaitGroup
	for i := range reports {
		wg.Go(func() { reports[i] = w.sweep(t) })
	}
	wg.Wait()
	if closed := reports[0].Closed + reports[1].Closed; closed != n {
		t.Errorf("closed %d of %d: %+v", closed, n, reports)
	}
	for i := range n {
		if w.isOpen(t, fmt.Sprint("c-", i)) {
			t.Errorf("c-%d is still there", i)
		}
	}
}

func TestClosingASubjectsConnections(t *testing.T) {
	t.Parallel()
	w := newHarness(t)
	for i := range 120 {
		w.connect(t, fmt.Sprint("ada-", i), ada)
	}
	w.connect(t, "olga", olga)
	w.connect(t, "other", mallo)
	connections := w.router.Connections
	if closed, err := connections.CloseAll(t.Context(), streamer.Caller{Principal: olga, OnBehalfOf: "ada"}); err != nil || closed != 120 {
		t.Fatalf("closed %d, %v", closed, err)
	}
	if w.isOpen(t, "ada-0") || w.isOpen(t, "ada-119") || !w.isOpen(t, "olga") || !w.isOpen(t, "other") {
		t.Error("others' connections were closed, or ada's were not")
	}
	if f := w.ask(t, "ada-7", `{"id":"m","action":"streamer.list"}`); f.Error == nil || f.Error.Code != wire.Unauthorized {
		t.Errorf("a message on a closed connection: %s", f.Append(nil))
	}
	_, err := connections.CloseAll(t.Context(), streamer.Caller{Principal: ada, OnBehalfOf: "olga"})
	wantCode(t, err, wire.Forbidden)
	_, err = connections.CloseAll(t.Context(), streamer.Caller{Principal: olga, OnBehalfOf: wire.AllSubjects})
	wantCode(t, err, wire.ValidationError)
	if closed, err := connections.CloseAll(t.Context(), streamer.Caller{Principal: mallo}); err != nil || closed != 1 {
		t.Errorf("one's own: %d, %v", closed, err)
	}
}

func TestALongUserAgentIsCut(t *testing.T) {
	t.Parallel()
	w := newHarness(t)
	conn := request.Connection{ID: "c", Principal: ada, UserAgent: strings.Repeat("é", request.MaxUserAgent)}
	if err := w.router.Connections.Open(t.Context(), conn); err != nil {
		t.Fatal(err)
	}
	list, err := w.router.Connections.List(t.Context(), streamer.Caller{Principal: ada}, wire.ConnectionQuery{})
	if err != nil || len(list.Connections) != 1 || len(list.Connections[0].UserAgent) != request.MaxUserAgent {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestTheReportTellsTheAgeOfTheQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newHarness(t, long("wait", streamer.ActionConfig{}, nil))
		who := w.connect(t, "c", ada)
		if report := w.sweep(t); report.Oldest != 0 || report.Due != 0 {
			t.Errorf("an empty queue: %+v", report)
		}
		w.submit(t, who, "r-1", "wait", `1`)
		time.Sleep(30 * time.Second)
		w.submit(t, who, "r-2", "wait", `1`)
		time.Sleep(90 * time.Second)
		report := w.sweep(t)
		if report.Oldest != 2*time.Minute || report.Due != 2 || report.Latest == nil || report.Latest.ID != "r-1" {
			t.Errorf("got %+v, want 2 due, the oldest r-1 for two minutes", report)
		}
	})
}
