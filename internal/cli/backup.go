package cli

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"turno/internal/config"
)

const (
	backupShort = "copy the queue to a file, while it runs"
	backupLong  = `Writes everything that turno up knows of jobs, their results and logs to a
file: all of it as of one moment. The server may run meanwhile. The file is an
SQLite database that only you can read; it holds what users typed, and of
tokens only hashes.

Files of jobs are not in it. They lie in the folder "files" of the data folder,
never change, and can be copied by any tool, after the backup.

A PostgreSQL database is backed up with pg_dump.`
	restoreShort = "go on from a backup"
	restoreLong  = `Puts a file of turno backup in the place of the queue in the data folder. The
server must not run. What was there is kept beside it.

Jobs are as they were when the backup was made. Attempts that ran then are
taken for lost and their jobs wait again, because nobody knows what became of
them; workers end what is left of them. Job numbers and attempts that were given
since are not given again, so there is a gap.

For PostgreSQL: stop all roles, restore the database with pg_restore, then run
turno restore --store postgres://… without a file, before any role starts.`
)

func (s *session) backupCommand() *cobra.Command {
	var f format
	cmd := &cobra.Command{Use: "backup FILE", Short: backupShort, Long: backupLong, Args: cobra.ExactArgs(1)}
	f.add(cmd.Flags())
	s.addSettings(cmd.Flags(), "--store")
	cmd.RunE = s.command(func(ctx context.Context, cmd *cobra.Command, args []string) error {
		cfg, err := s.settings(cmd)
		if err != nil {
			return err
		}
		done, err := s.deps.Backup(ctx, cfg, s.path(args[0]))
		if err != nil {
			return failed(exitFailed, "%v", err)
		}
		if f.data() {
			return f.write(s.io.Out, done)
		}
		s.printf("%s: %s, %s\n", args[0], counted(done.Jobs, "job"), config.FormatBytes(done.Bytes))
		return nil
	})
	return cmd
}

func (s *session) restoreCommand() *cobra.Command {
	var f format
	cmd := &cobra.Command{Use: "restore [FILE]", Short: restoreShort, Long: restoreLong, Args: cobra.MaximumNArgs(1)}
	f.add(cmd.Flags())
	s.addSettings(cmd.Flags(), "--store")
	cmd.RunE = s.command(func(ctx context.Context, cmd *cobra.Command, args []string) error {
		cfg, err := s.settings(cmd)
		if err != nil {
			return err
		}
		file := ""
		if len(args) > 0 {
			file = s.path(args[0])
		}
		done, err := s.deps.Restore(ctx, cfg, file)
		if err != nil {
			return failed(exitFailed, "%v", err)
		}
		if f.data() {
			return f.write(s.io.Out, done)
		}
		if file != "" {
			s.printf("restored %s from %s\n", counted(done.Jobs, "job"), args[0])
		}
		s.printf("attempts that ran and are taken for lost, so that their jobs wait again: %d; the next job is number %d\n", done.Voided, done.Next)
		if done.Kept != "" {
			s.printf("what was there before is kept in %s\n", done.Kept)
		}
		return nil
	})
	return cmd
}

// counted is 1 job, 2 jobs.
func counted(n int64, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// path is a file as the user names it, from the current folder.
func (s *session) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(s.sys.Dir, name)
}
