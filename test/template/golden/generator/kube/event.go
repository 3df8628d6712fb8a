// Package kube has the shape of the value that kubernetes-event-exporter gives to templates.
package kube

import (
	"encoding/json"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// EnhancedEvent is an Event with what was looked up about its object.
type EnhancedEvent struct {
	corev1.Event   `json:",inline"`
	ClusterName    string                  `json:"clusterName"`
	InvolvedObject EnhancedObjectReference `json:"involvedObject"`
}

// EnhancedObjectReference is the object of an Event with its metadata.
type EnhancedObjectReference struct {
	corev1.ObjectReference `json:",inline"`
	Labels                 map[string]string       `json:"labels,omitempty"`
	Annotations            map[string]string       `json:"annotations,omitempty"`
	OwnerReferences        []metav1.OwnerReference `json:"ownerReferences,omitempty"`
	Deleted                bool                    `json:"deleted"`
}

// Decode reads an event from its document.
func Decode(document []byte) (*EnhancedEvent, error) {
	event := &EnhancedEvent{}
	if err := json.Unmarshal(document, event); err != nil {
		return nil, err
	}
	return event, json.Unmarshal(document, &event.Event)
}

func dedotted(in map[string]string) map[string]string {
	if len(in) == 0 {
		return in
	}
	out := make(map[string]string, len(in))
	for key, value := range in {
		out[strings.ReplaceAll(key, ".", "_")] = value
	}
	return out
}

// DeDot gives a copy without dots in the keys of labels and annotations.
func (e EnhancedEvent) DeDot() EnhancedEvent {
	e.Labels = dedotted(e.Labels)
	e.Annotations = dedotted(e.Annotations)
	e.InvolvedObject.Labels = dedotted(e.InvolvedObject.Labels)
	e.InvolvedObject.Annotations = dedotted(e.InvolvedObject.Annotations)
	return e
}

// ToJSON encodes the event.
func (e *EnhancedEvent) ToJSON() []byte {
	document, _ := json.Marshal(e)
	return document
}

func (e *EnhancedEvent) timestamp() time.Time {
	if e.FirstTimestamp.Time.IsZero() {
		return e.EventTime.Time
	}
	return e.FirstTimestamp.Time
}

// GetTimestampMs gives the event's time in milliseconds.
func (e *EnhancedEvent) GetTimestampMs() int64 {
	return e.timestamp().UnixNano() / int64(time.Millisecond)
}

// GetTimestampISO8601 gives the event's time as text.
func (e *EnhancedEvent) GetTimestampISO8601() string {
	return e.timestamp().Format("2006-01-02T15:04:05.000Z")
}
