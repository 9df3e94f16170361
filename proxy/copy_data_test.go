package proxy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pgveil/pgveil/crypto"
	"github.com/pgveil/pgveil/crypto/cryptotest"
	"github.com/pgveil/pgveil/policy"
	"github.com/pgveil/pgveil/policy/sql"
	"github.com/pgveil/pgveil/proxy/metrics"
	"github.com/pgveil/pgveil/proxy/value"
	"github.com/pgveil/pgveil/proxy/wire"
)

// copyPair is both ends of a COPY of the columns a (plain) and b (sealed text) under one key.
func copyPair(t testing.TB, desc sql.Copy) (*copyIn, *copyOut) {
	t.Helper()
	return copyPairOf(cryptotest.Keyring(t, map[string]crypto.Mode{"k": crypto.ModeEqual}), desc)
}

func copyPairOf(keys *crypto.Keyring, desc sql.Copy) (*copyIn, *copyOut) {
	key, _ := keys.Key("k")
	counter := func() prometheus.Counter { return prometheus.NewCounter(prometheus.CounterOpts{Name: "c"}) }
	counters := &metrics.ColumnCounters{Sealed: counter(), Opened: counter(), Masked: counter()}
	prot := sql.Protection{Key: "k", Search: sql.SearchEquality, Type: sql.Type{OID: sql.OIDText, Mod: -1}}
	target := &sql.Target{Column: "b", Protection: prot}
	desc.Columns = []sql.CopyColumn{{Name: "a", Use: -1}, {Name: "b", Use: -1, Target: target}}
	inDesc, outDesc := desc, desc
	inDesc.In = true
	in := &copyIn{copyData: copyData{desc: &inDesc, limit: 1 << 20, csvMarker: true}, columns: []copyInColumn{{name: "a"},
		{name: "b", key: key, target: target, typ: columnType(&prot), options: decodeOptions(target), counters: counters}}}
	format := value.FormatText
	if desc.Format == sql.CopyBinary {
		format = value.FormatBinary
	}
	shape := &rowShape{columns: []columnShape{{slot: policy.Slot{Do: policy.Pass}},
		{slot: policy.Slot{Do: policy.Open, Protection: &prot}, key: key, typ: columnType(&prot), server: format, client: format, counters: counters}}}
	return in, &copyOut{copyData: copyData{desc: &outDesc, limit: 1 << 20}, shape: shape, keys: keys}
}

var copyDescs = map[string]sql.Copy{
	"text":     {Format: sql.CopyText, Delimiter: '\t', Null: `\N`, Quote: '"', Escape: '"'},
	"text odd": {Format: sql.CopyText, Delimiter: '|', Null: "", Quote: '"', Escape: '"'},
	"csv":      {Format: sql.CopyCSV, Delimiter: ',', Quote: '"', Escape: '"'},
	"csv odd":  {Format: sql.CopyCSV, Delimiter: 'c', Quote: '0', Escape: '5', Null: "n"},
	"csv esc":  {Format: sql.CopyCSV, Delimiter: ';', Quote: '\'', Escape: '\\', Null: "NULL"},
	"binary":   {Format: sql.CopyBinary, Delimiter: '\t', Quote: '"', Escape: '"'},
}

// copyRows writes rows in the form of desc, as a server would.
func copyRows(d *copyData, rows [][2]string) []byte {
	var out []byte
	if d.desc.Format == sql.CopyBinary {
		out = append(append(out, copySignature...), 0, 0, 0, 0, 0, 0, 0, 2, 'x', 'y')
	}
	for _, row := range rows {
		switch d.desc.Format {
		case sql.CopyBinary:
			out = append(out, 0, 2)
			for _, v := range row {
				out = append(binary.BigEndian.AppendUint32(out, uint32(len(v))), v...)
			}
		case sql.CopyText:
			out = append(appendTextField(out, []byte(row[0]), d.desc.Delimiter), d.desc.Delimiter)
			out = append(appendTextField(out, []byte(row[1]), d.desc.Delimiter), '\n')
		default:
			out = append(d.appendCSVField(out, []byte(row[0]), false, false), d.desc.Delimiter)
			out = append(d.appendCSVField(out, []byte(row[1]), false, false), '\n')
		}
	}
	if d.desc.Format == sql.CopyBinary {
		out = append(out, 0xff, 0xff)
	}
	return out
}

var copyCases = [][2]string{{"1", "annabelle"}, {"2", "a\tb\nc\\d\"e'f,g;h|i"}, {"c05", `\.`}, {"x", `\\x`}, {"\n\r\n", "\r"}, {`""`, "5050c0"}, {"z", "é🙂\x01"}}

// TestCopySplits seals rows, cut at every byte, and opens what came of it, cut at every byte too: the client gets its own bytes back.
func TestCopySplits(t *testing.T) {
	for name, desc := range copyDescs {
		t.Run(name, func(t *testing.T) {
			whole, _ := copyPair(t, desc)
			data := copyRows(&whole.copyData, copyCases)
			for cut := range len(data) + 1 {
				in, out := copyPair(t, desc)
				sealed := through(t, data, cut, func(dst, b []byte, final bool) ([]byte, error) {
					return in.appendSealed(dst, b, final, &value.Settings{})
				})
				if strings.Contains(string(sealed), "annabelle") || in.rows.Load() != int64(len(copyCases)) {
					t.Fatalf("cut at %d: %d rows, sealed %q", cut, in.rows.Load(), sealed)
				}
				var scratch rowScratch
				shown := through(t, sealed, cut*len(sealed)/(len(data)+1), func(dst, b []byte, final bool) ([]byte, error) {
					return out.appendShown(dst, b, final, &value.Settings{}, &scratch)
				})
				if string(shown) != string(data) {
					t.Fatalf("cut at %d: shown\n%q\nwant\n%q", cut, shown, data)
				}
			}
		})
	}
}

func through(t *testing.T, data []byte, cut int, do func(dst, b []byte, final bool) ([]byte, error)) []byte {
	t.Helper()
	var got []byte
	for i, piece := range [][]byte{data[:cut], data[cut:], nil} {
		var err error
		if got, err = do(got, piece, i == 2); err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
	}
	return got
}

// TestCopyOutWitness: cells where plain values were planned are not shown, in whatever form the server writes them.
func TestCopyOutWitness(t *testing.T) {
	for name, desc := range copyDescs {
		in, out := copyPair(t, desc)
		data := copyRows(&in.copyData, [][2]string{{"1", "annabelle"}})
		sealed := through(t, data, 0, func(dst, b []byte, final bool) ([]byte, error) {
			return in.appendSealed(dst, b, final, &value.Settings{})
		})
		out.shape.columns[1] = columnShape{slot: policy.Slot{Do: policy.Pass}}
		if got, err := out.appendShown(nil, sealed, false, &value.Settings{}, &rowScratch{}); err == nil {
			t.Errorf("%s: shown %q", name, got)
		}
		out.shape.columns[1] = columnShape{}
		_, fresh := copyPair(t, desc)
		fresh.shape.columns[1] = columnShape{}
		if _, err := fresh.appendShown(nil, sealed, false, &value.Settings{}, &rowScratch{}); err == nil {
			t.Errorf("%s: a field without a verdict is shown", name)
		}
	}
}

// TestCopyLongRow: memory is bounded by the limit, whatever comes.
func TestCopyLongRow(t *testing.T) {
	for name, desc := range copyDescs {
		in, _ := copyPair(t, desc)
		var err error
		if desc.Format == sql.CopyBinary {
			_, err = in.appendSealed(nil, append([]byte(copySignature), 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0x3f, 0xff, 0xff, 0xff), false, nil)
		}
		piece := []byte(strings.Repeat("a", 8192))
		for n := 0; err == nil && n < 4<<20; n += len(piece) {
			_, err = in.appendSealed(nil, piece, false, nil)
		}
		var e *wire.Error
		if !errors.As(err, &e) || e.Code != "54000" || cap(in.pending) > 4<<20 {
			t.Errorf("%s: %v, %d bytes held", name, err, cap(in.pending))
		}
	}
}

// FuzzCopy: any data, cut anywhere, come to the same whether they are cut or not; nothing panics, and no value leaves unsealed.
func FuzzCopy(f *testing.F) {
	keys := cryptotest.Keyring(f, map[string]crypto.Mode{"k": crypto.ModeEqual})
	for name := range copyDescs {
		desc := copyDescs[name]
		in, _ := copyPairOf(keys, desc)
		f.Add(name, copyRows(&in.copyData, copyCases), 7)
	}
	f.Add("text", []byte("1\tsecret\r\n\\.\nsecret"), 3)
	f.Add("csv", []byte("1,\"sec\"\"ret\n\"\n\\.\n"), 3)
	f.Fuzz(func(t *testing.T, name string, data []byte, cut int) {
		desc, ok := copyDescs[name]
		if !ok || cut < 0 || cut > len(data) {
			return
		}
		var results []string
		for _, at := range []int{0, cut} {
			in, _ := copyPairOf(keys, desc)
			for i := range in.columns { // NULL passes, all else is sealed at a fixed key: cells are equal for equal values
				in.columns[i].stored = false
			}
			var out []byte
			var err error
			for i, piece := range [][]byte{data[:at], data[at:], nil} {
				if out, err = in.appendSealed(out, piece, i == 2, &value.Settings{}); err != nil {
					break
				}
			}
			results = append(results, fmt.Sprintf("%d rows, %v", in.rows.Load(), err))
		}
		if results[0] != results[1] {
			t.Errorf("%s %q cut at %d: %s, whole: %s", name, data, cut, results[1], results[0])
		}
	})
}

// FuzzCopyOut: nor does it matter for the client how the server's rows are cut; nothing panics, and what is no cell of the column's is not
// shown in its place.
func FuzzCopyOut(f *testing.F) {
	keys := cryptotest.Keyring(f, map[string]crypto.Mode{"k": crypto.ModeEqual})
	for name := range copyDescs {
		in, _ := copyPairOf(keys, copyDescs[name])
		rows := copyRows(&in.copyData, copyCases)
		for i := range in.columns {
			in.columns[i].stored = false
		}
		sealed, err := in.appendSealed(nil, rows, true, &value.Settings{})
		if err != nil {
			f.Fatal(name, err)
		}
		f.Add(name, sealed, 9)
	}
	f.Add("text", []byte("1\t\\\\x00c57e91\n"), 3)
	f.Fuzz(func(t *testing.T, name string, data []byte, cut int) {
		desc, ok := copyDescs[name]
		if !ok || cut < 0 || cut > len(data) {
			return
		}
		var results []string
		for _, at := range []int{0, cut} {
			_, out := copyPairOf(keys, desc)
			var shown []byte
			var err error
			for i, piece := range [][]byte{data[:at], data[at:], nil} {
				if shown, err = out.appendShown(shown, piece, i == 2, &value.Settings{}, &rowScratch{}); err != nil {
					shown = nil // what stands before a row that can't be shown may have gone or not
					break
				}
			}
			results = append(results, fmt.Sprintf("%q, %v", shown, err != nil))
		}
		if results[0] != results[1] {
			t.Errorf("%s %q cut at %d: %s, whole: %s", name, data, cut, results[1], results[0])
		}
	})
}
