package api

import (
	"context"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"turno"
	"turno/internal/access"
)

type tokenIn struct {
	ID string `path:"id" pattern:"^[0-9a-f]{12}$" doc:"the first 12 hex digits of the token's SHA-256"`
}

type auditIn struct {
	User   string `query:"user" maxLength:"256"`
	Action string `query:"action" maxLength:"64" doc:"an operation of this description; also: authenticate"`
	Result string `query:"result" enum:"done,denied,failed"`
	Limit  int    `query:"limit" minimum:"0" maximum:"1000" doc:"0 is 100"`
	Cursor string `query:"cursor" doc:"next_cursor of the page before"`
}

// me is what a user sees of themselves.
type me struct {
	User   string                `json:"user"`
	Token  turno.Token           `json:"token" doc:"that of this request"`
	States map[turno.State]int64 `json:"states" doc:"their jobs, counted by state"`
	Rate   float64               `json:"submit_rate,omitempty" doc:"requests a second that change something"`
	Events int                   `json:"event_streams,omitempty" doc:"that may be open at a time"`
}

func (a *Role) routeAccess() {
	path := base + "/tokens"
	get(a, page{path, "tokens", "Tokens, newest first: of an admin all, of others their own", access.Read},
		func(ctx context.Context, _ *nothing) (items[turno.Token], error) {
			return listed(a.access.List(ctx, access.Of(ctx)))
		})
	raw(a, huma.Operation{
		Method: http.MethodPost, Path: path, OperationID: "makeToken", Summary: "Make a token; its secret is shown this once",
		RequestBody: body[turno.NewToken](a, "For whom and for what"), DefaultStatus: http.StatusCreated,
		Responses: answers[turno.MadeToken](a, map[string]string{"201": "The token"}),
		Errors:    []int{http.StatusConflict, http.StatusUnprocessableEntity}, Security: roles(access.Administer),
	}, a.makeToken)
	raw(a, huma.Operation{
		Method: http.MethodPost, Path: path + "/{id}/revoke", OperationID: "revokeToken", Summary: "End a token, at once and for good",
		Description: "An admin ends any, others their own.",
		Responses:   answers[turno.Token](a, map[string]string{"200": "As it is now"}),
		Errors:      []int{http.StatusConflict}, Security: roles(access.Read),
	}, func(w http.ResponseWriter, r *http.Request, in *tokenIn) error {
		t, err := a.access.Revoke(r.Context(), access.Of(r.Context()), in.ID, address(r))
		if err != nil {
			return err
		}
		return a.encode(w, t)
	})
	get(a, page{base + "/audit", "audit", "Who did what, newest first", access.Administer},
		func(ctx context.Context, in *auditIn) (turno.AuditPage, error) {
			return a.access.Audit(ctx, turno.AuditQuery{User: in.User, Action: in.Action, Result: in.Result, Limit: in.Limit, Cursor: in.Cursor})
		})
	get(a, page{base + "/users/me", "me", "Who asks, and what is theirs", access.Any}, a.me)
}

func (a *Role) makeToken(w http.ResponseWriter, r *http.Request, _ *struct{}) error {
	var n turno.NewToken
	if err := a.small(w, r, &n); err != nil {
		return err
	}
	joins := slices.Contains(n.Roles, turno.RoleJoin)
	if joins && a.WorkersAddr() == "" {
		return errNoJoin
	}
	made, err := a.access.Make(r.Context(), access.Of(r.Context()), n, address(r))
	if err != nil {
		return err
	}
	if joins {
		if made.Join, err = a.joinLine(made.Secret); err != nil {
			return err
		}
	}
	text, err := encoded(made)
	if err != nil {
		return err
	}
	a.write(w, http.StatusCreated, text)
	return nil
}

func (a *Role) me(ctx context.Context, _ *nothing) (me, error) {
	who := access.Of(ctx)
	out := me{User: who.User(), Token: who.Token, States: map[turno.State]int64{}, Rate: a.o.Bounds.Rate, Events: a.o.Bounds.Streams}
	if !who.May(access.Read) {
		return out, nil
	}
	sum, err := a.gate.Summary(ctx)
	if mine := sum.Users[who.User()]; mine != nil {
		out.States = mine
	}
	return out, err
}
