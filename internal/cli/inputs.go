package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"turno"
	"turno/internal/config"
	"turno/internal/files"
	"turno/internal/files/transfer"
)

// fileFlags are what a job takes with it.
type fileFlags struct {
	inputs  words
	workdir string
	maxSize string
}

// DefaultWorkdirBytes is what a working folder may have unless somebody says
// so: more is most often a data set or an environment that was not meant.
const defaultWorkdirBytes = "1G"

// takesFiles tells whether a submission has any.
func (f *fileFlags) takesFiles() bool { return len(f.inputs) > 0 || f.workdir != "" }

// attach stores the files of the flags and enters them into each job.
func (sub *submission) attach(ctx context.Context, svc turno.Service, cfg config.Config, jobs []turno.NewJob) error {
	f, s := &sub.flags.files, sub.s
	if !f.takesFiles() {
		return nil
	}
	if sub.flags.dir != "" {
		return usage("--dir is a folder of the worker; a job with files runs in one of its own").hint("leave --dir out")
	}
	store, err := s.fileStore(cfg)
	if err != nil {
		return err
	}
	// Before gigabytes are read: is the server there, and does it keep files?
	if _, err := store.Stat(ctx, []string{files.Hash(nil)}); err != nil {
		return err
	}
	inputs, sources, err := s.readInputs(ctx, svc, cfg, f.inputs)
	if err != nil {
		return err
	}
	var tree *turno.Tree
	if f.workdir != "" {
		found, more, err := s.readWorkdir(ctx, f)
		if err != nil {
			return err
		}
		tree, sources = found, append(sources, more...)
	}
	if sub.dryRun {
		return nil
	}
	if err := s.upload(ctx, store, sources); err != nil {
		return err
	}
	for _, j := range jobs {
		j.Spec.Inputs = append(j.Spec.Inputs[:len(j.Spec.Inputs):len(j.Spec.Inputs)], inputs...)
		if tree != nil {
			j.Spec.Workdir = tree
		}
		if j.Spec.SubmitDir == "" {
			j.Spec.SubmitDir = j.Spec.Dir
		}
		j.Spec.Dir = ""
	}
	return nil
}

// fileStore is the server's.
func (s *session) fileStore(cfg config.Config) (files.Store, error) {
	if s.deps.Files == nil {
		return nil, failed(exitUnavailable, "this turno reaches no file store")
	}
	return s.deps.Files(cfg)
}

// splitDest takes FILE:DEST apart; a file whose name has a colon wins.
func splitDest(text string) (name, dest string) {
	at := strings.LastIndexByte(text, ':')
	if _, err := os.Lstat(text); err == nil || at <= len(filepath.VolumeName(text)) {
		return text, ""
	}
	return text[:at], text[at+1:]
}

// readInputs reads --input flags: FILE[:DEST], or job:JOB/PATH[:DEST].
func (s *session) readInputs(ctx context.Context, svc turno.Service, cfg config.Config, flags []string) ([]turno.File, []transfer.Source, error) {
	var list []turno.File
	var sources []transfer.Source
	for _, text := range flags {
		if from, ok := strings.CutPrefix(text, "job:"); ok {
			f, err := s.inputOfJob(ctx, svc, cfg, from)
			if err != nil {
				return nil, nil, err
			}
			list = append(list, f)
			continue
		}
		name, dest := splitDest(text)
		if dest == "" || strings.HasSuffix(dest, "/") {
			dest += filepath.Base(name)
		}
		if bad := turno.CheckPath("", dest); bad != nil {
			return nil, nil, usage("--input %s: where it is to lie %s", text, bad.Message)
		}
		full := s.abs(name)
		info, err := os.Stat(full)
		if err != nil {
			return nil, nil, usage("--input: %v", err)
		}
		if !info.Mode().IsRegular() {
			return nil, nil, usage("--input %s: is no regular file", name).hint("a whole folder: --workdir %s", quoteAll([]string{name}))
		}
		source, err := transfer.OfFile(ctx, name, func() (*os.File, error) { return os.Open(full) })
		if err != nil {
			return nil, nil, err
		}
		list = append(list, turno.File{Path: dest, Hash: source.Hash, Size: source.Size, Mode: fileMode(info)})
		sources = append(sources, source)
	}
	return list, sources, nil
}

// fileMode keeps whether a file can be run.
func fileMode(info os.FileInfo) uint32 {
	if info.Mode()&0o100 != 0 {
		return 0o755
	}
	return 0
}

// inputOfJob reads JOB/PATH[:DEST].
func (s *session) inputOfJob(ctx context.Context, svc turno.Service, cfg config.Config, text string) (turno.File, error) {
	text, dest, _ := strings.Cut(text, ":")
	job, file, ok := strings.Cut(text, "/")
	if !ok || file == "" {
		return turno.File{}, usage("--input job:%s: name the file too", text).hint("such as --input job:%s/model.bin; turno cp %[1]s: lists what it left", job)
	}
	ref, err := s.oneRef(ctx, svc, cfg, job)
	if err != nil {
		return turno.File{}, err
	}
	j, err := svc.Job(ctx, ref)
	if err != nil {
		return turno.File{}, err
	}
	if dest == "" || strings.HasSuffix(dest, "/") {
		dest += path.Base(file)
	}
	f := turno.File{Path: dest, From: "job:" + j.ID + "/" + file}
	if _, _, err := turno.ParseFrom(f.From); err != nil {
		return f, usage("--input job:%s: %v", text, err)
	}
	return f, nil
}

// upload stores files, and shows how far it is when it takes long.
func (s *session) upload(ctx context.Context, store files.Store, sources []transfer.Source) error {
	var total int64
	for i := range sources {
		total += sources[i].Size
	}
	bar := s.transferBar("upload", total)
	defer bar.stop()
	told := false
	stats, err := transfer.Uploader{Store: store, Progress: bar.add, Trouble: func(err error) {
		if text := clean(fmt.Sprintf("tries again: %v", err), false); !bar.say(text) && !told {
			told = true
			s.warnf("upload: %s", text)
		}
	}}.Upload(ctx, sources)
	bar.stop()
	if errors.Is(err, files.ErrFull) {
		return failed(exitRefused, "upload: no room is left where the server keeps files").hint("make room there, then run the same command again: what has arrived is not sent twice")
	}
	if err != nil && ctx.Err() == nil {
		return &failure{code: exitUnavailable, text: err.Error(), next: "run the same command again: what has arrived is not sent twice"}
	}
	if err == nil && total >= tellFrom {
		text := fmt.Sprintf("Sent %s.", config.FormatBytes(stats.BytesSent))
		if stats.Present > 0 {
			text = fmt.Sprintf("Sent %s; %d of %d files were there already.", config.FormatBytes(stats.BytesSent), stats.Present, stats.Files)
		}
		s.notef("%s\n", s.errLook.dim(text))
	}
	return err
}

// tellFrom this many bytes on an upload is told about.
const tellFrom = 1 << 20

const (
	cpShort = "copy files that a job left, or list them"
	cpLong  = `Copies files from a job's output folder ($TURNO_OUTPUT_DIR), which are kept when
it ends. JOB:PATH is one file, JOB:FOLDER/ those below a folder, JOB: all of
them. DEST is a file or a folder, - is standard output. Without DEST they are
listed.`
	cpHelp = `  turno cp 42:model.safetensors .
  turno cp last: results/            all of them
  turno cp 42:report.txt -           to standard output
  turno cp 42:                       which are there?`
)

type cpOptions struct {
	attempt int
	force   bool
	format  format
}

func (s *session) cpCommand() *cobra.Command {
	var o cpOptions
	cmd := &cobra.Command{Use: "cp JOB:[PATH] [DEST]", Short: cpShort, Long: cpLong, Example: cpHelp, Args: cobra.RangeArgs(1, 2)}
	cmd.Flags().IntVar(&o.attempt, "attempt", 0, "of attempt `N` instead of the last one")
	cmd.Flags().BoolVar(&o.force, "force", false, "write over files that are there")
	o.format.add(cmd.Flags())
	cmd.RunE = s.command(func(ctx context.Context, cmd *cobra.Command, args []string) error {
		job, file, ok := strings.Cut(args[0], ":")
		if !ok || job == "" {
			return usage("%s: name the job and the file, with a colon between", args[0]).hint("turno cp 42:model.bin .")
		}
		svc, cfg, err := s.dial(cmd)
		if err != nil {
			return err
		}
		ref, err := s.oneRef(ctx, svc, cfg, job)
		if err != nil {
			return err
		}
		store, err := s.fileStore(cfg)
		if err != nil {
			return err
		}
		c := &copying{s: s, o: o, job: job, store: store}
		if err := c.find(ctx, svc, ref, file); err != nil {
			return err
		}
		if len(args) == 1 {
			return c.list()
		}
		return c.run(ctx, args[1])
	})
	return cmd
}
