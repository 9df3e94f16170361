package audit

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// The files in the log's folder besides the segments.
const (
	checkpointName  = "checkpoint"
	checkpointsName = "checkpoints"
	hashesName      = "hashes"
	lockName        = "lock"
)

// segment is one file of lines: its place in the row of files and the seq of its first line.
type segment struct {
	number int
	first  int64
}

func (s segment) name() string { return fmt.Sprintf("%06d-%012d.jsonl", s.number, s.first) }

// listSegments returns the segments in order of their numbers. Other names are ignored.
func listSegments(dir string) ([]segment, error) {
	entries, err := os.ReadDir(dir) // sorted by name, and so by number
	if err != nil {
		return nil, err
	}
	var list []segment
	for _, e := range entries {
		var s segment
		if _, err := fmt.Sscanf(e.Name(), "%d-%d.jsonl", &s.number, &s.first); err != nil || s.name() != e.Name() {
			if strings.HasSuffix(e.Name(), ".jsonl") {
				return nil, fmt.Errorf("%s: not a segment's name", e.Name())
			}
			continue
		}
		list = append(list, s)
	}
	return list, nil
}

// maxStored bounds a line when reading. Lines of the log's own may be longer than MaxLine.
const maxStored = 16 << 20

// readLines calls each with every complete line, without its newline, and the offset at which it starts. It returns the bytes
// after the last newline. The slice is valid during the call only.
func readLines(dir string, s segment, each func(line []byte, offset int64) error) (torn int64, err error) {
	f, err := os.Open(filepath.Join(dir, s.name()))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, 256<<10)
	var long []byte
	for offset := int64(0); ; {
		part, err := r.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			if long = append(long, part...); len(long) > maxStored {
				info, err := f.Stat() // no line of ours: all that follows counts as an unfinished one
				if err != nil {
					return 0, err
				}
				return info.Size() - offset, nil
			}
			continue
		}
		line := part
		if len(long) > 0 {
			long = append(long, part...)
			line = long
		}
		if errors.Is(err, io.EOF) {
			return int64(len(line)), nil
		}
		if err != nil {
			return 0, fmt.Errorf("%s: %w", s.name(), err)
		}
		if err := each(bytes.TrimSuffix(line, []byte{'\n'}), offset); err != nil {
			return 0, err
		}
		offset += int64(len(line))
		long = long[:0]
	}
}
