import { SizesChart, SpeedUpChart, TimesChart, TypesChart } from '../charts/benchmarks';
import { Now } from '../charts/series';
import { StateBadge } from '../components/state';
import { Command, Empty, Section, Since, Trouble } from '../components/basics';
import { Icon, type IconName } from '../components/icon';
import { Samples } from '../components/samples';
import { t } from '../i18n';
import { count, duration } from '../lib/format';
import { useResource } from '../lib/resource';
import { useStatistics } from '../charts/statistics';
import { summary } from '../lib/summary';
import { ENDED, STATES, displayOf, type Job, type Page, type Statistics, type Worker } from '../lib/types';

const WORKERS_EVERY = 5000;

export function Overview() {
  const workers = useResource<Page<Worker>>('workers', { every: WORKERS_EVERY, calm: 2000 }).value.value;
  const recent = useResource<Page<Job>>('jobs?top=true&limit=8&thin=true').value.value;
  const statistics = useStatistics().data;
  const states = summary.value?.states ?? {};
  const total = STATES.reduce((sum, s) => sum + (states[s] ?? 0), 0);
  const active = (states.starting ?? 0) + (states.running ?? 0) + (states.stopping ?? 0);
  return (
    <>
      <div class="page-head"><h1>{t('overview.title')}</h1></div>
      {recent.error && <Trouble error={recent.error} at={recent.at} />}
      <div class="tiles">
        <Tile name={t('tile.running')} value={count(active)} icon="play" href="/jobs?state=starting,running,stopping" />
        <Tile name={t('tile.queued')} value={count((states.queued ?? 0) + (states.held ?? 0))} icon="clock" href="/jobs?state=queued,held" />
        <Tile name={t('tile.succeeded')} value={count(states.succeeded ?? 0)} icon="check" href="/jobs?state=succeeded" />
        <Tile name={t('tile.failed')} value={count((states.failed ?? 0) + (states.lost ?? 0))} icon="cross" href="/jobs?state=failed,lost" />
        <Tile name={t('tile.total')} value={count(total)} icon="jobs" href="/jobs?state=all" />
        <DeviceTiles workers={workers.data?.items} />
        <TimeTiles of={statistics} />
      </div>
      {workers.data && workers.data.items.length === 0 && (
        <Section title={t('overview.noWorkers')}>
          <p class="muted">{t('overview.noWorkers.help')}</p>
          <Command text="turno worker --broker amqp://USER:PASSWORD@HOST/" />
        </Section>
      )}
      <div class="grid">
        <div class="span-8"><RecentJobs jobs={recent.data?.items} /></div>
        <div class="span-4 stack">
          <Section title={t('overview.samples')}>
            <p class="muted">{t('overview.samples.help')}</p>
            <Samples />
          </Section>
          <Attention workers={workers.data?.items} jobs={recent.data?.items} />
        </div>
      </div>
      <Now />
      <div class="page-head"><h2>{t('overview.charts')}</h2><span class="muted">{statistics && t('chart.of', { n: statistics.jobs })}</span><span class="spacer" /><a href="/benchmarks">{t('overview.allBenchmarks')}</a></div>
      {statistics && (
        <div class="grid">
          <div class="span-6"><SpeedUpChart of={statistics} /></div>
          <div class="span-6"><TimesChart of={statistics} /></div>
          <div class="span-6"><TypesChart of={statistics} /></div>
          <div class="span-6"><SizesChart of={statistics} /></div>
        </div>
      )}
    </>
  );
}

function Tile({ name, value, note, icon, href }: { name: string; value: string; note?: string; icon: IconName; href?: string }) {
  const inside = (
    <>
      <span class="tile-name"><Icon name={icon} size={15} />{name}</span>
      <span class={`tile-value ${value.length > 8 ? 'small' : ''}`}>{value}</span>
      {note !== undefined && <span class="tile-note">{note}</span>}
    </>
  );
  return href ? <a class="tile" href={href}>{inside}</a> : <div class="tile">{inside}</div>;
}

function DeviceTiles({ workers }: { workers: Worker[] | undefined }) {
  const there = (workers ?? []).filter((w) => w.state !== 'gone');
  const gpus = there.flatMap((w) => w.machine.gpus ?? []);
  const gpusUsed = there.reduce((n, w) => n + (w.gpus_used?.length ?? 0), 0);
  const cpus = there.reduce((n, w) => n + w.machine.cpus, 0);
  const cpusUsed = there.reduce((n, w) => n + w.cpus_used, 0);
  const wait = workers === undefined;
  return (
    <>
      <Tile name={t('tile.gpus')} icon="benchmarks" href="/workers"
        value={wait ? t('app.none') : gpus.length === 0 ? t('tile.noGpu') : t('tile.of', { used: gpusUsed, all: gpus.length })} />
      <Tile name={t('tile.cpus')} icon="settings" href="/workers"
        value={wait ? t('app.none') : t('tile.of', { used: Math.round(cpusUsed * 10) / 10, all: cpus })} />
    </>
  );
}

function TimeTiles({ of }: { of: Statistics | undefined }) {
  const none = !of || of.jobs === 0;
  const gpu = of?.types.reduce((n, x) => n + x.gpu, 0) ?? 0;
  const part = none ? 0 : Math.round((gpu / of.jobs) * 100);
  return (
    <>
      <Tile name={t('tile.run')} icon="clock" value={none ? t('app.none') : duration(of.run_seconds.p50)} note={none ? '' : t('tile.run.note', { mean: duration(of.run_seconds.mean) })} />
      <Tile name={t('tile.wait')} icon="clock" value={none ? t('app.none') : duration(of.wait_seconds.p50)} note={none ? '' : t('tile.wait.note', { p95: duration(of.wait_seconds.p95) })} />
      <Tile name={t('tile.share')} icon="benchmarks" value={none ? t('app.none') : `${part} / ${100 - part} %`} note={none ? '' : t('tile.share.note', { n: of.jobs })} />
    </>
  );
}

function RecentJobs({ jobs }: { jobs: Job[] | undefined }) {
  return (
    <Section title={t('overview.recent')} aside={<a href="/jobs?state=all">{t('overview.allJobs')}</a>}>
      {jobs?.length === 0 ? (
        <Empty icon="jobs" title={t('overview.empty')}><Command text="turno run -- echo hello" /></Empty>
      ) : (
        <div class="table-wrap" role="region" aria-label={t('overview.recent')} tabIndex={0}>
          <table>
            <thead><tr>
              <th>{t('jobs.col.state')}</th><th>{t('jobs.col.number')}</th><th>{t('jobs.col.type')}</th><th>{t('jobs.col.worker')}</th>
              <th class="number">{t('jobs.col.submitted')}</th>
            </tr></thead>
            <tbody>
              {(jobs ?? []).map((job) => (
                <tr key={job.id} class="row">
                  <td><StateBadge state={job.state} /></td>
                  <td class="cut"><a href={`/jobs/${displayOf(job)}`}>{displayOf(job)}</a> <span class="muted">{job.spec.name}</span></td>
                  <td>{job.spec.type}</td>
                  <td class="cut">{job.attempts?.at(-1)?.worker ?? t('app.none')}</td>
                  <td class="number"><Since time={job.submitted_at} /></td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Section>
  );
}

function Attention({ workers, jobs }: { workers: Worker[] | undefined; jobs: Job[] | undefined }) {
  const items: { text: string; href: string }[] = [];
  const stuck = (jobs ?? []).filter((j) => j.reason === 'NoSuchResource' && !ENDED.includes(j.state));
  if (stuck.length > 0) items.push({ text: t('attention.impossible', { n: stuck.length }), href: `/jobs/${displayOf(stuck[0]!)}` });
  for (const w of workers ?? []) {
    const href = `/workers/${encodeURIComponent(w.name)}`;
    if (w.state === 'unreachable') items.push({ text: t('attention.unreachable', { name: w.name }), href });
    for (const g of w.machine.gpus ?? []) {
      if (g.quarantine) items.push({ text: t('attention.quarantine', { gpu: g.index, name: w.name, why: g.quarantine }), href });
    }
    for (const r of w.machine.runners ?? []) {
      if (r.state === 'failed') items.push({ text: t('attention.runner', { engine: r.engine, name: w.name }), href });
    }
  }
  return (
    <Section title={t('overview.attention')}>
      {items.length === 0 ? <p class="muted"><Icon name="check" size={16} /> {t('overview.allWell')}</p> : (
        <ul class="attention">
          {items.map((item) => <li key={item.text}><Icon name="lost" size={16} /><span>{item.text} <a href={item.href}>{t('attention.look')}</a></span></li>)}
        </ul>
      )}
    </Section>
  );
}
