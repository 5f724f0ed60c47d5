// What is done to many jobs at once: those that are ticked, or all that match.
import { useSignal, type Signal } from '@preact/signals';
import { t, type Key } from '../i18n';
import { post } from '../lib/api';
import type { Filter } from '../lib/joblist';
import { displayOf, hasEnded, STATES, type Acted, type Job, type StateCounts } from '../lib/types';
import { Dialog } from './basics';
import { StateBadge } from './state';
import { toast, toastError } from './toasts';

type Verb = 'cancel' | 'hold' | 'release' | 'requeue';
const VERBS: readonly Verb[] = ['cancel', 'hold', 'release', 'requeue'];

export function BulkBar({ rows, selected }: { rows: Job[]; selected: Signal<ReadonlySet<string>>; filter: Filter }) {
  const asking = useSignal<Verb | undefined>(undefined);
  const chosen = rows.filter((j) => selected.value.has(displayOf(j)));
  if (chosen.length === 0) return null;
  const act = async (verb: Verb) => {
    asking.value = undefined;
    try {
      const { acted } = await post<{ acted: Acted[] }>('actions', { verb, jobs: chosen.map(displayOf) });
      report(verb, acted);
      selected.value = new Set();
    } catch (e) {
      toastError(e);
    }
  };
  return (
    <div class="bulk" id="bulk">
      <strong class="number">{t('jobs.selected', { n: chosen.length })}</strong>
      <button type="button" class="button button-quiet" onClick={() => { selected.value = new Set(); }}>{t('jobs.unselect')}</button>
      <span class="spacer" />
      {VERBS.map((verb) => (
        <button key={verb} type="button" class={`button ${verb === 'cancel' ? 'button-bad' : ''}`} disabled={chosen.every((j) => hasEnded(j.state))}
          onClick={() => { asking.value = verb; }}>{t(`verb.${verb}`)}</button>
      ))}
      {asking.value && (
        <Dialog title={t('bulk.title', { verb: t(`verb.${asking.value}`), n: chosen.length })} onClose={() => { asking.value = undefined; }}>
          <div class="stack">
            <Breakdown counts={countsOf(chosen)} />
            {asking.value === 'cancel' && <p>{t('verb.cancel.help')}</p>}
            <div class="actions">
              <button type="button" class="button" onClick={() => { asking.value = undefined; }}>{t('app.cancel')}</button>
              <button type="button" class="button button-main" id="confirm" onClick={() => void act(asking.value!)}>{t(`verb.${asking.value}` as Key)}</button>
            </div>
          </div>
        </Dialog>
      )}
    </div>
  );
}

function countsOf(jobs: Job[]): StateCounts {
  const out: StateCounts = {};
  for (const job of jobs) out[job.state] = (out[job.state] ?? 0) + 1;
  return out;
}

function Breakdown({ counts }: { counts: StateCounts }) {
  return (
    <div class="chips">
      {STATES.filter((s) => counts[s]).map((s) => <span key={s} class="tag"><StateBadge state={s} /> <span class="number">{counts[s]}</span></span>)}
    </div>
  );
}

export function report(verb: Verb, acted: Acted[]): void {
  const refused = acted.filter((a) => a.error);
  const name = t(`verb.${verb}`);
  const done = acted.length - refused.length;
  if (refused.length === 0) toast(t('verb.done', { verb: name, n: done }));
  else toast(t('verb.partly', { verb: name, n: done, failed: refused.length, why: refused[0]?.error?.message ?? '' }), { good: done > 0 });
}
