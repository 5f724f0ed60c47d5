package api

import (
	"context"
	"net/http"
	"strconv"

	"turno"
	"turno/internal/access"
)

type lettersIn struct {
	Limit  int    `query:"limit" minimum:"0" maximum:"1000" doc:"0 is 100"`
	Cursor string `query:"cursor" doc:"next_cursor of the page before"`
}

type letterIn struct {
	Number int64 `path:"number" minimum:"1"`
}

func (a *Role) routeDeadLetters() {
	path := base + "/dead-letters"
	get(a, page{path, "dead-letters", "Messages of the broker that the scheduler could not take, newest first, without their bodies", access.Operate},
		func(ctx context.Context, in *lettersIn) (turno.DeadLetterPage, error) {
			page, err := a.gate.DeadLetters(ctx, turno.DeadLetterQuery{Limit: in.Limit, Cursor: in.Cursor})
			if page.Items == nil {
				page.Items = []turno.DeadLetter{} // a list is never null
			}
			return page, err
		})
	get(a, page{path + "/{number}", "dead-letter", "One of them, with its body", access.Operate},
		func(ctx context.Context, in *letterIn) (turno.DeadLetter, error) {
			page, err := a.gate.DeadLetters(ctx, turno.DeadLetterQuery{Number: in.Number})
			if err != nil {
				return turno.DeadLetter{}, err
			}
			return page.Items[0], nil
		})
	for verb, summary := range map[turno.Verb]string{
		turno.Redrive: "Hand a dead letter to the scheduler again: its jobs keep their ids, so none is taken twice",
		turno.Drop:    "Forget a dead letter",
	} {
		op := a.orderOp("/dead-letters/{number}/", verb, "a dead letter", access.Operate)
		op.Summary = summary
		raw(a, op, func(w http.ResponseWriter, r *http.Request, in *letterIn) error {
			return a.actOnOne(w, r, turno.Action{Verb: verb, Letters: []string{strconv.FormatInt(in.Number, 10)}})
		})
	}
}
