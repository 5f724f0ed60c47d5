package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"turno"
	"turno/internal/broker"
)

// actTargets bounds one ask, so that one order does not keep others waiting.
const actTargets = 1000

// redriveTargets bounds it where each target may hold thousands of jobs.
const redriveTargets = 10

// Act implements turno.Service.
func (s *Service) Act(ctx context.Context, a turno.Action) ([]turno.Acted, error) {
	if err := checkAction(&a); err != nil {
		return nil, err
	}
	parts := split(a)
	asks := make([]turno.Ask, len(parts))
	for i := range parts {
		asks[i] = turno.Ask{Version: turno.ProtocolVersion, Act: &parts[i]}
	}
	answers, err := s.ask(ctx, asks)
	if err != nil {
		return nil, err
	}
	var acted []turno.Acted
	for i := range parts {
		got, problem := takeActed(&parts[i], answers[i])
		if problem == nil {
			acted = append(acted, got...)
			continue
		}
		if problem.Code == turno.CodeUnavailable {
			problem = problem.WithHint("it may still be carried out once the scheduler is back; look before you repeat it")
		}
		if len(parts) == 1 {
			return nil, problem
		}
		for _, target := range parts[i].Targets() {
			acted = append(acted, turno.Acted{Target: target, Error: problem})
		}
	}
	return acted, nil
}

func takeActed(a *turno.Action, got *turno.Answer) ([]turno.Acted, *turno.Error) {
	if got.Error != nil {
		return nil, got.Error
	}
	if n := len(a.Targets()); len(got.Acted) != n {
		return nil, turno.Errorf(turno.CodeInternal, "the scheduler answered for %d of %d targets", len(got.Acted), n)
	}
	return got.Acted, nil
}

func checkAction(a *turno.Action) *turno.Error {
	whom := ""
	switch a.Verb {
	case turno.Cancel, turno.HoldJob, turno.Release, turno.Requeue, turno.Update:
		whom = "jobs"
	case turno.Drain, turno.Undrain:
		whom = "workers"
	case turno.Redrive, turno.Drop:
		whom = "dead_letters"
	default:
		return turno.Invalid("verb", "%.40q: use cancel, hold, release, requeue, update, drain, undrain, redrive or drop", a.Verb)
	}
	for _, f := range []struct {
		field   string
		targets []string
	}{{"jobs", a.Jobs}, {"workers", a.Workers}, {"dead_letters", a.Letters}} {
		if f.field != whom && len(f.targets) > 0 {
			return turno.Invalid(f.field, "%s is for %s", a.Verb, whom)
		}
	}
	if len(a.Targets()) == 0 {
		return turno.Invalid(whom, "names nothing to %s", a.Verb)
	}
	if a.Grace < 0 {
		return turno.Invalid("grace_seconds", "%s: must not be negative", a.Grace)
	}
	if (a.Change != nil || a.IfRevision != nil) != (a.Verb == turno.Update) {
		return turno.Invalid("change", "is what an update needs, and nothing else takes")
	}
	if a.Verb == turno.Update {
		if err := a.Change.Check(); err != nil {
			return err
		}
	}
	if err := turno.CheckName("user", a.User); err != nil {
		return err
	}
	return turno.CheckName("message", a.Message)
}

// split makes actions of at most actTargets, in order.
func split(a turno.Action) []turno.Action {
	var parts []turno.Action
	for len(a.Targets()) > 0 {
		p := a
		p.Jobs = a.Jobs[:min(len(a.Jobs), actTargets)]
		p.Workers = a.Workers[:min(len(a.Workers), actTargets)]
		p.Letters = a.Letters[:min(len(a.Letters), redriveTargets)]
		a.Jobs, a.Workers, a.Letters = a.Jobs[len(p.Jobs):], a.Workers[len(p.Workers):], a.Letters[len(p.Letters):]
		parts = append(parts, p)
	}
	return parts
}

// Explain implements turno.Service.
func (s *Service) Explain(ctx context.Context, ref string) (turno.Explanation, error) {
	if _, err := turno.ParseRef(ref); err != nil {
		return turno.Explanation{}, err
	}
	answers, err := s.ask(ctx, []turno.Ask{{Version: turno.ProtocolVersion, Explain: ref}})
	if err != nil {
		return turno.Explanation{}, err
	}
	if problem := answers[0].Error; problem != nil {
		return turno.Explanation{}, problem
	}
	if answers[0].Explain == nil {
		return turno.Explanation{}, errors.New("the scheduler's answer holds no explanation")
	}
	return *answers[0].Explain, nil
}

// Workers implements turno.Service.
func (s *Service) Workers(ctx context.Context) ([]turno.Worker, error) {
	answers, err := s.ask(ctx, []turno.Ask{{Version: turno.ProtocolVersion, Workers: true}})
	if err != nil {
		return nil, err
	}
	if problem := answers[0].Error; problem != nil {
		return nil, problem
	}
	return answers[0].Workers, nil
}

// ask sends asks together and gives one answer each; one that did not come
// holds an Error.
func (s *Service) ask(ctx context.Context, asks []turno.Ask) ([]*turno.Answer, error) {
	bodies := make([][]byte, len(asks))
	for i := range asks {
		var err error
		if bodies[i], err = json.Marshal(&asks[i]); err != nil {
			return nil, fmt.Errorf("encode an ask: %w", err)
		}
	}
	answers := make([]*turno.Answer, len(asks))
	err := s.exchange(ctx, broker.ControlQueue, bodies, func(i int, body []byte) {
		answers[i] = &turno.Answer{}
		if err := json.Unmarshal(body, answers[i]); err != nil {
			s.log.Error("did not understand the scheduler's answer", "err", err)
			answers[i].Error = turno.Errorf(turno.CodeInternal, "the scheduler's answer was not understood")
		}
	})
	if err != nil && ctx.Err() != nil {
		return nil, err
	}
	missing := s.unanswered(err)
	for i := range answers {
		if answers[i] == nil {
			answers[i] = &turno.Answer{Error: missing}
		}
	}
	return answers, nil
}

func (s *Service) unanswered(err error) *turno.Error {
	if known, ok := errors.AsType[*turno.Error](err); ok {
		return known
	}
	if err != nil {
		s.log.Warn("did not hand an ask to the broker", "err", err)
		return turno.Errorf(turno.CodeUnavailable, "the broker did not take the question to the scheduler").
			WithHint("try again; turno doctor looks at the broker")
	}
	return turno.Errorf(turno.CodeUnavailable, "the scheduler did not answer within %s", s.o.AskTimeout.Round(time.Millisecond)).
		WithHint("is a scheduler running? start one with: turno scheduler")
}
