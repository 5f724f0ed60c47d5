package cli

import (
	"fmt"
	"strings"

	"turno"
)

// told is what has become of telling a job's end.
func (s *session) told(j *turno.Job) string {
	if j.Spec.Webhook == "" {
		return ""
	}
	w := j.Webhook
	if w == nil {
		return j.Spec.Webhook + ", when the job has ended"
	}
	parts := []string{j.Spec.Webhook + ": " + string(w.State)}
	if w.Tries > 0 {
		parts = append(parts, fmt.Sprintf("%d %s, the last %s", w.Tries, map[bool]string{true: "try", false: "tries"}[w.Tries == 1], s.moment(w.LastAt)))
	}
	if w.Error != "" {
		parts = append(parts, w.Error)
	}
	if !w.Due.IsZero() && w.Tries > 0 {
		parts = append(parts, "the next "+s.moment(w.Due))
	}
	return strings.Join(parts, "; ")
}
