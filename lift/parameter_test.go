package lift_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/lifttest"
)

type paging struct {
	Limit int `query:"limit" default:"20" json:"-"`
}

type search struct {
	paging
	Shop    string        `path:"shop" json:"-"`
	ID      int64         `path:"id" json:"-"`
	Tags    []string      `query:"tag" json:"-"`
	Sizes   []uint8       `query:"size" json:"-"`
	After   *time.Time    `query:"after" json:"-"`
	Rate    float32       `query:"rate" json:"-"`
	On      bool          `query:"on" json:"-"`
	Wait    time.Duration `query:"wait" json:"-"`
	Match   *string       `header:"If-Match" json:"-"`
	Needed  string        `header:"X-Needed,required" json:"-"`
	Comment string        `json:"comment"`
}

func (s search) Validate() error {
	if s.Limit > 100 {
		return errors.New("limit is at most 100")
	}
	return nil
}

// Fields with tags are read from path, query and header, in every way in, and a
// body cannot set them.
func TestTypedParameters(t *testing.T) {
	t.Parallel()
	text := func(s string) *string { return &s }
	at := func(s string) *time.Time {
		when, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return &when
	}
	for name, tt := range map[string]struct {
		path   string
		header http.Header
		body   string
		want   search
		fault  string // of a 400
	}{
		"nothing but what is needed": {"/shops/s/7", nil, "", search{paging: paging{20}, Shop: "s", ID: 7, Needed: "n"}, ""},
		"everything": {
			"/shops/a%20b/-9223372036854775808?limit=3&tag=x&tag=y%26z&size=1&size=255&after=2024-02-19T07:11:42Z&rate=.5&on=true&wait=1m30s",
			http.Header{"If-Match": {`"v1"`}}, `{"comment":"c","Shop":"other","limit":9,"ID":1}`,
			search{paging{3}, "a b", -9223372036854775808, []string{"x", "y&z"}, []uint8{1, 255}, at("2024-02-19T07:11:42Z"), .5, true, 90 * time.Second, text(`"v1"`), "n", "c"}, "",
		},
		"an empty value":        {"/shops/s/7?tag=", nil, "", search{paging: paging{20}, Shop: "s", ID: 7, Needed: "n", Tags: []string{""}}, ""},
		"not a number":          {"/shops/s/seven", nil, "", search{}, "the path parameter id is not a whole number of 64 bits"},
		"a number of more bits": {"/shops/s/7?size=256", nil, "", search{}, "the query parameter size is not a whole number of 8 bits that is not negative"},
		"not a time":            {"/shops/s/7?after=noon", nil, "", search{}, "the query parameter after does not have the form that it needs"},
		"not a bool":            {"/shops/s/7?on=maybe", nil, "", search{}, "the query parameter on is not true or false"},
		"not a duration":        {"/shops/s/7?wait=7", nil, "", search{}, "the query parameter wait is not a duration such as 1m30s"},
		"not a fraction":        {"/shops/s/7?rate=x", nil, "", search{}, "the query parameter rate is not a number"},
		"missing":               {"/shops/s/7", http.Header{"X-Needed": nil}, "", search{}, "the header parameter X-Needed is missing"},
		"not valid":             {"/shops/s/7?limit=101", nil, "", search{}, "limit is at most 100"},
	} {
		for _, way := range []lifttest.Via{lifttest.HTTPAPI, lifttest.RESTAPI, lifttest.LoadBalancerMulti} {
			t.Run(name+", "+way.String(), func(t *testing.T) {
				t.Parallel()
				var got search
				app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
				app.HTTP("POST /shops/{shop}/{id...}", lift.Typed(func(_ context.Context, in *search) (struct{}, error) {
					got = *in
					return struct{}{}, nil
				}))
				header := http.Header{"Content-Type": {"application/json"}, "X-Needed": {"n"}}
				for name, values := range tt.header {
					header[name] = values
				}
				if header["X-Needed"] == nil {
					delete(header, "X-Needed")
				}
				event := lifttest.HTTP{Via: way, Method: "POST", Path: tt.path, Header: header}
				if tt.body != "" {
					event.Body = []byte(tt.body)
				}
				answer := lifttest.Invoke(t.Context(), t, app, event)
				if tt.fault != "" {
					if answer.Status != 400 || !strings.Contains(string(answer.Body), tt.fault) {
						t.Errorf("got %d %s, want 400 with %q", answer.Status, answer.Body, tt.fault)
					}
					return
				}
				if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(search{})); answer.Status != 204 || diff != "" {
					t.Errorf("got %d %s (-want +got):\n%s", answer.Status, answer.Body, diff)
				}
			})
		}
	}
}

// Fields that no parameter can be read into are found when the handler is made.
func TestTypedParametersThatCannotBe(t *testing.T) {
	t.Parallel()
	mustPanic(t, `field ID of lift_test.open needs the tag json:"-" too`, func() { lift.Typed(func(context.Context, open) (struct{}, error) { return struct{}{}, nil }) })
	mustPanic(t, "names no query parameter", func() {
		lift.Typed(func(context.Context, struct {
			A string `query:"" json:"-"`
		}) (struct{}, error) {
			return struct{}{}, nil
		})
	})
	mustPanic(t, "has the option omitempty: the only one is required", func() {
		lift.Typed(func(context.Context, struct {
			A string `query:"a,omitempty" json:"-"`
		}) (struct{}, error) {
			return struct{}{}, nil
		})
	})
	mustPanic(t, "has the type map[string]string, which no parameter is read into", func() {
		lift.Typed(func(context.Context, *struct {
			A map[string]string `query:"a" json:"-"`
		}) (struct{}, error) {
			return struct{}{}, nil
		})
	})
	mustPanic(t, "has a default that is not a whole number of 64 bits", func() {
		lift.Typed(func(context.Context, struct {
			A int `query:"a" default:"x" json:"-"`
		}) (struct{}, error) {
			return struct{}{}, nil
		})
	})
	mustPanic(t, "field a of struct", func() {
		lift.Typed(func(context.Context, struct {
			a string `query:"a" json:"-"`
		}) (struct{}, error) {
			return struct{}{}, nil
		})
	})
	mustPanic(t, "App.HTTP GET /{id} has the path parameter shop, which the pattern does not name", func() {
		lift.New(lift.Config{}).HTTP("GET /{id}", lift.Operation{Handler: lift.Typed(func(context.Context, search) (struct{}, error) { return struct{}{}, nil })})
	})
}

type open struct {
	ID string `path:"id"`
}

// The fields are left alone where there is no request.
func TestTypedParametersOfOtherEvents(t *testing.T) {
	t.Parallel()
	var got search
	app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
	app.SQS(lift.Typed(func(_ context.Context, in search) (struct{}, error) {
		got = in
		return struct{}{}, nil
	}))
	lifttest.Invoke(t.Context(), t, app, lifttest.SQS{Messages: []lifttest.SQSMessage{{Body: `{"comment":"c","Limit":9}`}}})
	if diff := cmp.Diff(search{Comment: "c"}, got, cmp.AllowUnexported(search{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
