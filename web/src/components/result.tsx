// What a job came to: its own check of its answer first, then the figures.
import { t } from '../i18n';
import { bytes, duration, significant } from '../lib/format';
import type { GPUUse, Json, Result } from '../lib/types';
import { Empty, Facts } from './basics';
import { Icon } from './icon';
import { JsonTree } from './json';

// Outcome is the part that every workload's output has.
interface Outcome {
  verified?: boolean; method?: string; error?: number; tolerance?: number;
  rate?: number; rate_unit?: string; engine?: string; threads?: number; checksum?: string;
  phases?: { name: string; seconds: number }[];
}

export function ResultView({ result }: { result: Result | undefined }) {
  if (!result) return <Empty icon="clock" title={t('result.none')}><p>{t('result.none.help')}</p></Empty>;
  const output = result.output;
  const cpuTime = (result.user_cpu_seconds ?? 0) + (result.system_cpu_seconds ?? 0);
  const outcome: Outcome = output !== null && typeof output === 'object' && !Array.isArray(output) ? output as Outcome : {};
  return (
    <div class="stack">
      <Verdict outcome={outcome} simulated={result.simulated} />
      {result.message && <p lang="en">{result.message}</p>}
      <Facts items={[
        [t('result.rate'), outcome.rate !== undefined && `${significant(outcome.rate)} ${outcome.rate_unit ?? ''}`],
        [t('result.error'), outcome.verified !== undefined && significant(outcome.error ?? 0)],
        [t('result.tolerance'), outcome.verified !== undefined && significant(outcome.tolerance ?? 0)],
        [t('result.method'), outcome.method && <span lang="en">{outcome.method}</span>],
        [t('result.engine'), outcome.engine],
        [t('result.threads'), outcome.threads],
        [t('result.cpuTime'), cpuTime > 0 && duration(cpuTime)],
        [t('result.memory'), result.max_memory_bytes ? bytes(result.max_memory_bytes) : undefined],
        [t('result.gpus'), result.gpus?.map((g) => <div key={g.uuid}>{gpuUse(g)}{g.simulated && <span class="tag tag-warn">{t('simulated')}</span>}</div>)],
        [t('result.exit'), result.exit_code !== 0 || outcome.verified === undefined ? String(result.exit_code) : undefined],
        [t('result.signal'), result.signal],
        [t('result.checksum'), outcome.checksum && <code>{outcome.checksum}</code>],
      ]} />
      {outcome.phases && outcome.phases.length > 0 && <Phases phases={outcome.phases} />}
      {output !== undefined && <div><h3>{t('result.output')}</h3><JsonTree value={output as Json} /></div>}
    </div>
  );
}

// gpuUse says how a device was while the attempt had it.
function gpuUse(g: GPUUse): string {
  const parts = [t('result.gpus.busy', { mean: significant(g.utilisation_mean_percent), peak: g.utilisation_peak_percent }),
    t('result.gpus.memory', { mean: bytes(g.memory_mean_bytes), peak: bytes(g.memory_peak_bytes) })];
  if (g.joules > 0) parts.push(`${significant(g.joules / 3600)} Wh, ${significant(g.watts_mean)} W`);
  return `${g.model}: ${[...parts, ...(g.throttled ?? [])].join('; ')}`;
}

function Verdict({ outcome, simulated }: { outcome: Outcome; simulated: boolean | undefined }) {
  const checked = outcome.verified !== undefined;
  const text = !checked ? t('result.noCheck') : t(outcome.verified ? 'result.verified' : 'result.unverified');
  return (
    <p class={`verdict ${checked && !outcome.verified ? 'bad' : ''}`} data-verified={String(outcome.verified ?? '')}>
      <Icon name={!checked ? 'minus' : outcome.verified ? 'check' : 'cross'} size={22} />{text}
      {simulated && <span class="tag tag-warn" title={t('simulated.help')}>{t('simulated')}</span>}
    </p>
  );
}

function Phases({ phases }: { phases: { name: string; seconds: number }[] }) {
  const all = phases.reduce((sum, p) => sum + p.seconds, 0) || 1;
  let at = 0;
  return (
    <div class="timeline">
      <h3>{t('result.phases')}</h3>
      <svg viewBox="0 0 1000 20" preserveAspectRatio="none" role="img" aria-label={phases.map((p) => `${p.name} ${duration(p.seconds)}`).join(', ')}>
        {phases.map((p, i) => {
          const x = (at / all) * 1000;
          at += p.seconds;
          return <rect key={`${p.name}${i}`} class={`phase phase-${(i % 6) + 1}`} x={x} width={Math.max(1, (p.seconds / all) * 1000)} y="2" height="16"><title>{`${p.name} ${duration(p.seconds)}`}</title></rect>;
        })}
      </svg>
      <div class="legend">
        {phases.map((p, i) => <span key={`${p.name}${i}`}><span class={`swatch phase-${(i % 6) + 1}`} />{p.name} {duration(p.seconds)}</span>)}
      </div>
    </div>
  );
}
