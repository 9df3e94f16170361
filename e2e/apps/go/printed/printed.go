// Package printed is what the applications print: a line for each step, by which a run through pgveil is compared with one on a plain database.
package printed

import (
	"encoding/json"
	"fmt"
)

// Show prints what a step has given, as JSON, or its error.
func Show(step string, v any, err error) {
	if err != nil {
		fmt.Printf("%s: error %v\n", step, err)
		return
	}
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	fmt.Printf("%s: %s\n", step, text)
}
