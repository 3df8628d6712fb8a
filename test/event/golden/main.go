// Command golden writes, for each line of JSON on its input, what kubernetes-event-exporter makes of it.
//
// A line is {"core": <core/v1 Event>, "clusterName": "...", "object": <metadata> | "notFound" | null, "deDot": bool},
// or an Event whose involvedObject already carries labels, annotations, ownerReferences and deleted.
// The types are those of the exporter (its EnhancedEvent) on the k8s.io/api release that it is built with; the
// decoder is the one that its watch uses. Run: go run . < cases.jsonl > expected.jsonl
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kjson "sigs.k8s.io/json"
)

type enhancedEvent struct {
	corev1.Event   `json:",inline"`
	ClusterName    string                  `json:"clusterName"`
	InvolvedObject enhancedObjectReference `json:"involvedObject"`
}

type enhancedObjectReference struct {
	corev1.ObjectReference `json:",inline"`
	Labels                 map[string]string       `json:"labels,omitempty"`
	Annotations            map[string]string       `json:"annotations,omitempty"`
	OwnerReferences        []metav1.OwnerReference `json:"ownerReferences,omitempty"`
	Deleted                bool                    `json:"deleted"`
}

type testCase struct {
	Core        json.RawMessage `json:"core"`
	ClusterName string          `json:"clusterName"`
	Object      json.RawMessage `json:"object"`
	DeDot       bool            `json:"deDot"`
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 16<<20)
	for number := 1; lines.Scan(); number++ {
		text, err := convert(lines.Bytes())
		if err != nil {
			fmt.Fprintf(os.Stderr, "case %d: %v\n", number, err)
			os.Exit(1)
		}
		fmt.Println(string(text))
	}
}

func convert(line []byte) ([]byte, error) {
	var given testCase
	if err := json.Unmarshal(line, &given); err != nil {
		return nil, err
	}
	if given.Core == nil {
		return convertEnriched(line)
	}
	var event enhancedEvent
	if err := kjson.UnmarshalCaseSensitivePreserveInts(given.Core, &event.Event); err != nil {
		return nil, err
	}
	event.TypeMeta = metav1.TypeMeta{} // as an informer leaves it
	event.ManagedFields = nil
	event.ClusterName = given.ClusterName
	event.InvolvedObject.ObjectReference = *event.Event.InvolvedObject.DeepCopy()
	if err := event.look(given.Object); err != nil {
		return nil, err
	}
	if given.DeDot {
		event.deDot()
	}
	return json.Marshal(event)
}

func convertEnriched(line []byte) ([]byte, error) {
	var event enhancedEvent
	if err := kjson.UnmarshalCaseSensitivePreserveInts(line, &event); err != nil {
		return nil, err
	}
	event.TypeMeta = metav1.TypeMeta{}
	event.ManagedFields = nil
	return json.Marshal(event)
}

func (e *enhancedEvent) look(object json.RawMessage) error {
	if len(object) == 0 || string(object) == "null" {
		return nil
	}
	if string(object) == `"notFound"` {
		e.InvolvedObject.Deleted = true
		return nil
	}
	var metadata metav1.ObjectMeta
	if err := kjson.UnmarshalCaseSensitivePreserveInts(object, &metadata); err != nil {
		return err
	}
	e.InvolvedObject.Labels = metadata.Labels
	e.InvolvedObject.Annotations = metadata.Annotations
	e.InvolvedObject.OwnerReferences = metadata.OwnerReferences
	e.InvolvedObject.Deleted = metadata.DeletionTimestamp != nil
	return nil
}

func (e *enhancedEvent) deDot() {
	e.Labels = deDotted(e.Labels)
	e.Annotations = deDotted(e.Annotations)
	e.InvolvedObject.Labels = deDotted(e.InvolvedObject.Labels)
	e.InvolvedObject.Annotations = deDotted(e.InvolvedObject.Annotations)
}

func deDotted(from map[string]string) map[string]string {
	to := make(map[string]string, len(from))
	for key, value := range from {
		to[strings.ReplaceAll(key, ".", "_")] = value
	}
	return to
}
