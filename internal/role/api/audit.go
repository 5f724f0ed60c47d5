package api

import (
	"net/http"
	"strings"

	"turno"
	"turno/internal/access"
)

// answered remembers the status of an answer.
type answered struct {
	http.ResponseWriter
	status int
}

func (a *answered) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach what is below.
func (a *answered) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// quiet are operations that come many at a time, for a job that is handed in or
// a benchmark that goes on, and are noted only when they are denied.
var quiet = map[string]bool{"statFiles": true, "packFiles": true, "putFile": true, "nameFile": true, "preview": true, "putBenchmark": true}

// noteRequest puts into the audit log what changes something, and what was
// denied. What was read is not in it.
func (a *Role) noteRequest(r *http.Request, status int) {
	operation := a.operations[r.Pattern]
	if operation == "" {
		_, pattern := a.mux.Handler(r) // it was turned away before its route
		operation = a.operations[pattern]
	}
	e := turno.AuditEntry{From: address(r), Action: operation, Object: access.Clip(strings.TrimPrefix(r.URL.Path, base+"/")), Status: status, Result: resultOf(status)}
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	switch {
	case operation == "":
	case e.Result == turno.AuditDenied, access.Denied(r.Context()):
		a.access.Note(r.Context(), e)
	case reads, status == http.StatusTooManyRequests && operation != "signIn", quiet[operation], written[operation] && e.Result == turno.AuditDone:
	default:
		a.access.Note(r.Context(), e)
	}
}

// written are operations whose entry is part of what they write.
var written = map[string]bool{"makeToken": true, "revokeToken": true, "join": true}

func resultOf(status int) string {
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return turno.AuditDenied
	case status == 0 || status >= http.StatusBadRequest:
		return turno.AuditFailed
	}
	return turno.AuditDone
}

// noteStranger is for a token that is not known. Not what it was: it may be a
// secret of another server's.
func (a *Role) noteStranger(r *http.Request, status int) {
	a.access.Note(r.Context(), turno.AuditEntry{From: address(r), Action: "authenticate", Status: status, Result: turno.AuditDenied})
}
