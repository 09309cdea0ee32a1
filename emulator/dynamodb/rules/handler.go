package rules

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
)

// A Handler passes requests on to a server, but those that a rule refuses, which it answers as
// DynamoDB does. It is safe for concurrent use.
type Handler struct {
	// Refused gets each refusal, where it is set. Set it before the first request.
	Refused func(*Refusal)

	endpoint string
	client   *http.Client
	server   http.Handler
	schemas  sync.Map // of tables by name: *schema
}

// NewHandler returns one for the server at a URL, such as http://127.0.0.1:8000.
func NewHandler(endpoint string) (*Handler, error) {
	target, err := url.Parse(endpoint)
	if err != nil || target.Host == "" {
		return nil, fmt.Errorf("dynamodb rules: %q is not a valid HTTP URL: use one such as http://127.0.0.1:8000", endpoint)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}
	return &Handler{
		endpoint: endpoint,
		client:   &http.Client{Transport: transport},
		server: &httputil.ReverseProxy{
			Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target) },
			Transport: transport,
			// It is the caller that says what it could not do; most often it gave up first.
			ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
		},
	}, nil
}

const targetPrefix = "DynamoDB_20120810."

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest) // no one reads it: the caller has gone
		return
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	operation, _ := strings.CutPrefix(r.Header.Get("X-Amz-Target"), targetPrefix)
	if refusal := h.check(r, operation, body); refusal != nil {
		if h.Refused != nil {
			h.Refused(refusal)
		}
		refusal.answer(w)
		return
	}
	h.server.ServeHTTP(w, r)
	switch operation {
	case "CreateTable", "UpdateTable", "DeleteTable":
		var table struct{ TableName string }
		_ = json.Unmarshal(body, &table) // what is not valid has changed no table
		h.schemas.Delete(table.TableName)
	}
}

func (h *Handler) check(r *http.Request, operation string, body []byte) *Refusal {
	c, known := read(operation, body)
	if !known {
		return nil
	}
	c.schema = func(table string) *schema { return h.schema(r.Context(), table, r.Header) }
	return check(c)
}

// schema asks the server how a table is made, once, with the headers of the request at hand. It
// returns nil where the server does not say.
func (h *Handler) schema(ctx context.Context, table string, headers http.Header) *schema {
	if known, found := h.schemas.Load(table); found {
		return known.(*schema)
	}
	body, err := json.Marshal(map[string]string{"TableName": table})
	if err != nil {
		return nil
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.endpoint, bytes.NewReader(body))
	if err != nil {
		return nil
	}
	r.Header = headers.Clone()
	r.Header.Set("X-Amz-Target", targetPrefix+"DescribeTable")
	res, err := h.client.Do(r)
	if err != nil {
		return nil
	}
	defer res.Body.Close()
	var answer struct{ Table *schema }
	if json.NewDecoder(res.Body).Decode(&answer) != nil || answer.Table == nil {
		return nil
	}
	h.schemas.Store(table, answer.Table)
	return answer.Table
}

// answer writes a refusal as DynamoDB does (Amazon DynamoDB Developer Guide, "Error handling with
// DynamoDB", and "CancellationReason" of the API Reference).
func (r *Refusal) answer(w http.ResponseWriter) {
	answer := map[string]any{"__type": "com.amazon.coral.validate#ValidationException", "message": r.Message}
	if r.Cancels > 0 {
		codes, reasons := make([]string, r.Cancels), make([]map[string]string, r.Cancels)
		for n := range reasons {
			codes[n], reasons[n] = "None", map[string]string{"Code": "None"}
		}
		codes[r.at], reasons[r.at] = "ValidationError", map[string]string{"Code": "ValidationError", "Message": r.Message}
		answer = map[string]any{
			"__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
			"Message": "Transaction cancelled, please refer cancellation reasons for specific reasons [" +
				strings.Join(codes, ", ") + "]",
			"CancellationReasons": reasons,
		}
	}
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(answer); err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.Header().Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(body.Bytes())), 10))
	w.WriteHeader(http.StatusBadRequest)
	_, _ = w.Write(body.Bytes()) // to a caller that may have gone
}
