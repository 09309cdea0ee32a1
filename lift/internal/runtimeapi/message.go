package runtimeapi

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Limits of a response's head. A client context alone may be several KB in one
// line.
const (
	maxLine  = 64 << 10
	maxLines = 128
)

// A response is what the API answers, as RFC 9112 has it.
type response struct {
	status  int
	header  map[string]string // by lower-case name; of several of one name the first
	body    []byte
	bounded bool // the body's length was told, so that it is known to be whole
	close   bool // the connection ends with this response
}

// readResponse reads a response with a body of at most limit bytes. Interim
// responses (1xx) are passed over.
func readResponse(r *bufio.Reader, limit int) (*response, error) {
	for range maxLines {
		res, err := readHead(r)
		if err != nil {
			return nil, err
		}
		if res.status < 200 {
			continue
		}
		if err := res.readBody(r, limit); err != nil {
			return nil, fmt.Errorf("read the body of a response with status %d: %w", res.status, err)
		}
		return res, nil
	}
	return nil, errors.New("interim responses (1xx) without end")
}

func readHead(r *bufio.Reader) (*response, error) {
	line, err := readLine(r)
	if err != nil {
		return nil, fmt.Errorf("read the status line: %w", err)
	}
	version, rest, _ := strings.Cut(line, " ")
	code, _, _ := strings.Cut(rest, " ")
	status, err := strconv.Atoi(code)
	if err != nil || len(code) != 3 || status < 100 || version != "HTTP/1.1" && version != "HTTP/1.0" {
		return nil, fmt.Errorf("%.40q is not a status line of HTTP/1.1", line)
	}
	header, err := readHeader(r)
	if err != nil {
		return nil, err
	}
	ends := version == "HTTP/1.0" || strings.EqualFold(header["connection"], "close")
	return &response{status: status, header: header, close: ends}, nil
}

// readHeader reads header or trailer lines and the empty line after them.
func readHeader(r *bufio.Reader) (map[string]string, error) {
	header := make(map[string]string, 12)
	for range maxLines {
		line, err := readLine(r)
		if err != nil {
			return nil, fmt.Errorf("read the header: %w", err)
		}
		if line == "" {
			return header, nil
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok || name == "" || strings.ContainsAny(name, " \t") {
			return nil, fmt.Errorf("%.40q is not a header line", line)
		}
		name, value = strings.ToLower(name), strings.Trim(value, " \t")
		first, again := header[name]
		switch {
		case !again:
			header[name] = value
		case first != value && (name == "content-length" || name == "transfer-encoding"):
			return nil, fmt.Errorf("two values of %s: %.40q and %.40q", name, first, value)
		}
	}
	return nil, fmt.Errorf("a header of more than %d lines", maxLines)
}

// readLine reads a line without its end.
func readLine(r *bufio.Reader) (string, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > maxLine {
			return "", fmt.Errorf("a line of more than %d bytes", maxLine)
		}
		switch {
		case err == nil:
			return strings.TrimSuffix(string(line[:len(line)-1]), "\r"), nil
		case errors.Is(err, io.EOF):
			return "", io.ErrUnexpectedEOF
		case !errors.Is(err, bufio.ErrBufferFull):
			return "", err
		}
	}
}

// readBody reads the body by the rules of RFC 9112, section 6.3.
func (res *response) readBody(r *bufio.Reader, limit int) (err error) {
	coding, chunked := res.header["transfer-encoding"]
	length, counted := res.header["content-length"]
	switch {
	case res.status == 204 || res.status == 304:
		res.bounded = true
	case chunked && counted:
		return errors.New("both a Transfer-Encoding and a Content-Length")
	case chunked:
		if !strings.EqualFold(coding, "chunked") {
			return fmt.Errorf("the transfer coding %.40q, want chunked", coding)
		}
		res.bounded = true
		res.body, err = readChunks(r, limit)
	case counted:
		res.bounded = true
		res.body, err = readCounted(r, length, limit)
	default:
		res.close = true
		res.body, err = io.ReadAll(io.LimitReader(r, int64(limit)+1))
		if err == nil && len(res.body) > limit {
			err = tooLong(limit)
		}
	}
	return err
}

func tooLong(limit int) error { return fmt.Errorf("a body of more than %d bytes", limit) }

func readCounted(r *bufio.Reader, length string, limit int) ([]byte, error) {
	n, err := strconv.ParseUint(length, 10, 63)
	if err != nil {
		return nil, fmt.Errorf("the Content-Length %.40q", length)
	}
	if n > uint64(limit) {
		return nil, tooLong(limit)
	}
	return appendFull(make([]byte, 0, room), r, int(n))
}

func readChunks(r *bufio.Reader, limit int) ([]byte, error) {
	body := []byte{}
	for {
		line, err := readLine(r)
		if err != nil {
			return nil, err
		}
		size, _, _ := strings.Cut(line, ";") // an extension follows
		n, err := strconv.ParseUint(strings.Trim(size, " \t"), 16, 63)
		if err != nil {
			return nil, fmt.Errorf("the chunk size %.40q", line)
		}
		if n == 0 {
			_, err := readHeader(r) // of a trailer nothing is used
			return body, err
		}
		if n > uint64(limit-len(body)) {
			return nil, tooLong(limit)
		}
		if body, err = appendFull(body, r, int(n)); err != nil {
			return nil, err
		}
		if line, err = readLine(r); err != nil || line != "" {
			return nil, errors.Join(errors.New("a chunk that is longer than its size"), err)
		}
	}
}

// appendFull appends n bytes of r. It gets memory as the bytes arrive, whatever
// length was promised.
func appendFull(body []byte, r *bufio.Reader, n int) ([]byte, error) {
	const step = 256 << 10
	for n > 0 {
		some, start := min(n, max(step, len(body))), len(body)
		body = slices.Grow(body, some)[:start+some]
		if _, err := io.ReadFull(r, body[start:]); err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
		n -= some
	}
	return body, nil
}
