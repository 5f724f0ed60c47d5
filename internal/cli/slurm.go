package cli

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"turno"
)

// This file reads the texts that sbatch's users know by heart.

// parseTime reads a time limit: 30 (minutes), 1:30:00, 30:00 (minutes and
// seconds), 2-00:00, 90m, 1h30m; 0 and UNLIMITED are none.
func parseTime(text string) (time.Duration, error) {
	bad := fmt.Errorf("%q is not a time: use 30 (minutes), 1:30:00, 2-00:00 (days), 90m or 1h30m", text)
	if strings.EqualFold(text, "unlimited") || strings.EqualFold(text, "infinite") {
		return 0, nil
	}
	if n, err := strconv.Atoi(text); err == nil && n >= 0 {
		return span(bad, unit{n, time.Minute})
	}
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return d, nil
	}
	days, clock, isDays := strings.Cut(text, "-")
	if !isDays {
		days, clock = "0", text
	}
	d, err := strconv.Atoi(days)
	parts := strings.Split(clock, ":")
	units := []time.Duration{time.Minute, time.Second} // 30:00
	switch {
	case isDays:
		units = []time.Duration{time.Hour, time.Minute, time.Second} // 2-12, 2-12:00, 2-12:00:00
	case len(parts) == 3:
		units = []time.Duration{time.Hour, time.Minute, time.Second}
	}
	if err != nil || d < 0 || len(parts) > len(units) || (!isDays && len(parts) == 1) {
		return 0, bad
	}
	sum := []unit{{d, 24 * time.Hour}}
	for i, p := range parts {
		n, err := strconv.Atoi(p)
		if err != nil || n < 0 {
			return 0, bad
		}
		sum = append(sum, unit{n, units[i]})
	}
	return span(bad, sum...)
}

type unit struct {
	n int
	d time.Duration
}

func span(bad error, units ...unit) (time.Duration, error) {
	total := 0.0
	for _, u := range units {
		total += float64(u.n) * float64(u.d)
	}
	if total > math.MaxInt64/2 {
		return 0, bad
	}
	return time.Duration(total), nil
}

var nowPlus = regexp.MustCompile(`^(?:now)?\+(\d+) ?([a-z]*)$`)

// parseMoment reads a point in time: now+1hour, 16:30 (the next one), tomorrow,
// 2026-01-20, 2026-01-20T12:34:00, RFC 3339.
func parseMoment(text string, now time.Time) (time.Time, error) {
	lower := strings.ToLower(strings.TrimSpace(text))
	day := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	switch lower {
	case "now":
		return now, nil
	case "today":
		return day, nil
	case "tomorrow":
		return day.AddDate(0, 0, 1), nil
	case "midnight":
		return day.AddDate(0, 0, 1), nil
	case "noon":
		return next(day.Add(12*time.Hour), now), nil
	}
	if m := nowPlus.FindStringSubmatch(lower); m != nil {
		n, err := strconv.Atoi(m[1])
		u, ok := momentUnits[strings.TrimSuffix(m[2], "s")]
		if err == nil && ok && n < 1e6 {
			return now.Add(time.Duration(n) * u), nil
		}
	}
	for _, layout := range []string{"15:04", "15:04:05"} {
		if t, err := time.Parse(layout, lower); err == nil {
			return next(day.Add(time.Duration(t.Hour())*time.Hour+time.Duration(t.Minute())*time.Minute+time.Duration(t.Second())*time.Second), now), nil
		}
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, text, now.Location()); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a point in time: use now+1hour, 16:30, tomorrow, 2026-01-20 or 2026-01-20T12:34:00", text)
}

var ago = regexp.MustCompile(`^(\d+) ?([a-z]+)(?: ago)?$`)

// parsePast reads a point in time as parseMoment does, or how long ago it was: 24h.
func parsePast(text string, now time.Time) (time.Time, error) {
	if m := ago.FindStringSubmatch(strings.ToLower(text)); m != nil {
		n, err := strconv.Atoi(m[1])
		u, ok := momentUnits[strings.TrimSuffix(m[2], "s")]
		if err == nil && ok && n < 1e6 {
			return now.Add(-time.Duration(n) * u), nil
		}
	}
	t, err := parseMoment(text, now)
	if err != nil {
		return t, fmt.Errorf("%q is not a point in the past: use 24h, 7d, 2026-01-20 or 2026-01-20T12:34:00", text)
	}
	return t, nil
}

var momentUnits = map[string]time.Duration{
	"": time.Second, "sec": time.Second, "second": time.Second, "min": time.Minute, "minute": time.Minute, "m": time.Minute,
	"h": time.Hour, "hour": time.Hour, "d": 24 * time.Hour, "day": 24 * time.Hour, "week": 7 * 24 * time.Hour,
}

// next is t, or the same clock time tomorrow when t has passed.
func next(t, now time.Time) time.Time {
	if t.After(now) {
		return t
	}
	return t.AddDate(0, 0, 1)
}

// parseGPUs reads 2, a100:2 or a100.
func parseGPUs(text string) (model string, n int, err error) {
	name, count, has := strings.Cut(text, ":")
	if !has {
		if n, err = strconv.Atoi(text); err == nil && n >= 0 {
			return "", n, nil
		}
		if _, bad := strconv.ParseFloat(text, 64); bad == nil {
			name = "" // 1.5 and -1 are no models
		}
		count = "1"
	}
	n, err = strconv.Atoi(count)
	if err != nil || n < 1 || name == "" || strings.ContainsAny(name, ",=") || name[0] == '-' {
		return "", 0, fmt.Errorf("%q is not a number of GPUs: use 2 or a100:2", text)
	}
	return name, n, nil
}

// parseGRES reads gpu, gpu:2 and gpu:a100:2.
func parseGRES(text string) (string, int, error) {
	kind, rest, has := strings.Cut(strings.TrimPrefix(text, "gres/"), ":")
	if kind != "gpu" {
		return "", 0, fmt.Errorf("%q: turno knows GPUs only: use gpu:2 or gpu:a100:2", text)
	}
	if !has {
		return "", 1, nil
	}
	return parseGPUs(rest)
}

// parseDependency reads afterok:12:13,afterany:14.
func parseDependency(text string) ([]turno.Dependency, error) {
	if strings.Contains(text, "?") {
		return nil, fmt.Errorf("%q: turno waits for all of them; \"any of\" (?) is not known", text)
	}
	var out []turno.Dependency
	for part := range strings.SplitSeq(text, ",") {
		kind, jobs, has := strings.Cut(part, ":")
		when, ok := dependencyKinds[kind]
		switch {
		case kind == "singleton" || kind == "aftercorr" || kind == "after" || kind == "afterburstbuffer":
			return nil, fmt.Errorf("%q is not known to turno: use afterok, afterany or afternotok", kind)
		case !ok || !has || jobs == "":
			return nil, fmt.Errorf("%q is not a dependency: use afterok:12, or afterok:12:13,afterany:14", part)
		}
		for job := range strings.SplitSeq(jobs, ":") {
			out = append(out, turno.Dependency{Job: job, When: when})
		}
	}
	return out, nil
}

var dependencyKinds = map[string]turno.Condition{
	"afterok": turno.AfterOK, "afterany": turno.AfterAny, "afternotok": turno.AfterNotOK,
	"ok": turno.AfterOK, "any": turno.AfterAny, "notok": turno.AfterNotOK,
}

// parseAfter reads turno's own form: 12, ok:12, any:12,13.
func parseAfter(text string) ([]turno.Dependency, error) {
	when := turno.AfterOK
	if kind, rest, has := strings.Cut(text, ":"); has {
		c, ok := dependencyKinds[kind]
		if !ok {
			return nil, fmt.Errorf("%q: use ok:12, any:12 or notok:12", text)
		}
		when, text = c, rest
	}
	var out []turno.Dependency
	for job := range strings.SplitSeq(text, ",") {
		out = append(out, turno.Dependency{Job: strings.TrimSpace(job), When: when})
	}
	return out, nil
}

// splitWords splits a line as a shell does, without expanding anything.
func splitWords(line string) ([]string, error) {
	var words []string
	var word strings.Builder
	quote, in, escaped := rune(0), false, false
	for _, r := range line {
		switch {
		case escaped:
			word.WriteRune(r)
			escaped = false
		case r == '\\' && quote != '\'':
			escaped, in = true, true
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, in = r, true
		case r == '#' && !in:
			return words, nil
		case r == ' ' || r == '\t' || r == '\r':
			if in {
				words = append(words, word.String())
				word.Reset()
				in = false
			}
		default:
			word.WriteRune(r)
			in = true
		}
	}
	if quote != 0 || escaped {
		return nil, fmt.Errorf("a quote is not closed in %q", line)
	}
	if in {
		words = append(words, word.String())
	}
	return words, nil
}

// quote makes one word of a shell's line.
func quote(word string) string {
	if word != "" && strings.Trim(word, shellSafe) == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

const shellSafe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=,@%+"

func quoteAll(words []string) string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = quote(w)
	}
	return strings.Join(out, " ")
}
