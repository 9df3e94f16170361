package proxy

import (
	"encoding/binary"
	"strings"
)

// copySignature begins binary COPY data; flags and the length of an extension follow, four bytes each (PostgreSQL documentation, "COPY",
// Binary Format).
const copySignature = "PGCOPY\n\xff\r\n\x00"

const copyHeaderLen = len(copySignature) + 8

// nextBinary is next for the binary format.
func (d *copyData) nextBinary(data []byte, final bool) (int, error) {
	if !d.begun {
		return d.binaryHeader(data, final)
	}
	if len(data) < d.need {
		return 0, d.unfinished(final)
	}
	if len(data) < 2 {
		if final { // CopyGetInt16 takes this for the end, too (src/backend/commands/copyfromparse.c)
			d.row.kind, d.row.raw, d.row.size, d.ended = rowTrailer, data, len(data), true
			return len(data), nil
		}
		return 0, nil
	}
	d.row.raw = data
	count := int(int16(binary.BigEndian.Uint16(data)))
	if count == -1 {
		d.row.kind, d.row.raw, d.row.size, d.ended = rowTrailer, data[:2], 2, true
		if len(data) > 2 {
			return 0, formatError("received copy data after EOF marker")
		}
		return 2, nil
	}
	at := 2
	if count != len(d.desc.Columns) {
		return 0, formatError("row field count is %d, expected %d", count, len(d.desc.Columns))
	}
	for range count {
		if len(data) < at+4 {
			d.need = at + 4
			return 0, d.unfinished(final)
		}
		n := int(int32(binary.BigEndian.Uint32(data[at:])))
		at += 4
		switch {
		case n == -1:
			d.field(copyField{start: at, end: at, null: true})
			continue
		case n < 0:
			return 0, formatError("invalid field size")
		case at+n > d.limit:
			return 0, longRow(d.limit)
		case len(data) < at+n:
			d.need = at + n
			return 0, d.unfinished(final)
		}
		d.field(copyField{start: at, end: at + n})
		at += n
	}
	d.lines++
	d.row.raw, d.row.size = data[:at], at
	return at, nil
}

func (d *copyData) unfinished(final bool) error {
	if final {
		return formatError("unexpected EOF in COPY data")
	}
	return nil
}

// binaryHeader takes what stands before the rows.
func (d *copyData) binaryHeader(data []byte, final bool) (int, error) {
	n := min(len(data), len(copySignature))
	if !strings.HasPrefix(copySignature, string(data[:n])) {
		return 0, formatError("COPY file signature not recognized")
	}
	if len(data) < copyHeaderLen {
		return 0, d.unfinished(final)
	}
	flags, extension := binary.BigEndian.Uint32(data[len(copySignature):]), binary.BigEndian.Uint32(data[len(copySignature)+4:])
	size := copyHeaderLen + int(extension)
	switch {
	case flags&(1<<16) != 0:
		return 0, formatError("invalid COPY file header (WITH OIDS)")
	case flags>>16 != 0:
		return 0, formatError("unrecognized critical flags in COPY file header")
	case int32(extension) < 0:
		return 0, formatError("invalid COPY file header (missing length)")
	case size > d.limit:
		return 0, longRow(d.limit)
	case len(data) < size:
		return 0, d.unfinished(final)
	}
	d.begun = true
	d.row.kind, d.row.raw, d.row.size = rowHeader, data[:size], size
	return size, nil
}
