// Two runs held against each other: what differs, and what is only chance. The
// verdicts are those of turno bench compare.
import { Empty, Loading, Section, Trouble } from '../components/basics';
import { shortId } from '../components/bench-state';
import { Icon } from '../components/icon';
import { t, type Key } from '../i18n';
import { exact, measured, moment, significant } from '../lib/format';
import { language } from '../lib/preferences';
import { useResource } from '../lib/resource';
import { param, setParams } from '../lib/router';
import type { Benchmark, Page, Verdict, VerdictRow } from '../lib/types';

const EVERY = 30_000;

export function Compare() {
  const list = useResource<Page<Benchmark>>('benchmarks', { every: EVERY, of: () => false }).value.value;
  const runs = list.data?.items ?? [];
  const a = param('a');
  const b = param('b');
  const choose = (name: 'a' | 'b', title: Key) => (
    <label class="field field-grow"><span class="field-name">{t(title)}</span>
      <select name={name} value={param(name)} onChange={(e) => setParams({ [name]: e.currentTarget.value }, 'replace')}>
        <option value="">{t('app.none')}</option>
        {runs.map((r) => <option key={r.id} value={r.id}>{`${t('bench.runOf', { suite: r.suite, worker: r.worker })}, ${moment(r.at)}, ${r.turno}, ${shortId(r.id)}`}</option>)}
      </select>
    </label>
  );
  return (
    <>
      <div class="page-head"><h1>{t('bench.compare.title')}</h1><span class="spacer" /><a class="button button-quiet" href="/benchmarks">{t('bench.back')}</a></div>
      {list.error && <Trouble error={list.error} at={list.at} />}
      <section class="card"><div class="filters">
        {choose('a', 'bench.a')}{choose('b', 'bench.b')}
        <button type="button" class="button" onClick={() => setParams({ a: b, b: a }, 'replace')}>{t('bench.swap')}</button>
      </div></section>
      {a && b ? <Result key={`${a} ${b} ${language.value}`} a={a} b={b} /> : <Empty icon="benchmarks" title={t('bench.compare.pick')} />}
    </>
  );
}

function Result({ a, b }: { a: string; b: string }) {
  const { data, error, at } = useResource<Verdict>(`benchmarks/${encodeURIComponent(a)}/compare?with=${encodeURIComponent(b)}&lang=${language.value}`, { of: () => false }).value.value;
  if (error) return <Trouble error={error} at={at} />;
  if (!data) return <Loading />;
  return (
    <>
      <Section title={t('bench.said')}><ul class="said" id="said">{data.summary.map((text) => <li key={text}>{text}</li>)}</ul></Section>
      <Section title={t('bench.results')}>
        <div class="table-wrap" role="region" aria-label={t('bench.results')} tabIndex={0}>
          <table id="differences">
            <thead><tr><th>{t('bench.col.case')}</th><th>{t('bench.col.side')}</th><th>{t('bench.phase')}</th><th class="number">A</th><th class="number">B</th><th class="number">{t('bench.col.ratio')}</th><th class="number">{t('bench.col.ci')}</th><th class="number">{t('bench.col.p')}</th><th>{t('bench.col.verdict')}</th></tr></thead>
            <tbody>{data.rows.map((r) => (
              <tr key={`${r.case} ${r.side} ${r.phase}`} class="row" data-verdict={r.verdict}>
                <td>{r.case}</td><td class="nowrap">{r.side_name}</td><td class="nowrap">{r.phase_name}</td><td class="number">{measured(r.a.median)}</td><td class="number">{measured(r.b.median)}</td>
                <td class="number">{exact(r.ratio.value)}</td><td class="number">{exact(r.ratio.ci_lo)} – {exact(r.ratio.ci_hi)}</td><td class="number">{r.p_adj < 0.001 ? '< 0.001' : significant(r.p_adj, 2)}</td>
                <td><Said row={r} /></td>
              </tr>
            ))}</tbody>
          </table>
        </div>
      </Section>
      {(data.missing ?? []).length > 0 && <Section title={t('bench.missing')}><ul class="said" lang="en">{data.missing!.map((m) => <li key={m}>{m}</li>)}</ul></Section>}
      <Section title={t('bench.env.differs')}>
        {data.environment.length === 0 ? <p class="muted">{t('bench.env.same')}</p> : (
          <div class="table-wrap" role="region" aria-label={t('bench.env.differs')} tabIndex={0}>
            <table><thead><tr><th>{t('bench.fact')}</th><th>A</th><th>B</th></tr></thead>
              <tbody>{data.environment.map((e) => <tr key={e.name}><td lang="en">{e.name}</td><td class="wrap">{e.a || t('app.none')}</td><td class="wrap">{e.b || t('app.none')}</td></tr>)}</tbody></table>
          </div>
        )}
      </Section>
    </>
  );
}

// Said is a verdict: an icon, words and a weight, never a colour alone.
function Said({ row }: { row: VerdictRow }) {
  const real = row.verdict === 'slower' || row.verdict === 'quicker';
  return <span class={`nowrap ${real ? '' : 'muted'}`}><Icon name={row.verdict === 'slower' ? 'clock' : row.verdict === 'quicker' ? 'check' : 'minus'} size={15} /> {real ? <strong>{row.words}</strong> : row.words}</span>;
}
