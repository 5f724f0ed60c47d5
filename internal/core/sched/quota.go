package sched

import (
	"time"

	"turno"
)

// quotaRetry is what who has too many jobs is told to wait: some have ended by
// then, if any can.
const quotaRetry = 30 * time.Second

// quota counts jobs that have not ended. An array counts once: its tasks are
// made as they start.
type quota struct {
	all   int
	users map[string]int
}

// count adds or takes away a job.
func (q *quota) count(j *turno.Job, by int) {
	if j.Parent != 0 {
		return
	}
	q.all += by
	if q.users[j.Spec.User] += by; q.users[j.Spec.User] <= 0 {
		delete(q.users, j.Spec.User)
	}
}

// room tells why another job of this user has none; nil: it has.
func (s *Sched) room(user string) *turno.Error {
	switch {
	case s.cfg.MaxJobs > 0 && s.quota.all >= s.cfg.MaxJobs:
		return turno.Errorf(turno.CodeQuota, "%d jobs have not ended yet, and there is room for %d", s.quota.all, s.cfg.MaxJobs).
			WithHint("wait until some have ended, or submit many equal jobs as one array; the setting is max_jobs").After(quotaRetry)
	case s.cfg.MaxUserJobs > 0 && s.quota.users[user] >= s.cfg.MaxUserJobs:
		who := "user " + user
		if user == "" {
			who = "no user in particular"
		}
		return turno.Errorf(turno.CodeQuota, "%d jobs of %s have not ended yet, and a user may have %d", s.quota.users[user], who, s.cfg.MaxUserJobs).
			WithHint("wait until some have ended, or submit many equal jobs as one array; the setting is max_user_jobs").After(quotaRetry)
	}
	return nil
}
