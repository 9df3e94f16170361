package proxy

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pgveil/pgveil/crypto"
	"github.com/pgveil/pgveil/crypto/cryptotest"
	"github.com/pgveil/pgveil/policy"
	"github.com/pgveil/pgveil/policy/sql"
	"github.com/pgveil/pgveil/proxy/metrics"
	"github.com/pgveil/pgveil/proxy/value"
)

// copyBenchRows is how many rows of COPY one iteration of BenchmarkCopy takes: about what one CopyData of psql holds.
const copyBenchRows = 1000

// BenchmarkCopy seals and opens the rows of e2e/bench's COPY: two plain columns, a text sealed for equality and one at random. Divide by
// copyBenchRows for a row.
func BenchmarkCopy(b *testing.B) {
	for _, name := range []string{"text", "csv", "binary"} {
		in, out := copyBench(b, copyDescs[name])
		set := &value.Settings{}
		data := copyBenchData(in)
		var sealed, shown []byte
		b.Run(name+"/in", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var err error
				if sealed, err = in.appendSealed(sealed[:0], data, false, set); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/copyBenchRows, "ns/row")
		})
		if sealed == nil {
			sealed, _ = in.appendSealed(nil, data, false, set)
		}
		b.Run(name+"/out", func(b *testing.B) {
			var scratch rowScratch
			b.ReportAllocs()
			for b.Loop() {
				var err error
				if shown, err = out.appendShown(shown[:0], sealed, false, set, &scratch); err != nil {
					b.Fatal(err)
				}
			}
			if string(shown) != string(data) {
				b.Fatal("the rows do not come back as they were")
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/copyBenchRows, "ns/row")
		})
	}
}

// copyBench is both ends of a COPY of four columns, of which the last two are sealed.
func copyBench(tb testing.TB, desc sql.Copy) (*copyIn, *copyOut) {
	keys := cryptotest.Keyring(tb, map[string]crypto.Mode{"email": crypto.ModeEqual, "ssn": crypto.ModeRandom})
	counter := func() prometheus.Counter { return prometheus.NewCounter(prometheus.CounterOpts{Name: "c"}) }
	format := value.FormatText
	if desc.Format == sql.CopyBinary {
		format = value.FormatBinary
	}
	in := &copyIn{copyData: copyData{limit: 1 << 20, csvMarker: true}}
	out := &copyOut{copyData: copyData{limit: 1 << 20}, shape: &rowShape{}, keys: keys}
	for _, name := range []string{"id", "name", "email", "ssn"} {
		column, to := sql.CopyColumn{Name: name, Use: -1}, copyInColumn{name: name}
		shape := columnShape{slot: policy.Slot{Do: policy.Pass}, server: format, client: format}
		if key, ok := keys.Key(name); ok {
			prot := sql.Protection{Key: name, Type: sql.Type{OID: sql.OIDText, Mod: -1}}
			column.Target = &sql.Target{Column: name, Protection: prot}
			counters := &metrics.ColumnCounters{Sealed: counter(), Opened: counter(), Masked: counter()}
			to.key, to.target, to.typ, to.options, to.counters = key, column.Target, columnType(&prot), decodeOptions(column.Target), counters
			shape.slot, shape.key, shape.typ, shape.counters = policy.Slot{Do: policy.Open, Protection: &prot}, key, columnType(&prot), counters
		}
		desc.Columns = append(desc.Columns, column)
		in.columns = append(in.columns, to)
		out.shape.columns = append(out.shape.columns, shape)
	}
	inDesc, outDesc := desc, desc
	inDesc.In = true
	in.desc, out.desc = &inDesc, &outDesc
	if desc.Format == sql.CopyBinary {
		in.begun, out.begun = true, true // the header has passed
	}
	return in, out
}

func copyBenchData(c *copyIn) []byte {
	var data []byte
	for i := range copyBenchRows {
		fields := []string{fmt.Sprint(4000 + i), fmt.Sprint("Customer ", 4000+i), fmt.Sprintf("customer%d@example.test", 4000+i), fmt.Sprintf("%09d", (4000+i)*7919)}
		if c.desc.Format == sql.CopyBinary {
			data = append(data, 0, byte(len(fields)))
		}
		for j, f := range fields {
			switch {
			case c.desc.Format == sql.CopyBinary:
				data = append(binary.BigEndian.AppendUint32(data, uint32(len(f))), f...)
			case j < len(fields)-1:
				data = append(append(data, f...), c.desc.Delimiter)
			default:
				data = append(append(data, f...), '\n')
			}
		}
	}
	return data
}
