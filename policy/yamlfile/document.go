package yamlfile

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Document returns the root of the only document of text, which is not empty, or what is wrong with it. file is the name that problems carry.
func Document(file string, text []byte) (root *yaml.Node, problems Problems) {
	wrong := func(line, column int, message string) (*yaml.Node, Problems) {
		return nil, Problems{{File: file, Line: line, Column: column, Message: message}}
	}
	defer func() {
		// The YAML library is known to panic on some malformed input; that is a syntax error like any other.
		if recover() != nil {
			root, problems = wrong(1, 1, "not YAML")
		}
	}()
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var doc, more yaml.Node
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return wrong(1, 1, "the file is empty")
	case err != nil:
		return nil, Problems{syntaxProblem(file, err)}
	}
	switch err := dec.Decode(&more); {
	case err == nil:
		return wrong(more.Line, more.Column, "a second document begins here; expected one")
	case !errors.Is(err, io.EOF):
		return nil, Problems{syntaxProblem(file, err)}
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 {
		return wrong(1, 1, "the file is empty")
	}
	return doc.Content[0], nil
}

var (
	yamlLine   = regexp.MustCompile(`^line (\d+): `)
	yamlQuoted = regexp.MustCompile(`'[^']*'|"[^"]*"`)
)

// syntaxProblem turns the YAML library's error into a Problem. Pieces that it quotes from the file are removed: a mistyped
// secret may be among them.
func syntaxProblem(file string, err error) Problem {
	p := Problem{File: file, Line: 1, Column: 1}
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if m := yamlLine.FindStringSubmatch(text); m != nil {
		p.Line, _ = strconv.Atoi(m[1])
		p.Line = max(p.Line, 1)
		text = text[len(m[0]):]
	}
	p.Message = "not YAML: " + yamlQuoted.ReplaceAllString(text, "'…'")
	return p
}

// Kind says in a few words what a node is, and nothing of its content: what stands in the wrong place may be a secret.
func Kind(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias"
	}
	switch n.ShortTag() {
	case "!!null":
		return "nothing"
	case "!!bool":
		return "true or false"
	case "!!int", "!!float":
		return "a number"
	case "!!timestamp":
		return "a date"
	case "!!str":
		return "text"
	}
	return "something else"
}
