package e2e

import (
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	gosync "sync"
	"testing"

	"google.golang.org/protobuf/proto"

	collector "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	otlp "go.opentelemetry.io/proto/slim/otlp/trace/v1"

	"github.com/pgveil/pgveil/e2e/stack"
)

// Each statement is one span, under the parent that its comment names; nothing of its text, its values or the database's names is in it.
func TestTracing(t *testing.T) {
	frameRows(t)
	defer noFrameRows(t)
	var mu gosync.Mutex
	var spans []*otlp.Span
	var sent strings.Builder
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var req collector.ExportTraceServiceRequest
		if err := proto.Unmarshal(body, &req); err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		sent.Write(body)
		for _, resource := range req.ResourceSpans {
			for _, scope := range resource.ScopeSpans {
				spans = append(spans, scope.Spans...)
			}
		}
	}))
	defer receiver.Close()
	own := ownStack(t, func(o *stack.Options) { o.Extra = fmt.Sprintf("tracing: {endpoint: %q, sample: 1}", receiver.URL) })
	const above = "4bf92f3577b34da6a3ce929d0e0e4736"
	comment := fmt.Sprintf(" /*route='covert',traceparent='00-%s-00f067aa0ba902b7-01'*/", above)
	c := hijack(t, own.DSN("app", password("app"), "shop", ""))
	c.send(t, query("select email from people where id = 7001"+comment))
	c.until('Z', 1)
	c.send(t, query("select 'covert', covert()"))
	c.until('Z', 1)
	c.send(t, query("select email || 'covert' from people order by ssn"))
	c.until('Z', 1)
	c.send(t, query("select email from people where id = 'covert' 'covert'"))
	c.until('Z', 1)
	c.send(t, query("select 1 /*traceparent='00-"+above+"-00f067aa0ba902b7-00'*/"))
	c.until('Z', 1)
	c.send(t, parse("", "update people set name = 'covert' where id = 7001"+comment), bind("", ""), execute("", 0), sync)
	c.until('Z', 1)
	c.Close()
	want := map[string]int{"select protected  child": 1, "select failed 42883 ": 1, "other refused PV ": 2, "update plain  child": 1, "update protected  child": 1}
	within(t, "the spans are sent", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(spans) >= 5
	})
	if err := own.Stop(); err != nil {
		t.Error(err)
	}
	for _, span := range spans {
		is := map[string]string{}
		for _, kv := range span.Attributes {
			is[kv.Key] = kv.Value.GetStringValue()
		}
		child := ""
		if hex.EncodeToString(span.TraceId) == above {
			child = "child"
		}
		code := is["db.response.status_code"]
		if strings.HasPrefix(code, "PV") {
			code = "PV"
		}
		key := strings.Join([]string{span.Name, is["pgveil.verdict"], code, child}, " ")
		if want[key] == 0 {
			t.Errorf("%q: %v", key, span)
		}
		want[key]--
	}
	if len(spans) != 5 {
		t.Errorf("%d spans", len(spans))
	}
	for _, secret := range []string{"covert", "people", "cnry", "email", "7001", "select e"} {
		if strings.Contains(sent.String(), secret) {
			t.Errorf("the collector was sent %q", secret)
		}
	}
}
