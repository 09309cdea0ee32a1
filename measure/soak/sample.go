package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	_ "modernc.org/sqlite" // reads the row counts of a server that runs

	"github.com/pay-theory/streamer/lift/sigv4"
)

// values are the figures of one moment by the name of their series.
type values map[string]float64

func (v values) add(more values) {
	for name, value := range more {
		v[name] += value
	}
}

// A process is one of a stage's.
type process struct {
	pid  int
	name string
}

// children returns a process and all below it.
func children(root int) []process {
	all, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil
	}
	below := map[int][]process{}
	found := []process{}
	for _, file := range all {
		stat, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		open, shut := bytes.IndexByte(stat, '('), bytes.LastIndexByte(stat, ')')
		fields := strings.Fields(string(stat[shut+1:]))
		pid, _ := strconv.Atoi(strings.TrimSpace(string(stat[:open])))
		parent, _ := strconv.Atoi(fields[1])
		p := process{pid, string(stat[open+1 : shut])}
		if pid == root {
			found = append(found, p)
		}
		below[parent] = append(below[parent], p)
	}
	for i := 0; i < len(found); i++ {
		found = append(found, below[found[i].pid]...)
	}
	return found
}

// ofProcesses are memory and file descriptors of a stage: the largest process of each program,
// since how many there are goes with the load, and how many there are.
func ofProcesses(root int) values {
	v := values{}
	for _, p := range children(root) {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.pid))
		if err != nil {
			continue
		}
		var kilobytes float64
		if _, rest, ok := strings.Cut(string(status), "VmRSS:"); ok {
			_, _ = fmt.Sscan(rest, &kilobytes)
		}
		name := "memory of " + p.name + " (MB)"
		v[name] = max(v[name], kilobytes/1024)
		if p.pid == root {
			files, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.pid))
			v["file descriptors"] = float64(len(files))
		}
	}
	return v
}

// rows are the size of a database of SQLite and how many rows its tables have.
func rows(ctx context.Context, file string) values {
	v := values{}
	for name, suffix := range map[string]string{"database (MB)": "", "write-ahead log (MB)": "-wal"} {
		if info, err := os.Stat(file + suffix); err == nil {
			v[name] = float64(info.Size()) / (1 << 20)
		}
	}
	db, err := sql.Open("sqlite", "file:"+file+"?mode=ro&_pragma=busy_timeout(2000)")
	if err != nil {
		return v
	}
	defer db.Close()
	for _, table := range []string{"requests", "output", "bodies", "connections", "slots", "schedules"} {
		var n float64
		if err := db.QueryRowContext(ctx, "SELECT count(*) FROM "+table).Scan(&n); err == nil {
			v["rows of "+table] = n
		}
	}
	return v
}

// items counts the items of the tables of a staging stack by what they are.
func items(ctx context.Context, variables map[string]string) values {
	v := values{}
	credentials := sigv4.Credentials{AccessKeyID: variables["AWS_ACCESS_KEY_ID"], SecretAccessKey: variables["AWS_SECRET_ACCESS_KEY"],
		SessionToken: variables["AWS_SESSION_TOKEN"]}
	signer := &sigv4.Signer{Service: "dynamodb", Region: variables["AWS_REGION"], Credentials: sigv4.Static(credentials)}
	call := func(operation string, in, out any) error {
		body, err := json.Marshal(in)
		if err != nil {
			return err
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, variables["AWS_ENDPOINT_URL_DYNAMODB"], bytes.NewReader(body))
		if err != nil {
			return err
		}
		r.Header.Set("Content-Type", "application/x-amz-json-1.0")
		r.Header.Set("X-Amz-Target", "DynamoDB_20120810."+operation)
		if err := signer.Sign(r, body, time.Now()); err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		data, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			return fmt.Errorf("%s: %s %.200s %w", operation, resp.Status, data, err)
		}
		return json.Unmarshal(data, out)
	}
	var tables struct{ TableNames []string }
	if err := call("ListTables", map[string]any{}, &tables); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		return v
	}
	v["output without a time to live"] = 0
	for _, table := range tables.TableNames {
		scan := map[string]any{"TableName": table, "ProjectionExpression": "#pk, #action, #ttl",
			"ExpressionAttributeNames": map[string]string{"#pk": "pk", "#action": "action", "#ttl": "ttl"}}
		for {
			var page struct {
				Items            []map[string]map[string]any
				LastEvaluatedKey map[string]any
			}
			if err := call("Scan", scan, &page); err != nil {
				fmt.Fprintln(os.Stderr, "soak:", err)
				return values{}
			}
			for _, item := range page.Items {
				what := kind(table, item)
				v["items: "+what]++
				if what == "output" && item["ttl"] == nil {
					v["output without a time to live"]++
				}
			}
			if page.LastEvaluatedKey == nil {
				break
			}
			scan["ExclusiveStartKey"] = page.LastEvaluatedKey
		}
	}
	return v
}

// kind names what an item is, as store/dynamo lays them out.
func kind(table string, item map[string]map[string]any) string {
	key, _ := item["pk"]["S"].(string)
	switch {
	case strings.HasSuffix(table, "Connections"):
		return "connections"
	case item["action"] != nil:
		return "requests"
	case strings.HasPrefix(key, "slot:"):
		return "limits"
	case strings.HasPrefix(key, "schedule:"):
		return "schedules"
	case strings.HasSuffix(key, "#bodies"):
		return "payloads and results"
	}
	return "output"
}

// ofRuntime is what the project's own route tells of the process that answers.
func ofRuntime(ctx context.Context, s *stage, token string) values {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.http+"/runtime", nil)
	if err != nil {
		return nil
	}
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil // it is being started again
	}
	defer resp.Body.Close()
	var figures struct {
		Goroutines float64 `json:"goroutines"`
		HeapBytes  float64 `json:"heap_bytes"`
	}
	if resp.StatusCode != http.StatusOK || json.NewDecoder(resp.Body).Decode(&figures) != nil {
		return nil
	}
	return values{"goroutines": figures.Goroutines, "heap (MB)": figures.HeapBytes / (1 << 20)}
}
