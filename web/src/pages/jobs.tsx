import { useComputed, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { BulkBar } from '../components/bulk';
import { Empty, Loading, Since, Trouble } from '../components/basics';
import { Icon } from '../components/icon';
import { StateBadge } from '../components/state';
import { maybe, t } from '../i18n';
import { query } from '../lib/api';
import { count, duration, secondsBetween } from '../lib/format';
import { filterOf, JobList } from '../lib/joblist';
import { useKeys } from '../lib/keys';
import { now } from '../lib/live';
import { navigate, param, params, setParams, withParams } from '../lib/router';
import { maySubmit } from '../lib/session';
import { summary } from '../lib/summary';
import { displayOf, hasEnded, LIVE, STATES, type Job, type State } from '../lib/types';

export function Jobs() {
  const filter = filterOf();
  const key = query(filter);
  const list = useRef<JobList>(null);
  const version = useSignal(0);
  useEffect(() => {
    const one = new JobList(filterOf());
    list.current = one;
    version.value++;
    return () => one.stop();
  }, [key]);
  void version.value;
  const state = list.current?.state.value;
  const rows = state?.rows ?? [];
  const selected = useSignal<ReadonlySet<string>>(new Set());
  useEffect(() => { selected.value = new Set(); }, [key]);
  const at = useSignal(-1);
  useRowKeys(rows, at, selected);
  return (
    <>
      <div class="page-head">
        <h1>{t('jobs.title')}</h1>
        <span class="muted number">{state?.rows && t('jobs.shown', { n: rows.length })}</span>
        <span class="spacer" />
        {maySubmit() && <a class="button button-main" href="/submit"><Icon name="submit" size={16} />{t('nav.submit')}</a>}
      </div>
      <Filters />
      {state?.error && <Trouble error={state.error} at={state.at} />}
      {(state?.fresh ?? 0) > 0 && (
        <button type="button" class="button new-rows" id="new-rows" onClick={() => list.current?.showNew()}>
          <Icon name="arrow" size={15} />{t('jobs.new', { n: state!.fresh })}
        </button>
      )}
      <section class="card">
        {maySubmit() && <BulkBar rows={rows} selected={selected} filter={filter} />}
        {!state || (!state.loaded && !state.error) ? <Loading /> : rows.length === 0 ? (
          <Empty icon="jobs" title={t('jobs.none')}><p>{t('jobs.none.help')}</p><a class="button" href="/jobs?state=all">{t('jobs.filter.clear')}</a></Empty>
        ) : <Table rows={rows} at={at.value} selected={selected} />}
        {state?.more && (
          <button type="button" class="button" disabled={state.loadingMore} onClick={() => void list.current?.loadMore()}>
            {t(state.loadingMore ? 'app.loading' : 'app.more')}
          </button>
        )}
      </section>
    </>
  );
}

function useRowKeys(rows: Job[], at: { value: number }, selected: { value: ReadonlySet<string> }) {
  const move = (by: number) => {
    at.value = Math.max(0, Math.min(rows.length - 1, at.value + by));
    document.querySelector(`tr[data-index="${at.value}"]`)?.scrollIntoView({ block: 'nearest' });
  };
  useKeys({
    j: () => move(1),
    k: () => move(-1),
    x: () => { const job = rows[at.value]; if (job) selected.value = toggled(selected.value, displayOf(job)); },
    Enter: () => { const job = rows[at.value]; if (job) navigate(`/jobs/${displayOf(job)}`); },
  });
}

export function toggled(set: ReadonlySet<string>, one: string): ReadonlySet<string> {
  const next = new Set(set);
  if (!next.delete(one)) next.add(one);
  return next;
}

function Filters() {
  const states = params('state');
  const counts = summary.value?.states ?? {};
  const number = (list: readonly State[]) => list.reduce((sum, s) => sum + (counts[s] ?? 0), 0);
  const chip = (value: string, name: preact.ComponentChildren, n: number, here: boolean) => (
    <a key={value} class="chip" href={withParams({ state: value })} aria-current={here ? 'true' : undefined}>{name}<span class="number">{count(n)}</span></a>
  );
  const live = states.length === 0 || states.join() === LIVE.join();
  const field = (name: string, label: string, grow = false) => (
    <label class={`field ${grow ? 'field-grow' : ''}`}>
      <span class="field-name">{label}</span>
      <input value={param(name)} name={name} autocomplete="off" spellcheck={false}
        onChange={(e) => setParams({ [name]: e.currentTarget.value.trim() })} />
    </label>
  );
  return (
    <>
      <div class="chips" role="group" aria-label={t('jobs.filter.state')}>
        {chip('', t('jobs.filter.live'), number(LIVE), live)}
        {STATES.map((s) => chip(s, <StateBadge state={s} />, counts[s] ?? 0, states.length === 1 && states[0] === s))}
        {chip('all', t('jobs.filter.all'), number(STATES), states[0] === 'all')}
      </div>
      <div class="filters">
        {field('name', t('jobs.filter.name'), true)}
        {field('type', t('jobs.filter.type'))}
        {field('queue', t('jobs.filter.queue'))}
        {field('user', t('jobs.filter.user'))}
        {(param('name') || param('type') || param('queue') || param('user') || param('parent')) &&
          <a class="button button-quiet" href={withParams({ name: '', type: '', queue: '', user: '', parent: '' })}>{t('jobs.filter.clear')}</a>}
      </div>
    </>
  );
}

const ROW = 41; // pixels: every row has one line
const OVERSCAN = 12;

// Table shows the rows that are in sight and leaves room for the others.
function Table({ rows, at, selected }: { rows: Job[]; at: number; selected: { value: ReadonlySet<string> } }) {
  const body = useRef<HTMLTableSectionElement>(null);
  const range = useSignal({ first: 0, last: 60 });
  useEffect(() => {
    const look = () => {
      const top = body.current?.getBoundingClientRect().top ?? 0;
      const first = Math.max(0, Math.floor(-top / ROW) - OVERSCAN);
      const last = first + Math.ceil(window.innerHeight / ROW) + 2 * OVERSCAN;
      if (first !== range.value.first || last !== range.value.last) range.value = { first, last };
    };
    look();
    window.addEventListener('scroll', look, { passive: true });
    window.addEventListener('resize', look);
    return () => { window.removeEventListener('scroll', look); window.removeEventListener('resize', look); };
  }, []);
  const first = Math.min(range.value.first, rows.length);
  const last = Math.min(range.value.last, rows.length);
  const all = useComputed(() => rows.length > 0 && rows.every((j) => selected.value.has(displayOf(j))));
  return (
    <div class="table-wrap" role="region" aria-label={t('jobs.title')} tabIndex={0}>
      <table class="jobs-table" aria-rowcount={rows.length + 1}>
        <thead><tr>
          <th><input type="checkbox" aria-label={t('jobs.selectPage')} checked={all.value}
            onChange={() => { selected.value = all.value ? new Set() : new Set(rows.map(displayOf)); }} /></th>
          <th>{t('jobs.col.state')}</th><th>{t('jobs.col.number')}</th><th>{t('jobs.col.type')}</th><th>{t('jobs.col.reason')}</th><th>{t('jobs.col.worker')}</th>
          <th>{t('jobs.col.user')}</th><th>{t('jobs.col.queue')}</th><th class="number">{t('jobs.col.submitted')}</th><th class="number">{t('jobs.col.wait')}</th><th class="number">{t('jobs.col.run')}</th>
        </tr></thead>
        <tbody ref={body} class="window">
          {first > 0 && <tr aria-hidden="true"><td colSpan={11} height={first * ROW} /></tr>}
          {rows.slice(first, last).map((job, i) => <Row key={job.id} job={job} index={first + i} here={first + i === at} selected={selected} />)}
          {last < rows.length && <tr aria-hidden="true"><td colSpan={11} height={(rows.length - last) * ROW} /></tr>}
        </tbody>
      </table>
    </div>
  );
}

function Row({ job, index, here, selected }: { job: Job; index: number; here: boolean; selected: { value: ReadonlySet<string> } }) {
  const ref = displayOf(job);
  const ticked = selected.value.has(ref);
  const began = job.started_at ?? job.ended_at;
  return (
    <tr class="row" data-job={ref} data-index={index} data-here={here} aria-selected={ticked} aria-rowindex={index + 2}>
      <td><input type="checkbox" aria-label={`${t('jobs.col.select')} ${ref}`} checked={ticked} onChange={() => { selected.value = toggled(selected.value, ref); }} /></td>
      <td><StateBadge state={job.state} /></td>
      <td class="cut"><a href={`/jobs/${ref}`}>{ref}</a> <span class="muted">{job.spec.name}</span></td>
      <td>{job.spec.type}</td>
      <td class="cut muted" title={job.detail ?? maybe('reason', job.reason)}>{job.tasks ? taskText(job) : job.reason}</td>
      <td class="cut">{job.attempts?.at(-1)?.worker ?? t('app.none')}</td>
      <td class="cut">{job.spec.user ?? t('app.none')}</td>
      <td class="cut">{job.spec.queue ?? t('app.none')}</td>
      <td class="number"><Since time={job.submitted_at} /></td>
      <td class="number">{duration(secondsBetween(job.submitted_at, began ?? now.value))}</td>
      <td class="number">{job.started_at ? duration(secondsBetween(job.started_at, hasEnded(job.state) ? job.ended_at ?? now.value : now.value)) : t('app.none')}</td>
    </tr>
  );
}

function taskText(job: Job): string {
  const ended = Object.values(job.tasks?.ended ?? {}).reduce((a, b) => a + (b ?? 0), 0);
  return t('jobs.tasks', { done: ended, all: job.tasks?.total ?? 0 });
}
