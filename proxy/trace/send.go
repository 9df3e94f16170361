package trace

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	collector "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	about "go.opentelemetry.io/proto/slim/otlp/resource/v1"
	otlp "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"go.uber.org/zap"
	"google.golang.org/protobuf/proto"
)

// sender sends spans by OTLP over HTTP, https://opentelemetry.io/docs/specs/otlp/#otlphttp. What can't be sent is lost: there is no second try.
type sender struct {
	opt    Options
	client *http.Client

	mu   sync.Mutex
	told time.Time // when a loss was logged last
	lost int       // since then
}

// tellEvery is how often losses are logged.
const tellEvery = time.Minute

func newSender(o Options) *sender {
	return &sender{opt: o, client: &http.Client{Timeout: sendWithin, Transport: &http.Transport{Proxy: nil, MaxIdleConns: 1, IdleConnTimeout: time.Minute},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// ExportSpans sends spans. It returns nil in any case: losses are ours to tell.
func (s *sender) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	if len(spans) == 0 {
		return nil
	}
	if err := s.send(ctx, spans); err != nil {
		s.lose(len(spans), err)
	}
	return nil
}

// Shutdown has nothing left to do.
func (s *sender) Shutdown(context.Context) error {
	s.client.CloseIdleConnections()
	return nil
}

func (s *sender) send(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	body, err := proto.Marshal(request(spans))
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.opt.Endpoint, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	resp, err := s.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10))
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("the collector answered %s", resp.Status)
	}
	return nil
}

// lose logs losses now and then.
func (s *sender) lose(n int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lost += n
	if time.Since(s.told) < tellEvery {
		return
	}
	s.opt.Log.Warn("spans could not be sent", zap.Int("spans", s.lost), zap.Error(err))
	s.told, s.lost = time.Now(), 0
}

// request is spans in the protocol's form.
func request(spans []sdk.ReadOnlySpan) *collector.ExportTraceServiceRequest {
	scope := &otlp.ScopeSpans{Scope: &common.InstrumentationScope{Name: spans[0].InstrumentationScope().Name}}
	for _, span := range spans {
		scope.Spans = append(scope.Spans, converted(span))
	}
	return &collector.ExportTraceServiceRequest{ResourceSpans: []*otlp.ResourceSpans{{
		Resource: &about.Resource{Attributes: attributes(spans[0].Resource().Attributes())}, ScopeSpans: []*otlp.ScopeSpans{scope}}}}
}

func converted(s sdk.ReadOnlySpan) *otlp.Span {
	c := s.SpanContext()
	trace, id := c.TraceID(), c.SpanID()
	out := &otlp.Span{TraceId: trace[:], SpanId: id[:], Name: s.Name(), Kind: otlp.Span_SPAN_KIND_SERVER, Attributes: attributes(s.Attributes()),
		StartTimeUnixNano: uint64(s.StartTime().UnixNano()), EndTimeUnixNano: uint64(s.EndTime().UnixNano()), Flags: uint32(c.TraceFlags()), Status: &otlp.Status{}}
	if parent := s.Parent(); parent.IsValid() {
		id := parent.SpanID()
		out.ParentSpanId = id[:]
	}
	if s.Status().Code == codes.Error {
		out.Status.Code = otlp.Status_STATUS_CODE_ERROR
	}
	return out
}

// attributes converts the kinds of values that spans of ours have.
func attributes(all []attribute.KeyValue) []*common.KeyValue {
	var out []*common.KeyValue
	for _, a := range all {
		v := &common.AnyValue{}
		switch a.Value.Type() {
		case attribute.INT64:
			v.Value = &common.AnyValue_IntValue{IntValue: a.Value.AsInt64()}
		case attribute.STRINGSLICE:
			list := &common.ArrayValue{}
			for _, s := range a.Value.AsStringSlice() {
				list.Values = append(list.Values, &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: s}})
			}
			v.Value = &common.AnyValue_ArrayValue{ArrayValue: list}
		default:
			v.Value = &common.AnyValue_StringValue{StringValue: a.Value.AsString()}
		}
		out = append(out, &common.KeyValue{Key: string(a.Key), Value: v})
	}
	return out
}
