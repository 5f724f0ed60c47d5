// What is done to many jobs at once: to those that are ticked, or to all that
// the filter selects. For the latter the server does it, and only if as many
// match as the person has seen.
import { useSignal, type Signal } from '@preact/signals';
import { t } from '../i18n';
import { ApiError, get, post, query } from '../lib/api';
import type { Filter } from '../lib/joblist';
import { displayOf, hasEnded, STATES, type Acted, type BulkDone, type Job, type MatchCount, type StateCounts } from '../lib/types';
import { Dialog } from './basics';
import { StateBadge } from './state';
import { toast, toastError } from './toasts';

type Verb = 'cancel' | 'hold' | 'release' | 'requeue';
const VERBS: readonly Verb[] = ['cancel', 'hold', 'release', 'requeue'];

// TYPED is the number of jobs from which it has to be typed.
const TYPED = 100;

interface Props { rows: Job[]; selected: Signal<ReadonlySet<string>>; filter: Filter }

export function BulkBar({ rows, selected, filter }: Props) {
  const asking = useSignal<Verb | undefined>(undefined);
  const all = useSignal<MatchCount | undefined>(undefined); // set: all that match are meant
  const chosen = rows.filter((j) => selected.value.has(displayOf(j)));
  if (chosen.length === 0) return null;
  const counts = all.value?.states ?? countsOf(chosen);
  const n = all.value?.count ?? chosen.length;
  const none = () => { selected.value = new Set(); all.value = undefined; };
  const matching = async () => {
    try {
      all.value = await get<MatchCount>(`jobs:count${query({ ...filter, top: false })}`);
    } catch (e) {
      toastError(e);
    }
  };
  const act = async (verb: Verb) => {
    asking.value = undefined;
    try {
      if (all.value) await toMatches(verb, filter, all.value.count);
      else report(verb, (await post<{ acted: Acted[] }>('actions', { verb, jobs: chosen.map(displayOf) })).acted);
      none();
    } catch (e) {
      all.value = undefined;
      toastError(e);
      if (e instanceof ApiError && e.status === 409) void matching();
    }
  };
  return (
    <div class="bulk" id="bulk">
      <strong class="number">{t('jobs.selected', { n })}</strong>
      {!all.value && <button type="button" class="button button-quiet" id="select-all" onClick={() => void matching()}>{t('jobs.selectAll')}</button>}
      <button type="button" class="button button-quiet" onClick={none}>{t('jobs.unselect')}</button>
      <span class="spacer" />
      {VERBS.map((verb) => (
        <button key={verb} type="button" data-verb={verb} class={`button ${verb === 'cancel' ? 'button-bad' : ''}`} disabled={STATES.every((s) => hasEnded(s) || !counts[s])}
          onClick={() => { asking.value = verb; }}>{t(`verb.${verb}`)}</button>
      ))}
      {asking.value && <Confirm verb={asking.value} n={n} counts={counts} filter={all.value ? filter : undefined}
        onYes={act} onClose={() => { asking.value = undefined; }} />}
    </div>
  );
}

function Confirm({ verb, n, counts, filter, onYes, onClose }:
  { verb: Verb; n: number; counts: StateCounts; filter: Filter | undefined; onYes: (verb: Verb) => Promise<void>; onClose: () => void }) {
  const typed = useSignal('');
  const sure = n <= TYPED || typed.value === String(n);
  return (
    <Dialog title={t('bulk.title', { verb: t(`verb.${verb}`), n })} onClose={onClose}>
      <form onSubmit={(e) => { e.preventDefault(); if (sure) void onYes(verb); }}>
        <div class="chips">
          {STATES.filter((s) => counts[s]).map((s) => <span key={s} class="tag"><StateBadge state={s} /> <span class="number">{counts[s]}</span></span>)}
        </div>
        {filter && <p><span class="muted">{t('bulk.literal')}</span> <code>{decodeURIComponent(query({ ...filter, top: false })) || '*'}</code></p>}
        {verb === 'cancel' && <p>{t('verb.cancel.help')}</p>}
        {n > TYPED && (
          <label class="field">
            <span class="field-name">{t('bulk.confirm', { n: String(n) })}</span>
            <input value={typed} inputMode="numeric" autocomplete="off" onInput={(e) => { typed.value = e.currentTarget.value.trim(); }} />
          </label>
        )}
        <div class="actions">
          <button type="button" class="button" onClick={onClose}>{t('app.cancel')}</button>
          <button class="button button-main" id="confirm" disabled={!sure}>{t(`verb.${verb}`)}</button>
        </div>
      </form>
    </Dialog>
  );
}

async function toMatches(verb: Verb, filter: Filter, expected: number): Promise<void> {
  const { top: _, parent, ...rest } = filter;
  const done = await post<BulkDone>('jobs:bulk', {
    verb, expected_count: expected, filter: { ...rest, ...(parent ? { parent: Number(parent) } : {}) },
  });
  if (done.refused === 0) toast(t('verb.done', { verb: t(`verb.${verb}`), n: done.done }));
  else toast(t('verb.partly', { verb: t(`verb.${verb}`), n: done.done, failed: done.refused, why: done.errors?.[0]?.error?.message ?? '' }), { good: done.done > 0 });
}

function countsOf(jobs: Job[]): StateCounts {
  const out: StateCounts = {};
  for (const job of jobs) out[job.state] = (out[job.state] ?? 0) + 1;
  return out;
}

function report(verb: Verb, acted: Acted[]): void {
  const refused = acted.filter((a) => a.error);
  const name = t(`verb.${verb}`);
  const done = acted.length - refused.length;
  if (refused.length === 0) toast(t('verb.done', { verb: name, n: done }));
  else toast(t('verb.partly', { verb: name, n: done, failed: refused.length, why: refused[0]?.error?.message ?? '' }), { good: done > 0 });
}
