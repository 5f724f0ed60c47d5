// One run of turno bench: what it shows, how good that is, and all of it to take
// along. What is said comes from the server, which has it from the samples.
import { useSignal } from '@preact/signals';
import { RunSamples, RunSizes, RunSpeedUps, RunTimes } from '../charts/run';
import { Command, Dialog, Facts, Loading, Moment, Section, Trouble } from '../components/basics';
import { BenchBadge, BenchProgress, deviceOf, shortId } from '../components/bench-state';
import { Icon } from '../components/icon';
import { toast, toastError } from '../components/toasts';
import { maybe, t } from '../i18n';
import { post, send } from '../lib/api';
import { bytes, count, duration, exact, measured } from '../lib/format';
import { language } from '../lib/preferences';
import { useResource } from '../lib/resource';
import { navigate, param, setParams, withParams } from '../lib/router';
import { mayOrder } from '../lib/session';
import type { Benchmark, Findings, FoundRow, Phase } from '../lib/types';

const EVERY = 2000;
const PHASES: Phase[] = ['kernel', 'device', 'end_to_end'];

export function BenchmarkRun({ id }: { id: string }) {
  const path = `benchmarks/${encodeURIComponent(id)}`;
  const { value, refresh } = useResource<Benchmark>(path, { every: EVERY, of: () => false });
  const { data: run, error, at } = value.value;
  const preview = useSignal(0); // times that somebody asked for it
  const live = run?.state === 'running';
  const wanted = run !== undefined && (!live || preview.value > 0);
  return (
    <>
      <div class="page-head">
        <h1>{run ? t('bench.runOf', { suite: run.suite, worker: run.worker }) : t('bench.title', { run: shortId(id) })}</h1>
        <code class="muted">{shortId(id)}</code>{run && <BenchBadge run={run} />}
        <span class="spacer" />
        <a class="button button-quiet" href="/benchmarks">{t('bench.back')}</a>
        {run && <Orders run={run} refresh={refresh} />}
      </div>
      {error && <Trouble error={error} at={at} />}
      {!run && !error && <Loading />}
      {run && <Head run={run} ask={live ? () => { preview.value += 1; } : undefined} />}
      {wanted && <Found key={`${language.value}${live ? preview.value : 'end'}`} run={run} path={path} />}
    </>
  );
}

function Head({ run, ask }: { run: Benchmark; ask: (() => void) | undefined }) {
  return (
    <section class="card">
      {run.stopping && <p class="muted">{t('bench.stopping')}</p>}
      {run.state === 'running' && <BenchProgress run={run} />}
      {run.state === 'silent' && <p class="notice notice-warn">{t('bench.silent.help')}</p>}
      {run.detail && <p class="notice notice-warn" lang="en">{run.detail}</p>}
      {(run.state === 'interrupted' || run.state === 'silent') && (
        <div class="stack"><p class="muted">{t('bench.interrupted.help')}</p><Command text={`turno bench show ${shortId(run.id)} -o job_results.json && turno bench run --resume --server ${window.location.origin}`} /></div>
      )}
      <Facts items={[
        [t('bench.col.device'), <>{deviceOf(run)} {run.simulated && <span class="tag tag-warn">SIMULATED</span>}</>], ['CPU', run.cpu && `${run.cpu}, ${t('bench.cpus', { n: run.cpus })}`],
        [t('bench.col.samples'), count(run.samples)], [t('bench.col.out'), count(run.excluded)], [t('bench.col.began'), <Moment time={run.at} />], [t('bench.col.took'), duration(run.seconds)],
        [t('bench.col.user'), run.user], ['turno', run.turno],
      ]} />
      {ask && <div class="actions"><button type="button" class="button" onClick={ask} title={t('bench.preview.help')}>{t('bench.preview')}</button></div>}
    </section>
  );
}

function Orders({ run, refresh }: { run: Benchmark; refresh: () => void }) {
  const asking = useSignal(false);
  if (!mayOrder(run.user)) return null;
  const path = `benchmarks/${encodeURIComponent(run.id)}`;
  const stop = () => post(`${path}/stop`).then(() => { toast(t('bench.stopAsked')); refresh(); }, toastError);
  const remove = () => send('DELETE', path).then(() => { toast(t('bench.removed')); navigate('/benchmarks'); }, toastError);
  return (
    <>
      {run.state === 'running' && !run.stopping && <button type="button" class="button" id="stop" onClick={() => void stop()}><Icon name="stop" size={16} />{t('bench.stop')}</button>}
      <button type="button" class="button button-quiet" id="remove" onClick={() => { asking.value = true; }}><Icon name="cross" size={16} />{t('bench.remove')}</button>
      {asking.value && (
        <Dialog title={t('bench.remove')} onClose={() => { asking.value = false; }}>
          <form class="stack" onSubmit={(e) => { e.preventDefault(); asking.value = false; void remove(); }}>
            <p>{t('bench.remove.ask')}</p>
            <div class="actions"><button type="submit" class="button button-bad" id="confirm">{t('bench.remove')}</button></div>
          </form>
        </Dialog>
      )}
    </>
  );
}

function Found({ run, path }: { run: Benchmark; path: string }) {
  const { data, error, at } = useResource<Findings>(`${path}/findings?lang=${language.value}`, { of: () => false }).value.value;
  if (error) return <Trouble error={error} at={at} />;
  if (!data) return <Loading />;
  const known = PHASES.filter((p) => data.rows.some((r) => r.phase === p));
  const asked = param('phase') as Phase;
  const phase = known.includes(asked) ? asked : known.includes('device') ? 'device' : 'end_to_end';
  const rows = data.rows.filter((r) => r.phase === phase);
  const log = param('log') !== '0';
  return (
    <>
      <Section title={t('bench.said')}>
        {data.notes.map((text) => <p key={text} class="notice notice-warn">{text}</p>)}
        {(data.summary ?? []).length === 0 ? <p class="muted">{t('bench.said.none')}</p> : <ul class="said" id="said">{data.summary!.map((text) => <li key={text}>{text}</li>)}</ul>}
      </Section>
      <div class="page-head">
        <h2>{t('bench.results')}</h2><span class="spacer" />
        <span class="segmented" role="radiogroup" aria-label={t('bench.phase')}>
          {known.map((p) => <label key={p}><input type="radio" name="phase" checked={p === phase} onChange={() => setParams({ phase: p === 'device' ? '' : p }, 'replace')} />{t(`bench.phase.${p}`)}</label>)}
        </span>
        <label class="chip"><input type="checkbox" checked={log} onChange={() => navigate(withParams({ log: log ? '0' : '' }), 'replace')} /> {t('bench.log')}</label>
      </div>
      <div class="grid">
        <div class="span-6"><RunSpeedUps rows={rows} log={log} /></div>
        <div class="span-6"><RunTimes rows={rows} log={log} /></div>
        <div class="span-6"><RunSizes rows={rows} /></div>
        <div class="span-6"><RunSamples rows={rows} log={log} /></div>
      </div>
      <Section title={`${t('bench.results')}: ${t(`bench.phase.${phase}`)}`}><Rows rows={rows} /></Section>
      <div class="grid">
        <div class="span-6 stack"><Excluded of={data} /><Lists of={data} /></div>
        <div class="span-6 stack"><Downloads of={data} run={run} path={path} /><Environment of={data} run={run} /></div>
      </div>
    </>
  );
}

function Rows({ rows }: { rows: FoundRow[] }) {
  return (
    <div class="table-wrap" role="region" aria-label={t('bench.results')} tabIndex={0}>
      <table id="results">
        <thead><tr><th>{t('bench.col.case')}</th><th>{t('bench.col.side')}</th><th class="number">n</th><th class="number">{t('bench.col.median')}</th><th class="number">{t('bench.col.ci')}</th><th>{t('bench.col.speedup')}</th><th>{t('bench.col.quality')}</th></tr></thead>
        <tbody>
          {rows.map((r) => (
            <tr key={`${r.case} ${r.side}`} class="row">
              <td>{r.case}</td><td class="nowrap">{r.side_name}</td><td class="number">{count(r.times.n)}</td>
              <td class="number">{measured(r.times.median)}</td><td class="number nowrap">{measured(r.times.ci_lo)} – {measured(r.times.ci_hi)}</td>
              <td><SpeedUp of={r.speed_up} /></td>
              <td><span class="chips">{r.badges.map((b) => <span key={b.code} class={`tag ${GOOD.includes(b.code) ? 'tag-good' : b.code === 'outliers' ? '' : 'tag-warn'}`}>{maybeBadge(b)}</span>)}</span></td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const GOOD = ['verified'];
const maybeBadge = (b: { code: string; n?: number }): string => maybe('badge', b.code).split('|')[b.n === 1 ? 0 : -1 + maybe('badge', b.code).split('|').length]!.replace('{n}', count(b.n ?? 0));

// SpeedUp is bold where it may be claimed, and says why where not.
function SpeedUp({ of }: { of: FoundRow['speed_up'] }) {
  if (!of) return <span class="muted">{t('app.none')}</span>;
  if (!of.claimable) return <span class="muted" title={of.sentence}>{t('bench.noClaim')}</span>;
  const text = `${exact(of.ratio)}×`;
  return <span title={of.sentence}>{of.shown ? <strong>{text}</strong> : text} <span class="muted nowrap">({exact(of.ci_lo)} – {exact(of.ci_hi)}) {t('bench.against', { side: of.against_name })}</span></span>;
}

function Excluded({ of }: { of: Findings }) {
  return (
    <Section title={t('bench.out')}>
      {of.exclusions.length === 0 ? <p class="muted">{t('bench.out.none')}</p> : (
        <div class="table-wrap" role="region" aria-label={t('bench.out')} tabIndex={0}>
          <table id="excluded">
            <thead><tr><th>{t('bench.col.case')}</th><th>{t('bench.col.side')}</th><th class="number">{t('bench.col.n')}</th><th>{t('bench.col.reason')}</th></tr></thead>
            <tbody>{of.exclusions.map((e, i) => <tr key={i}><td>{e.case}</td><td class="nowrap">{e.side}</td><td class="number">{count(e.n)}</td><td>{e.words}{e.detail && <span class="muted" lang="en"> ({e.detail})</span>}</td></tr>)}</tbody>
          </table>
        </div>
      )}
      {(of.left_out ?? []).map((what) => <p key={what} class="muted">{t('bench.out.cannot', { what })}</p>)}
    </Section>
  );
}

function Lists({ of }: { of: Findings }) {
  const list = (title: string, lines: string[]) => lines.length > 0 && <Section title={title}><ul class="said">{lines.map((text, i) => <li key={i}>{text}</li>)}</ul></Section>;
  return (
    <>
      {list(t('bench.ended'), of.stops)}
      {list(t('bench.queue'), of.queue.map((q) => q.sentence))}
      {list(t('bench.threats'), of.threats)}
      {list(t('bench.method'), of.method)}
    </>
  );
}

const FORMATS = ['png', 'svg', 'pdf'];

function Downloads({ of, run, path }: { of: Findings; run: Benchmark; path: string }) {
  const lang = `?lang=${language.value}`;
  const file = (name: string, text: string) => <li key={name}><a href={`/api/v1/${path}/${name}`} download>{text}</a></li>;
  const report = language.value === 'en' ? 'BENCHMARK_REPORT.md' : `BENCHMARK_REPORT.${language.value}.md`;
  return (
    <Section title={t('bench.downloads')}>
      <ul class="said" id="downloads">
        {file('results', `${t('bench.dl.json')} (${bytes(run.bytes)})`)}
        {file(`report/performance_comparison.csv${lang}`, t('bench.dl.csv'))}
        {file(`report/${report}${lang}`, t('bench.dl.md'))}
        {file(`report/report.zip${lang}`, t('bench.dl.zip'))}
      </ul>
      <details>
        <summary class="chart-more">{t('bench.dl.charts')}</summary>
        <ul class="said">{of.charts.map((c) => (
          <li key={c.name}>{c.title}: {FORMATS.map((f) => <><a key={f} href={`/api/v1/${path}/report/charts/${c.name}.${f}${lang}`} download aria-label={`${c.title}, ${f.toUpperCase()}`}>{f.toUpperCase()}</a>{' '}</>)}</li>
        ))}</ul>
      </details>
    </Section>
  );
}

function Environment({ of, run }: { of: Findings; run: Benchmark }) {
  return (
    <Section title={t('bench.env')}>
      <div class="table-wrap" role="region" aria-label={t('bench.env')} tabIndex={0}>
        <table id="environment"><tbody>{of.environment.map((f) => <tr key={f.name}><th scope="row" lang="en">{f.name}</th><td class="wrap">{f.value || t('app.none')}</td></tr>)}</tbody></table>
      </div>
      <p class="muted">{of.sessions.join(' ')}</p>
      <p class="field-name">{t('bench.command')}</p>
      <Command text={of.command} />
      <p class="muted wrap">{t('bench.hash')}: <code>{run.sha256}</code></p>
    </Section>
  );
}
