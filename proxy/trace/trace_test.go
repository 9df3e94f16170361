package trace

import (
	"context"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	otlp "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	"google.golang.org/protobuf/proto"
)

const (
	traceID = "4bf92f3577b34da6a3ce929d0e0e4736"
	spanID  = "00f067aa0ba902b7"
	sampled = "00-" + traceID + "-" + spanID + "-01"
)

func TestParent(t *testing.T) {
	for text, want := range map[string]string{
		"select 1 /*traceparent='" + sampled + "'*/":                                       "1",
		"select 1 /*traceparent='" + sampled + "'*/ ;\n":                                   "1",
		"select 1; /*action='run%20this',traceparent='" + sampled + "',tracestate='a=b'*/": "1",
		"select 1 /* a */ /* route='x' , traceparent='" + sampled + "' */":                 "1",
		"/*traceparent='" + sampled + "'*/":                                                "1",
		"select 1 /*traceparent='00-" + traceID + "-" + spanID + "-00'*/":                  "0",
		"select 1 /*traceparent='00-" + traceID + "-" + spanID + "-ff'*/":                  "1",

		"": "", "*/": "", "/*/": "", "/**/": "", "select 1": "", "/*traceparent='*/": "", "/*traceparent=''*/": "",
		"/*traceparent='" + sampled + "'*/ select 1":                                                 "",
		"select 1 -- traceparent='" + sampled + "'":                                                  "",
		"select 1 /*traceparent='" + sampled + "'":                                                   "",
		"select 1 /*traceparent=" + sampled + "*/":                                                   "",
		"select 1 /*xtraceparent='" + sampled + "'*/":                                                "",
		"select 1 /*traceparent='" + sampled + "x'*/":                                                "",
		"select 1 /*traceparent='" + sampled[:54] + "'*/":                                            "",
		"select 1 /*traceparent='" + strings.ToUpper(sampled) + "'*/":                                "",
		"select 1 /*traceparent='01" + sampled[2:] + "'*/":                                           "",
		"select 1 /*traceparent='" + strings.ReplaceAll(sampled, "-", "_") + "'*/":                   "",
		"select 1 /*traceparent='00-" + strings.Repeat("0", 32) + "-" + spanID + "-01'*/":            "",
		"select 1 /*traceparent='00-" + traceID + "-" + strings.Repeat("0", 16) + "-01'*/":           "",
		"select 1 /*traceparent='00-x',traceparent='" + sampled + "'*/":                              "",
		"select 1 /*traceparent='" + sampled + "'*/ /*route='x'*/":                                   "",
		"select '/*traceparent=''" + sampled + "''*/'":                                               "",
		"select 1 /*traceparent='00-" + traceID[:30] + "zz-" + spanID + "-01'*/":                     "",
		"select 1 /*traceparent='" + sampled[:35] + "-" + strings.Repeat("\xff", 16) + "-01" + "'*/": "",
	} {
		parent, ok := parentOf(text)
		got := ""
		if ok {
			got = map[bool]string{true: "1", false: "0"}[parent.IsSampled()]
			if parent.TraceID().String() != traceID || parent.SpanID().String() != spanID || !parent.IsRemote() {
				t.Errorf("%q: %v", text, parent)
			}
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func FuzzParent(f *testing.F) {
	f.Add("select 1 /*a='b',traceparent='" + sampled + "'*/")
	f.Fuzz(func(t *testing.T, text string) {
		if parent, ok := parentOf(text); ok && (!parent.IsValid() || !strings.Contains(text, "00-"+parent.TraceID().String()+"-"+parent.SpanID().String()+"-")) {
			t.Errorf("%q: %v", text, parent)
		}
	})
}

// receiver is a collector that keeps what it is sent, and answers with a status.
func receiver(t *testing.T, status int) (string, chan []*otlp.Span) {
	t.Helper()
	got := make(chan []*otlp.Span, 100)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var req collector.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(body, &req)
		}
		if err != nil || r.Header.Get("Content-Type") != "application/x-protobuf" || r.URL.Path != "/v1/traces" {
			t.Errorf("%v: %s %v", err, r.URL, r.Header)
		}
		w.WriteHeader(status)
		for _, resource := range req.ResourceSpans {
			if text := resource.Resource.String(); !strings.Contains(text, "service.name") || !strings.Contains(text, "pgveil") {
				t.Errorf("the resource: %s", text)
			}
			for _, scope := range resource.ScopeSpans {
				got <- scope.Spans
			}
		}
	}))
	t.Cleanup(s.Close)
	return s.URL + "/v1/traces", got
}

// running is a tracer that runs; stop ends it, when all has been sent.
func running(t *testing.T, o Options) (tr *Tracer, stop func()) {
	t.Helper()
	if o.Log == nil {
		o.Log = zap.NewNop()
	}
	tr = New(o)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- tr.Run(ctx) }()
	for tr.running.Load() == nil {
		time.Sleep(time.Millisecond)
	}
	return tr, func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestSpans(t *testing.T) {
	url, got := receiver(t, http.StatusOK)
	tr, stop := running(t, Options{Endpoint: url, Share: 1})
	tr.Begin("select 'cnry' /*traceparent='" + sampled + "'*/").End(Outcome{Session: "5f1d", Verb: "select", Verdict: "protected", Roles: []string{"a", "b"}, Rows: 7})
	tr.Begin("delete from cnry").End(Outcome{Verb: "delete", Verdict: "refused", Code: "PV103"})
	if tr.Begin("select 1 /*traceparent='"+sampled[:53]+"00'*/") != nil {
		t.Error("what is not sampled above is traced")
	}
	stop()
	if tr.Begin("select 1") != nil {
		t.Error("traced after the end")
	}
	spans := <-got
	if len(spans) != 2 {
		t.Fatalf("%d spans", len(spans))
	}
	a, b := spans[0], spans[1]
	if hex.EncodeToString(a.TraceId) != traceID || hex.EncodeToString(a.ParentSpanId) != spanID || len(a.SpanId) != 8 || a.Name != "select" ||
		a.EndTimeUnixNano < a.StartTimeUnixNano || a.Kind != otlp.Span_SPAN_KIND_SERVER {
		t.Errorf("%v", a)
	}
	if len(b.ParentSpanId) != 0 || b.Status.Code != otlp.Status_STATUS_CODE_ERROR || b.Status.Message != "" {
		t.Errorf("%v", b)
	}
	attributes := map[string]string{}
	for _, span := range spans {
		for _, kv := range span.Attributes {
			attributes[span.Name+" "+kv.Key] = strings.Join(strings.Fields(kv.Value.String()), " ")
		}
		if text := span.String(); strings.Contains(text, "cnry") {
			t.Errorf("a text: %s", text)
		}
	}
	for key, want := range map[string]string{
		"select db.system": `string_value:"postgresql"`, "select db.operation.name": `string_value:"select"`, "select pgveil.verdict": `string_value:"protected"`,
		"select db.response.returned_rows": "int_value:7", "select pgveil.session": `string_value:"5f1d"`,
		"select pgveil.roles": `array_value:{values:{string_value:"a"} values:{string_value:"b"}}`, "delete db.response.status_code": `string_value:"PV103"`,
	} {
		if attributes[key] != want {
			t.Errorf("%s is %s, want %s", key, attributes[key], want)
		}
	}
}

func TestShare(t *testing.T) {
	for share, want := range map[float64]int{0: 0, 0.01: 1000, 0.5: 50000, 1: 100000} {
		tr, n := New(Options{Share: share}), 0
		for range 100000 {
			if tr.random() < tr.below {
				n++
			}
		}
		if n < want*8/10 || n > want*12/10 {
			t.Errorf("of 100000, %v: %d", share, n)
		}
	}
}

// Whoever makes spans waits for no collector, and is told of none.
func TestLostSpans(t *testing.T) {
	closed := httptest.NewServer(nil)
	closed.Close()
	failing, _ := receiver(t, http.StatusServiceUnavailable)
	release := make(chan struct{})
	hanging := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer hanging.Close()
	defer close(release)
	for name, url := range map[string]string{"closed": closed.URL, "failing": failing, "hanging": hanging.URL} {
		t.Run(name, func(t *testing.T) {
			core, logs := observer.New(zap.WarnLevel)
			tr, stop := running(t, Options{Endpoint: url, Share: 1, Log: zap.New(core)})
			started := time.Now()
			for range 5 * queued {
				tr.Begin("select 1").End(Outcome{Verb: "select"})
			}
			if took := time.Since(started); took > 3*time.Second {
				t.Errorf("%v", took)
			}
			stop()
			if n := logs.Len(); n != 1 || logs.All()[0].Message != "spans could not be sent" {
				t.Errorf("%d messages: %v", n, logs.All())
			}
		})
	}
}

// Without tracing, and for what is not chosen, nothing is allocated.
func TestOffIsFree(t *testing.T) {
	url, _ := receiver(t, http.StatusOK)
	never, stop := running(t, Options{Endpoint: url, Share: 0})
	defer stop()
	for _, tr := range []*Tracer{nil, never} {
		if n := testing.AllocsPerRun(1000, func() {
			if span := tr.Begin("select 1 /*route='x'*/"); span != nil {
				span.End(Outcome{})
			}
		}); n != 0 {
			t.Errorf("%v allocations", n)
		}
	}
}

func BenchmarkBegin(b *testing.B) {
	tr := New(Options{Share: 1e-9, Endpoint: "http://127.0.0.1:1", Log: zap.NewNop()})
	var off *Tracer
	for name, tr := range map[string]*Tracer{"off": off, "on": tr} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if tr.Begin("select id, email from people where id = $1") != nil {
					b.Fatal("traced")
				}
			}
		})
	}
}
