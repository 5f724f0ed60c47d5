import { useComputed, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { BulkBar } from '../components/bulk';
import { Empty, Loading, Since, Trouble } from '../components/basics';
import { Icon } from '../components/icon';
import { StateBadge } from '../components/state';
import { maybe, t } from '../i18n';
import { query } from '../lib/api';
import { count, duration, secondsBetween } from '../lib/format';
import { filterOf, JobList, oldestFirst } from '../lib/joblist';
import { useKeys } from '../lib/keys';
import { now } from '../lib/live';
import { navigate, param, params, setParams, withParams } from '../lib/router';
import { useResource } from '../lib/resource';
import { maySubmit } from '../lib/session';
import { displayOf, hasEnded, LIVE, STATES, type Facets, type Job, type State } from '../lib/types';

export function Jobs() {
  const filter = filterOf();
  const key = query(filter);
  const oldest = oldestFirst();
  const { value: read } = useResource<Facets>(`jobs:facets${key}`, { calm: FACETS_EVERY });
  const facets = read.value.data;
  const list = useRef<JobList>(null);
  const version = useSignal(0);
  useEffect(() => {
    const one = new JobList(filterOf(), oldest);
    list.current = one;
    version.value++;
    return () => one.stop();
  }, [key, oldest]);
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
        <span class="muted number" id="shown">{facets
          ? t(facets.estimated ? 'jobs.shown.about' : 'jobs.shown.of', { n: count(rows.length), all: count(facets.count) })
          : state?.rows && t('jobs.shown', { n: rows.length })}</span>
        <span class="spacer" />
        {maySubmit() && <a class="button button-main" href="/submit"><Icon name="submit" size={16} />{t('nav.submit')}</a>}
      </div>
      <Filters facets={facets} />
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

// FACETS_EVERY is how often they are counted at most: 20 ms of a million jobs.
const FACETS_EVERY = 3000;

const TEXTS = ['q', 'name', 'type', 'queue', 'user', 'since', 'until', 'parent'] as const;
const SPANS = ['15m', '1h', '6h', '24h', '7d'] as const;

function Filters({ facets }: { facets: Facets | undefined }) {
  const states = params('state');
  const number = (list: readonly State[]) => facets && count(list.reduce((sum, s) => sum + (facets.states[s] ?? 0), 0));
  const chip = (value: string, name: preact.ComponentChildren, list: readonly State[], here: boolean) => (
    <a key={value} class="chip" href={withParams({ state: value })} aria-current={here ? 'true' : undefined}>{name}<span class="number">{number(list)}</span></a>
  );
  const live = states.length === 0 || states.join() === LIVE.join();
  const field = (name: string, label: string, of?: Record<string, number>) => (
    <label class={`field ${of ? '' : 'field-grow'}`}>
      <span class="field-name">{label}</span>
      <input value={param(name)} name={name} autocomplete="off" spellcheck={false} list={of && `${name}-facet`} title={of ? undefined : t('jobs.filter.q.help')}
        onChange={(e) => setParams({ [name]: e.currentTarget.value.trim() })} />
      {of && <datalist id={`${name}-facet`}>{mostFirst(of).map(([value, n]) => <option key={value} value={value}>{count(n)}</option>)}</datalist>}
    </label>
  );
  return (
    <>
      <div class="chips" role="group" aria-label={t('jobs.filter.state')}>
        {chip('', t('jobs.filter.live'), LIVE, live)}
        {STATES.map((s) => chip(s, <StateBadge state={s} />, [s], states.length === 1 && states[0] === s))}
        {chip('all', t('jobs.filter.all'), STATES, states[0] === 'all')}
      </div>
      <div class="filters">
        {field('q', t('jobs.filter.q'))}
        {field('type', t('jobs.filter.type'), facets?.types ?? {})}
        {field('queue', t('jobs.filter.queue'), facets?.queues ?? {})}
        {field('user', t('jobs.filter.user'), facets?.users ?? {})}
        <Pick name="since" label={t('jobs.filter.since')} none={t('jobs.filter.since.any')} choices={SPANS.map((s) => [s, t('jobs.filter.since.last', { span: s })])} />
        <Pick name="sort" label={t('jobs.sort')} none={t('jobs.sort.newest')} choices={[['number', t('jobs.sort.oldest')]]} />
        {TEXTS.some((name) => param(name)) &&
          <a class="button button-quiet" href={withParams(Object.fromEntries(TEXTS.map((name) => [name, ''])))}>{t('jobs.filter.clear')}</a>}
      </div>
      {facets && <div class="facets">{(['type', 'queue', 'user'] as const).map((name) => <Facet key={name} name={name} counts={facets[`${name}s`]} />)}</div>}
    </>
  );
}

// SHOWN values of a facet are one click away; the others can be typed.
const SHOWN = 6;

const mostFirst = (counts: Record<string, number>) => Object.entries(counts).filter(([value]) => value).sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));

// Facet shows how many jobs there would be with other values, beside the one
// that is chosen.
function Facet({ name, counts }: { name: 'type' | 'queue' | 'user'; counts: Record<string, number> }) {
  const values = mostFirst(counts);
  if (values.length < 2) return null;
  const here = param(name);
  return (
    <div class="chips" role="group" aria-label={t(`jobs.filter.${name}`)}>
      <span class="muted">{t(`jobs.filter.${name}`)}</span>
      {values.slice(0, SHOWN).map(([value, n]) => (
        <a key={value} class="chip" data-facet={`${name}:${value}`} href={withParams({ [name]: value === here ? '' : value })} aria-current={value === here ? 'true' : undefined}>
          {value}<span class="number">{count(n)}</span>
        </a>
      ))}
      {values.length > SHOWN && <span class="muted">{t('jobs.facet.more', { n: values.length - SHOWN })}</span>}
    </div>
  );
}

function Pick({ name, label, none, choices }: { name: string; label: string; none: string; choices: (readonly [string, string])[] }) {
  const here = param(name);
  return (
    <label class="field">
      <span class="field-name">{label}</span>
      <select name={name} value={here} onChange={(e) => setParams({ [name]: e.currentTarget.value })}>
        <option value="">{none}</option>
        {choices.map(([value, text]) => <option key={value} value={value}>{text}</option>)}
        {here && !choices.some(([value]) => value === here) && <option value={here}>{here}</option>}
      </select>
    </label>
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
