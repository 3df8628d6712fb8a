// The golden generator renders templates with Go's text/template and Sprig. It reads one JSON object a line: first the
// events by name, then cases; it writes one result a line.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig/v3"

	"eventroute.dev/golden/kube"
)

type testCase struct {
	Template string `json:"template"`
	Event    string `json:"event"`
}

type result struct {
	Output  *string `json:"output,omitempty"`
	Stage   string  `json:"stage,omitempty"`
	Line    int     `json:"line,omitempty"`
	Column  *int    `json:"column,omitempty"`
	Message string  `json:"message,omitempty"`
}

var location = regexp.MustCompile(`(?s)^template: t:(\d+)(?::(\d+))?: (?:executing "(?:[^"\\]|\\.)*" at <.*?>: )?(.*)$`)

// addresses are what Go prints for pointers inside structs; they change from run to run.
var addresses = regexp.MustCompile(`\b0x[0-9a-f]{9,12}\b`)

func failure(stage string, err error) result {
	failed := result{Stage: stage, Message: err.Error()}
	if match := location.FindStringSubmatch(err.Error()); match != nil {
		failed.Line, _ = strconv.Atoi(match[1])
		if match[2] != "" {
			column, _ := strconv.Atoi(match[2])
			failed.Column = &column
		}
		failed.Message = match[3]
	}
	failed.Message = addresses.ReplaceAllString(failed.Message, "0xc000000000")
	return failed
}

// bounded is an output that ends: what random templates write must not fill the machine.
type bounded struct {
	strings.Builder
}

func (b *bounded) Write(data []byte) (int, error) {
	if b.Len()+len(data) > 1<<20 {
		return 0, fmt.Errorf("output too long")
	}
	return b.Builder.Write(data)
}

func render(one testCase, documents map[string]json.RawMessage) (done result) {
	defer func() {
		if problem := recover(); problem != nil {
			done = result{Stage: "panic", Message: fmt.Sprint(problem)}
		}
	}()
	event, err := kube.Decode(documents[one.Event])
	if err != nil {
		panic(err)
	}
	parsed, err := template.New("t").Funcs(sprig.TxtFuncMap()).Parse(one.Template)
	if err != nil {
		return failure("parse", err)
	}
	var output bounded
	if err := parsed.Execute(&output, event); err != nil {
		return failure("execute", err)
	}
	text := addresses.ReplaceAllString(output.String(), "0xc000000000")
	return result{Output: &text}
}

func main() {
	lines := bufio.NewReader(os.Stdin)
	writer := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(writer)
	encoder.SetEscapeHTML(false)
	var documents map[string]json.RawMessage
	for {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF && len(line) == 0 {
			break
		}
		if documents == nil {
			if err := json.Unmarshal(line, &documents); err != nil {
				panic(err)
			}
			continue
		}
		var one testCase
		if err := json.Unmarshal(line, &one); err != nil {
			panic(err)
		}
		if err := encoder.Encode(render(one, documents)); err != nil {
			panic(err)
		}
		if lines.Buffered() == 0 {
			writer.Flush()
		}
	}
	writer.Flush()
}
