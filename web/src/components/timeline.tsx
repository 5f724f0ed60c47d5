// The timeline strip: what a job did with its time, one row for each attempt.
import { t } from '../i18n';
import { duration, secondsBetween } from '../lib/format';
import { now } from '../lib/live';
import type { Attempt, Job } from '../lib/types';

interface Part { kind: string; from: number; to: number; name: string }

export function Timeline({ job }: { job: Job }) {
  const begin = Date.parse(job.submitted_at);
  const end = job.ended_at ? Date.parse(job.ended_at) : now.value;
  const span = Math.max(end - begin, 1);
  const attempts = job.attempts ?? [];
  const rows = attempts.length === 0
    ? [{ name: t('timeline.title'), parts: [part('wait', begin, end, t('timeline.queued'))] }]
    : attempts.map((a, i) => ({ name: t('timeline.attempt', { n: a.number }), parts: partsOf(a, i === 0 ? begin : undefined, end) }));
  return (
    <div class="timeline">
      {rows.map((row) => (
        <div key={row.name} class="timeline-row">
          <span class="muted">{row.name}</span>
          <svg viewBox="0 0 1000 20" preserveAspectRatio="none" role="img" aria-label={row.parts.map((p) => p.name).join(', ')}>
            <rect class="meter-all" x="0" y="7" width="1000" height="6" rx="3" />
            {row.parts.map((p) => (
              <rect key={p.kind} class={p.kind} y="2" height="16" rx="2"
                x={((p.from - begin) / span) * 1000} width={Math.max(3, ((p.to - p.from) / span) * 1000)}>
                <title>{p.name}</title>
              </rect>
            ))}
          </svg>
        </div>
      ))}
      <Legend job={job} />
    </div>
  );
}

function part(kind: string, from: number, to: number, name: string): Part {
  return { kind, from, to, name: `${name} ${duration((to - from) / 1000)}` };
}

function partsOf(a: Attempt, submitted: number | undefined, end: number): Part[] {
  const out: Part[] = [];
  const assigned = a.assigned_at ? Date.parse(a.assigned_at) : undefined;
  const started = a.started_at ? Date.parse(a.started_at) : undefined;
  const ended = a.ended_at ? Date.parse(a.ended_at) : end;
  if (submitted !== undefined && assigned !== undefined) out.push(part('wait', submitted, assigned, t('timeline.queued')));
  if (assigned !== undefined) out.push(part('start', assigned, started ?? ended, t('timeline.starting')));
  if (started !== undefined) out.push(part(a.result ? `run-${a.result.state}` : 'run', started, ended, t('timeline.running')));
  return out;
}

function Legend({ job }: { job: Job }) {
  const first = job.attempts?.[0];
  const waitedUntil = first?.assigned_at ?? job.started_at ?? job.ended_at;
  return (
    <div class="legend">
      <span><span class="swatch wait" />{t('job.waited')}: {duration(secondsBetween(job.submitted_at, waitedUntil ?? now.value))}</span>
      {job.started_at && <span><span class={`swatch ${job.result ? `run-${job.result.state}` : 'run'}`} />{t('job.ran')}: {duration(secondsBetween(job.started_at, job.ended_at ?? now.value))}</span>}
    </div>
  );
}
