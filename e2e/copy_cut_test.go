package e2e

import (
	"encoding/binary"
	"strings"
	"testing"
	"time"
)

// A row of COPY with a bad value is refused with the proxy's own error also where the server has found the row short before the rest of
// the client's message is there.
func TestCopyCutRow(t *testing.T) {
	c := hijack(t, shared.DSN("app", password("app"), "shop", ""))
	c.send(t, query("copy people (id, name, age, email) from stdin"))
	if typ := c.next(patience); typ != 'G' {
		t.Fatal(c.show(typ))
	}
	const bad, rest = "7101\tn\tcnry-no-number\tcnry-cut\n", "7102\tn\t1\tcnry-cut\n"
	c.write(t, append(binary.BigEndian.AppendUint32([]byte{'d'}, uint32(4+len(bad)+len(rest))), bad...))
	time.Sleep(300 * time.Millisecond) // the server has it
	c.write(t, append([]byte(rest), 'c', 0, 0, 0, 4))
	if trace := strings.Join(c.until('Z', 1), "\n"); !strings.Contains(trace, "22P02") || strings.Contains(trace, "cnry") {
		t.Errorf("%s", trace)
	}
}
