// The form that has the server measure. What is filled in stands in the address.
import { useSignal } from '@preact/signals';
import { maybe, t, type Key } from '../i18n';
import { post } from '../lib/api';
import { useResource } from '../lib/resource';
import { navigate, param, params, setParams } from '../lib/router';
import type { Benchmark, Page, Worker } from '../lib/types';
import { Command, Section } from './basics';
import { Icon } from './icon';
import { toast, toastError } from './toasts';

const SUITES = ['quick', 'full'];
const TYPES: Record<string, string[]> = { quick: ['matmul', 'vecadd', 'image', 'infer', 'noop'], full: ['matmul', 'vecadd', 'image', 'train', 'infer', 'noop'] };
const BUDGETS: [string, string][] = [['60', '1 min'], ['300', '5 min'], ['900', '15 min'], ['3600', '1 h'], ['14400', '4 h']];
const PRECISIONS = ['0.01', '0.025', '0.05', '0.1'];
const BLOCKS = ['6', '10', '20', '30', '50', '100'];
const WORKERS_EVERY = 10_000;

export function BenchStart() {
  const workers = useResource<Page<Worker>>('workers', { every: WORKERS_EVERY, of: () => false }).value.value.data?.items ?? [];
  const busy = useSignal(false);
  const suite = SUITES.includes(param('suite')) ? param('suite') : 'quick';
  const offered = TYPES[suite] ?? [];
  const types = params('types').filter((one) => offered.includes(one));
  const order = {
    suite, ...(param('worker') ? { worker: param('worker') } : {}), ...(types.length > 0 ? { types } : {}), ...(param('budget') ? { budget_seconds: Number(param('budget')) } : {}),
    ...(param('fixed') ? { fixed: Number(param('fixed')) } : param('precision') ? { precision: Number(param('precision')) } : {}),
  };
  const line = ['turno bench run --server', window.location.origin, ...(suite === 'quick' ? [] : ['--suite', suite]), ...(param('worker') ? ['--on', param('worker')] : []), ...(types.length > 0 ? ['--type', types.join(',')] : []),
    ...(param('budget') ? ['--budget', `${param('budget')}s`] : []), ...(param('fixed') ? ['--fixed-n', param('fixed')] : param('precision') ? ['--precision', param('precision')] : [])].join(' ');
  const start = async (e: SubmitEvent) => {
    e.preventDefault();
    busy.value = true;
    try {
      const run = await post<Benchmark>('benchmarks', order);
      toast(t('bench.started'));
      navigate(`/benchmarks/${run.id}`);
    } catch (error) {
      toastError(error);
    } finally {
      busy.value = false;
    }
  };
  const choose = (name: string, title: Key, none: Key, choices: [string, string][]) => (
    <label class="field"><span class="field-name">{t(title)}</span>
      <select name={name} value={param(name)} onChange={(e) => setParams({ [name]: e.currentTarget.value }, 'replace')}>
        <option value="">{t(none)}</option>
        {choices.map(([value, text]) => <option key={value} value={value}>{text}</option>)}
      </select>
    </label>
  );
  return (
    <Section title={t('bench.start')}>
      <form class="stack" id="bench-start" onSubmit={(e) => void start(e)}>
        <div class="filters">
          <label class="field"><span class="field-name">{t('bench.suite')}</span>
            <select name="suite" value={suite} onChange={(e) => setParams({ suite: e.currentTarget.value === 'quick' ? '' : e.currentTarget.value }, 'replace')}>
              {SUITES.map((one) => <option key={one} value={one}>{maybe('bench.suite', one)}</option>)}
            </select>
          </label>
          {choose('worker', 'bench.worker', 'bench.worker.any', workers.filter((w) => w.state === 'ready').map((w) => [w.name, w.name]))}
          {choose('budget', 'bench.budget', 'bench.budget.suite', BUDGETS)}
          {choose('fixed', 'bench.fixed', 'bench.fixed.adaptive', BLOCKS.map((n) => [n, n]))}
          {!param('fixed') && choose('precision', 'bench.precision', 'bench.budget.suite', PRECISIONS.map((p) => [p, `± ${Number(p) * 100} %`]))}
        </div>
        <fieldset class="plain">
          <legend class="field-name">{t('bench.types')} <span class="muted">({t('bench.types.all')})</span></legend>
          <div class="chips">{offered.map((one) => (
            <label key={one} class="chip"><input type="checkbox" name="type" value={one} checked={types.includes(one)}
              onChange={(e) => setParams({ types: (e.currentTarget.checked ? [...types, one] : types.filter((x) => x !== one)).join(',') }, 'replace')} /> {one}</label>
          ))}</div>
        </fieldset>
        <p class="muted">{t('bench.start.note')}</p>
        <div class="actions"><button type="submit" class="button button-main" disabled={busy.value}><Icon name="play" size={16} />{t('bench.start')}</button></div>
        <details><summary class="chart-more">{t('bench.start.same')}</summary><Command text={line} /></details>
      </form>
    </Section>
  );
}
