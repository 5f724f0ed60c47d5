package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"turno"
	"turno/client"
)

const (
	tokenShort = "who may do what: make, list and revoke tokens"
	tokenLong  = `A token says who somebody is and what they may do. turno up makes one for an
admin and keeps it in a file; all others are made with it, by name:

  admin      everything; makes tokens, reads the audit log
  operator   sees all jobs, gives orders about all, drains workers
  submitter  hands in jobs as itself; sees and orders its own, no others
  viewer     sees all jobs and changes nothing
  worker     reads and stores files of jobs, as a worker apart does
  metrics    reads /metrics
  join       has a worker on another machine join, once: see --join

The secret is shown once, when the token is made: nobody can look it up later.
Whoever has it sets TURNO_SERVER and TURNO_TOKEN, or token_file to a file that
only they can read.`
	tokenHelp = `  turno token create laptop --user ana              a submitter, for 90 days
  turno token create prometheus --role metrics --expires never
  turno token create boss --user eva --role operator --expires 1w
  turno token create --join                         the line for another machine
  turno token list
  turno token revoke laptop`
)

// accessOf is the part of a server that knows who may do what: every Service over HTTP
// is one.
func accessOf(svc turno.Service) (turno.Access, error) {
	a, ok := svc.(turno.Access)
	if !ok {
		return nil, errors.New("this server keeps no tokens")
	}
	return a, nil
}

func (s *session) tokenCommand() *cobra.Command {
	root := &cobra.Command{Use: "token", Aliases: []string{"tokens"}, Short: tokenShort, Long: tokenLong, Example: tokenHelp, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	root.AddCommand(s.tokenCreateCommand(), s.tokenListCommand(), s.tokenRevokeCommand())
	return root
}

func (s *session) tokenCreateCommand() *cobra.Command {
	var f format
	var n turno.NewToken
	roles, life, quiet := []string{string(turno.RoleSubmitter)}, "90d", false
	join := false
	cmd := &cobra.Command{Use: "create NAME", Aliases: []string{"new", "make"}, Short: "make a token and show its secret, this once", Args: cobra.MaximumNArgs(1)}
	cmd.Flags().BoolVar(&join, "join", false, "a token that has a worker on another machine join this turno, once, within the hour: prints the line to type there")
	cmd.Flags().StringVarP(&n.User, "user", "u", "", "whose it is: its jobs are this `USER`'s (default: yours)")
	cmd.Flags().StringSliceVarP(&roles, "role", "r", roles, "what it may do; may be repeated: "+rolesInWords())
	cmd.Flags().StringVar(&life, "expires", life, "how `LONG` it is good for: 12h, 90d, 1w or never")
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "print the secret and nothing else")
	f.add(cmd.Flags())
	cmd.RunE = s.service(func(ctx context.Context, svc turno.Service, args []string) error {
		a, err := accessOf(svc)
		if err != nil {
			return err
		}
		switch {
		case join && (cmd.Flags().Changed("role") || cmd.Flags().Changed("user")):
			return usage("a token to join with has no user and no other role")
		case join:
			roles = []string{string(turno.RoleJoin)}
			if !cmd.Flags().Changed("expires") {
				life = turno.DefaultJoinLife.String()
			}
			n.Name = joinName(args, s.sys.Now())
		case len(args) == 0:
			return usage("name the token: what it is for")
		default:
			n.Name = args[0]
		}
		for _, r := range roles {
			n.Roles = append(n.Roles, turno.Role(strings.TrimSpace(r)))
		}
		if n.Expires, err = parseLife(life); err != nil {
			return err
		}
		made, err := a.MakeToken(ctx, n)
		switch {
		case err != nil:
			return err
		case f.data():
			return f.write(s.io.Out, made)
		case quiet:
			s.printf("%s\n", cmp.Or(made.Join, made.Secret))
			return nil
		}
		if made.Join != "" {
			s.printf("turno join %s\n", made.Join)
			s.notef("%s\n", s.errLook.dim(fmt.Sprintf("Type this on the other machine. Token %s (%s) is good once, %s. It is not shown again.", made.ID, clean(made.Name, false), s.until(made.ExpiresAt))))
			return nil
		}
		s.printf("%s\n", made.Secret)
		s.notef("%s\n", s.errLook.dim(fmt.Sprintf("Token %s (%s) of %s: %s, %s. It is not shown again.", made.ID, clean(made.Name, false), made.User, rolesOf(made.Roles), s.until(made.ExpiresAt))))
		return nil
	})
	return cmd
}

// rolesInWords are those that a token is made for by hand.
func rolesInWords() string {
	return rolesOf(slices.DeleteFunc(slices.Clone(turno.Roles), func(r turno.Role) bool { return r == turno.RoleJoin || r == turno.RoleJoined }))
}

// joinName is that of a token to join with, for which nobody has to think of one.
func joinName(args []string, now time.Time) string {
	if len(args) > 0 {
		return args[0]
	}
	return "join " + now.Format("2006-01-02 15:04:05.000")
}

func rolesOf(roles []turno.Role) string {
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = string(r)
	}
	return strings.Join(names, ", ")
}

// until says how long a token is good.
func (s *session) until(t time.Time) string {
	if t.IsZero() {
		return "until it is revoked"
	}
	return "until " + t.In(s.sys.Now().Location()).Format("2006-01-02 15:04")
}

// parseLife reads how long a token is to be good; negative is for ever.
func parseLife(text string) (turno.Duration, error) {
	if text == "never" {
		return -1, nil
	}
	day := 24 * time.Hour
	for suffix, unit := range map[string]time.Duration{"d": day, "w": 7 * day, "y": 365 * day} {
		if number, ok := strings.CutSuffix(text, suffix); ok {
			if n, err := strconv.ParseFloat(number, 64); err == nil && n > 0 && n < 1e5 {
				return turno.Duration(n * float64(unit)), nil
			}
		}
	}
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return turno.Duration(d), nil
	}
	return 0, usage("--expires: %.40q is no time such as 12h, 90d or 1w", text).hint("never is for ever")
}

func (s *session) tokenListCommand() *cobra.Command {
	f := format{wide: true}
	all := false
	cmd := &cobra.Command{Use: "list", Aliases: []string{"ls"}, Short: "list tokens: an admin all, others their own", Args: cobra.NoArgs}
	f.add(cmd.Flags())
	cmd.Flags().BoolVarP(&all, "all", "a", false, "those too that have expired or were revoked")
	cmd.RunE = s.service(func(ctx context.Context, svc turno.Service, _ []string) error {
		a, err := accessOf(svc)
		if err != nil {
			return err
		}
		tokens, err := a.Tokens(ctx)
		if err != nil {
			return err
		}
		now := s.sys.Now()
		if !all {
			tokens = slices.DeleteFunc(tokens, func(t turno.Token) bool { return t.State(now) != "active" })
		}
		return s.showTokens(tokens, &f)
	})
	return cmd
}

func (s *session) showTokens(tokens []turno.Token, f *format) error {
	switch {
	case f.data():
		return f.write(s.io.Out, map[string]any{"items": tokens})
	case f.kind == "name":
		for _, t := range tokens {
			s.printf("%s\n", t.ID)
		}
		return nil
	}
	wide := f.kind == "wide"
	header := []string{"ID", "NAME", "USER", "ROLES", "STATE", "EXPIRES", "LAST USED"}
	if wide {
		header = append(header, "FROM", "CREATED", "BY")
	}
	t := s.table(header...)
	for i := range tokens {
		k := &tokens[i]
		expires := s.moment(k.ExpiresAt)
		switch {
		case !k.RevokedAt.IsZero():
			expires = s.moment(k.RevokedAt)
		case k.ExpiresAt.IsZero():
			expires = "never"
		}
		row := []string{k.ID, k.Name, k.User, rolesOf(k.Roles), k.State(s.sys.Now()), expires, s.moment(k.UsedAt)}
		if wide {
			row = append(row, k.UsedFrom, s.moment(k.CreatedAt), k.CreatedBy)
		}
		t.row(row...)
	}
	t.write(s.io.Out)
	return nil
}

func (s *session) tokenRevokeCommand() *cobra.Command {
	return &cobra.Command{Use: "revoke ID|NAME...", Aliases: []string{"rm", "delete"}, Short: "end tokens, at once and for good", Args: cobra.MinimumNArgs(1),
		RunE: s.service(func(ctx context.Context, svc turno.Service, args []string) error {
			a, err := accessOf(svc)
			if err != nil {
				return err
			}
			tokens, err := a.Tokens(ctx)
			if err != nil {
				return err
			}
			var ids []string
			for _, arg := range args {
				id, err := tokenNamed(tokens, arg, s.sys.Now())
				if err != nil {
					return err
				}
				ids = append(ids, id)
			}
			for _, id := range ids {
				t, err := a.RevokeToken(ctx, id)
				if err != nil {
					return err
				}
				s.printf("%s (%s of %s) is revoked\n", t.ID, clean(t.Name, false), t.User)
			}
			return nil
		})}
}

// tokenNamed finds a token by its id, or the active one of a name.
func tokenNamed(tokens []turno.Token, arg string, now time.Time) (string, error) {
	for _, t := range tokens {
		if t.ID == arg || t.Name == arg && t.State(now) == "active" {
			return t.ID, nil
		}
	}
	if strings.HasPrefix(arg, "turno_") {
		return "", usage("that is a secret: name the token by its id or its name").hint("turno token list shows them; now that it stood on a command line, revoke it")
	}
	return "", failed(exitNotFound, "there is no token %.40q", arg).hint("turno token list --all shows them")
}

const (
	auditShort = "who did what: an admin reads the audit log"
	auditLong  = `Everything that changed something, and everything that was denied: who (user and
token), from where, what, to what, and what came of it. What was only read is not
in it, and no secret is. The same entries stand, one a line, in audit.jsonl in
the data folder of the server.`
)

func (s *session) auditCommand() *cobra.Command {
	f := format{}
	q, limit := turno.AuditQuery{}, 50
	cmd := &cobra.Command{Use: "audit", Short: auditShort, Long: auditLong, Args: cobra.NoArgs,
		Example: "  turno audit --result denied\n  turno audit --user ana -n 0 -o json"}
	f.add(cmd.Flags())
	cmd.Flags().StringVarP(&q.User, "user", "u", "", "only of this `USER`")
	cmd.Flags().StringVar(&q.Action, "action", "", "only this `ACTION`, such as submit or revokeToken")
	cmd.Flags().StringVar(&q.Result, "result", "", "only done, denied or failed")
	cmd.Flags().IntVarP(&limit, "limit", "n", limit, "at most `N`; 0: all")
	cmd.RunE = s.service(func(ctx context.Context, svc turno.Service, _ []string) error {
		a, err := accessOf(svc)
		if err != nil {
			return err
		}
		entries, err := allAudit(ctx, a, q, limit)
		if err != nil {
			return err
		}
		if f.data() {
			return f.write(s.io.Out, map[string]any{"items": entries})
		}
		t := s.table("TIME", "USER", "TOKEN", "FROM", "ACTION", "OBJECT", "RESULT", "TIMES", "DETAIL")
		for i := range entries {
			e := &entries[i]
			result := e.Result
			if e.Status >= 400 {
				result = fmt.Sprintf("%s %d", e.Result, e.Status)
			}
			t.row(s.moment(e.At), e.User, e.TokenID, e.From, e.Action, e.Object, result, strconv.Itoa(max(1, e.Times)), e.Detail)
		}
		t.write(s.io.Out)
		return nil
	})
	return cmd
}

// allAudit reads pages until there are limit; 0: all.
func allAudit(ctx context.Context, a turno.Access, q turno.AuditQuery, limit int) ([]turno.AuditEntry, error) {
	all := []turno.AuditEntry{}
	for {
		if q.Limit = batch; limit > 0 {
			q.Limit = min(batch, limit-len(all))
		}
		page, err := a.Audit(ctx, q)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if q.Cursor = page.NextCursor; q.Cursor == "" || limit > 0 && len(all) >= limit {
			return all, nil
		}
	}
}

const whoamiShort = "who you are to the server, and what your token may do"

func (s *session) whoamiCommand() *cobra.Command {
	var f format
	cmd := &cobra.Command{Use: "whoami", Short: whoamiShort, Args: cobra.NoArgs}
	f.add(cmd.Flags())
	cmd.RunE = s.service(func(ctx context.Context, svc turno.Service, _ []string) error {
		server, ok := svc.(interface {
			Me(ctx context.Context) (client.Me, error)
		})
		if !ok {
			return errors.New("this server knows no users")
		}
		me, err := server.Me(ctx)
		if err != nil {
			return err
		}
		if f.data() {
			return f.write(s.io.Out, me)
		}
		s.printf("%s, with the token %s (%s): %s, %s\n", me.User, me.Token.ID, clean(me.Token.Name, false), rolesOf(me.Token.Roles), s.until(me.Token.ExpiresAt))
		return nil
	})
	return cmd
}
