import { useRef } from 'preact/hooks';
import { SizesChart, SpeedUpChart, TimesChart, TypesChart } from '../charts/benchmarks';
import { useStatistics } from '../charts/statistics';
import { Empty, Loading, Moment, Section, Trouble } from '../components/basics';
import { BenchBadge, BenchProgress, deviceOf, shortId } from '../components/bench-state';
import { BenchStart } from '../components/bench-start';
import { Icon } from '../components/icon';
import { Samples } from '../components/samples';
import { toast, toastError } from '../components/toasts';
import { t } from '../i18n';
import { request } from '../lib/api';
import { count, duration } from '../lib/format';
import { useResource } from '../lib/resource';
import { navigate, params, setParams } from '../lib/router';
import { maySubmit } from '../lib/session';
import type { Benchmark, Page } from '../lib/types';
import { BenchmarkRun } from './benchmark';
import { Compare } from './compare';

export const RUNS_EVERY = 3000;

export function Benchmarks({ run }: { run: string | undefined }) {
  if (run === 'compare') return <Compare />;
  return run ? <BenchmarkRun key={run} id={run} /> : <Runs />;
}

function Runs() {
  const { value, refresh } = useResource<Page<Benchmark>>('benchmarks', { every: RUNS_EVERY, of: () => false });
  const { data, error, at } = value.value;
  const runs = data?.items ?? [];
  return (
    <>
      <div class="page-head"><h1>{t('benchmarks.title')}</h1><span class="spacer" />{maySubmit() && <Add done={refresh} />}</div>
      {error && <Trouble error={error} at={at} />}
      <Section title={t('bench.runs')} aside={<Chosen runs={runs} />}>
        {!data && !error && <Loading />}
        {data && runs.length === 0 && <Empty icon="benchmarks" title={t('bench.none')}><p>{t('bench.none.help')}</p></Empty>}
        {runs.length > 0 && <Table runs={runs} />}
      </Section>
      {maySubmit() && <BenchStart />}
      <FromJobs />
    </>
  );
}

const picked = (runs: Benchmark[]): string[] => params('pick').filter((id) => runs.some((r) => r.id === id));

// Chosen leads on where two runs are ticked; the older one is A.
function Chosen({ runs }: { runs: Benchmark[] }) {
  if (runs.length < 2) return null;
  const chosen = runs.filter((r) => picked(runs).includes(r.id));
  const [b, a] = chosen;
  if (chosen.length !== 2 || !a || !b) return <span class="muted">{t('bench.compare.pick')}</span>;
  return <a class="button" id="compare" href={`/benchmarks/compare?a=${a.id}&b=${b.id}`}>{t('bench.compare.two')}</a>;
}

function Table({ runs }: { runs: Benchmark[] }) {
  const now = picked(runs);
  const pick = (id: string, on: boolean) => {
    const before = picked(runs); // as the address is now, not as it was drawn
    setParams({ pick: (on ? [...before.slice(-1), id] : before.filter((x) => x !== id)).join(',') }, 'replace');
  };
  return (
    <div class="table-wrap" role="region" aria-label={t('bench.runs')} tabIndex={0}>
      <table>
        <thead><tr>
          <th><span class="visually-hidden">{t('bench.compare')}</span></th><th>{t('bench.col.run')}</th><th>{t('jobs.col.state')}</th><th>{t('bench.col.device')}</th>
          <th class="number">{t('bench.col.samples')}</th><th class="number">{t('bench.col.out')}</th><th>{t('bench.col.began')}</th><th class="number">{t('bench.col.took')}</th><th>{t('bench.col.user')}</th>
        </tr></thead>
        <tbody>
          {runs.map((r) => (
            <tr key={r.id} class="row" data-run={r.id}>
              <td><input type="checkbox" checked={now.includes(r.id)} aria-label={`${t('bench.pick')}: ${shortId(r.id)}`} onChange={(e) => pick(r.id, e.currentTarget.checked)} /></td>
              <td><a href={`/benchmarks/${r.id}`}>{t('bench.runOf', { suite: r.suite, worker: r.worker })}</a> <code class="muted">{shortId(r.id)}</code></td>
              <td><BenchBadge run={r} />{r.progress && <BenchProgress run={r} />}</td>
              <td class="nowrap">{deviceOf(r)} {r.simulated && <span class="tag tag-warn">SIMULATED</span>}</td>
              <td class="number">{count(r.samples)}</td>
              <td class="number">{count(r.excluded)}</td>
              <td class="nowrap"><Moment time={r.at} /></td>
              <td class="number">{duration(r.seconds)}</td>
              <td>{r.user || t('app.none')}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

// Add hands in a file that was measured elsewhere.
function Add({ done }: { done: () => void }) {
  const field = useRef<HTMLInputElement>(null);
  const send = async (file: File | undefined) => {
    if (!file) return;
    try {
      const text = await file.text();
      const { id } = JSON.parse(text) as { id?: unknown };
      if (typeof id !== 'string') throw new SyntaxError();
      await request(`benchmarks/${encodeURIComponent(id)}?fresh=true`, { method: 'PUT', headers: { 'Content-Type': 'application/json' }, body: file });
      toast(t('bench.added'));
      done();
      navigate(`/benchmarks/${encodeURIComponent(id)}`);
    } catch (error) {
      if (error instanceof SyntaxError) toast(t('bench.notFile'), { good: false });
      else toastError(error);
    } finally {
      if (field.current) field.current.value = '';
    }
  };
  return (
    <>
      <button type="button" class="button" title={t('bench.add.help')} onClick={() => field.current?.click()}><Icon name="submit" size={16} />{t('bench.add')}</button>
      <input ref={field} id="add-run" type="file" accept=".json,application/json" hidden aria-label={t('bench.add.help')} onChange={(e) => void send(e.currentTarget.files?.[0])} />
    </>
  );
}

// FromJobs are the charts of what happened to run.
function FromJobs() {
  const { data, error, at } = useStatistics();
  return (
    <>
      <div class="page-head"><h2>{t('bench.jobs')}</h2>{data && <span class="muted">{t('chart.of', { n: data.jobs })} {data.simulated > 0 && t('chart.simulated', { n: data.simulated })}</span>}</div>
      {error && <Trouble error={error} at={at} />}
      {data && (
        <div class="grid">
          <div class="span-6"><SpeedUpChart of={data} /></div>
          <div class="span-6"><TimesChart of={data} /></div>
          <div class="span-6"><SizesChart of={data} /></div>
          <div class="span-6"><TypesChart of={data} /></div>
        </div>
      )}
      <Section title={t('overview.samples')}><Samples /></Section>
    </>
  );
}
