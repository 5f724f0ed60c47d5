package service

import (
	"context"
	"errors"

	"turno"
)

var _ turno.Previewer = (*Service)(nil)

// Preview implements turno.Previewer.
func (s *Service) Preview(ctx context.Context, spec *turno.Spec) (turno.Preview, error) {
	if spec == nil {
		return turno.Preview{}, turno.Invalid("spec", "must be given")
	}
	spec = spec.Clone()
	if err := s.check(ctx, spec); err != nil {
		return turno.Preview{}, err
	}
	answers, err := s.ask(ctx, []turno.Ask{{Version: turno.ProtocolVersion, Try: spec}})
	if err != nil {
		return turno.Preview{}, err
	}
	if problem := answers[0].Error; problem != nil {
		return turno.Preview{}, problem
	}
	if answers[0].Explain == nil {
		return turno.Preview{}, errors.New("the scheduler's answer holds no explanation")
	}
	e := *answers[0].Explain
	return turno.Preview{Spec: spec, Starts: e.Reason == turno.ReasonAssigned, Explanation: e}, nil
}
