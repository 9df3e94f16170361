// Package trace tells an OpenTelemetry collector about a share of the statements: when they ran, what kind they are, what was decided, how
// it ended. A span holds no text, no name of the database's and no value.
//
// What a statement belongs to is taken from the comment that sqlcommenter puts at a text's end (https://google.github.io/sqlcommenter/spec/).
// A collector that is slow or gone costs spans, never a session's time.
package trace

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"math"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	otel "go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"
)

const (
	// queued is how many spans wait to be sent; more are dropped.
	queued = 2048
	// sendEvery is how long a span waits for others to be sent with, sendWithin how long sending may take.
	sendEvery  = 2 * time.Second
	sendWithin = 5 * time.Second
)

// Options say where spans go and how many.
type Options struct {
	Endpoint string  // URL for OTLP over HTTP, path included
	Share    float64 // of the statements that belong to nothing, from 0 to 1
	Version  string  // of the program
	Log      *zap.Logger
}

// Tracer makes spans while it runs. A nil Tracer makes none.
type Tracer struct {
	opt     Options
	below   uint64 // of a random number, for a statement to be traced
	state   atomic.Uint64
	running atomic.Pointer[tracing]
}

type tracing struct{ otel.Tracer }

// New makes a Tracer. It starts nothing.
func New(o Options) *Tracer {
	t := &Tracer{opt: o}
	switch {
	case o.Share >= 1:
		t.below = math.MaxUint64
	case o.Share > 0:
		t.below = uint64(o.Share * (1 << 63) * 2)
	}
	var seed [8]byte
	rand.Read(seed[:]) // never fails
	t.state.Store(binary.LittleEndian.Uint64(seed[:]))
	return t
}

// Run sends spans until ctx ends, and then those that wait.
func (t *Tracer) Run(ctx context.Context) error {
	about := resource.NewSchemaless(attribute.String("service.name", "pgveil"), attribute.String("service.version", t.opt.Version))
	provider := sdk.NewTracerProvider(sdk.WithResource(about), sdk.WithSampler(sdk.AlwaysSample()), // Begin has chosen
		sdk.WithBatcher(newSender(t.opt), sdk.WithMaxQueueSize(queued), sdk.WithBatchTimeout(sendEvery), sdk.WithExportTimeout(sendWithin)))
	t.running.Store(&tracing{provider.Tracer("github.com/pgveil/pgveil")})
	<-ctx.Done()
	t.running.Store(nil)
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendWithin)
	defer cancel()
	provider.Shutdown(last) // what could not be sent is logged
	return nil
}

// Begin is called when a statement has come. It returns nil if that is not traced: most are not.
func (t *Tracer) Begin(text string) *Span {
	if t == nil {
		return nil
	}
	return t.begin(text)
}

func (t *Tracer) begin(text string) *Span {
	parent, has := parentOf(text)
	if has && !parent.IsSampled() || !has && t.random() >= t.below {
		return nil
	}
	running := t.running.Load()
	if running == nil {
		return nil
	}
	ctx := context.Background()
	if has {
		ctx = otel.ContextWithRemoteSpanContext(ctx, parent)
	}
	_, span := running.Start(ctx, "statement", otel.WithSpanKind(otel.SpanKindServer), otel.WithAttributes(attribute.String("db.system", "postgresql")))
	return &Span{span}
}

// random is SplitMix64: evenly spread, and no secret.
func (t *Tracer) random() uint64 {
	x := t.state.Add(0x9e3779b97f4a7c15)
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Span is one statement that is traced. A nil Span is one that is not.
type Span struct{ otel.Span }

// Outcome is what a span tells of its statement.
type Outcome struct {
	Session string // its ID, as on the record
	Verb    string // bounded, as in metrics
	Verdict string // as in metrics
	Roles   []string
	Rows    int64
	Code    string // SQLSTATE of the error, or of the refusal its code; empty if it went well
}

// End ends the span. It is called once.
func (s *Span) End(o Outcome) {
	if s == nil {
		return
	}
	s.SetName(o.Verb)
	s.SetAttributes(attribute.String("db.operation.name", o.Verb), attribute.String("pgveil.verdict", o.Verdict),
		attribute.StringSlice("pgveil.roles", o.Roles), attribute.String("pgveil.session", o.Session), attribute.Int64("db.response.returned_rows", o.Rows))
	if o.Code != "" {
		s.SetAttributes(attribute.String("db.response.status_code", o.Code))
		s.SetStatus(codes.Error, "")
	}
	s.Span.End()
}
