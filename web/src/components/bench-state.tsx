// Where a benchmark's run stands, and how far it is.
import { maybe, t } from '../i18n';
import { count, duration } from '../lib/format';
import type { Benchmark, BenchmarkState } from '../lib/types';
import { Meter } from './basics';
import { Icon, type IconName } from './icon';

const ICONS: Record<BenchmarkState, IconName> = { running: 'play', finished: 'check', interrupted: 'stop', failed: 'cross', silent: 'lost' };
// The colours of jobs' states that mean the same.
const LOOKS: Record<BenchmarkState, string> = { running: 'running', finished: 'succeeded', interrupted: 'cancelled', failed: 'failed', silent: 'lost' };

export function BenchBadge({ run }: { run: Benchmark }) {
  return (
    <span class={`state state-${LOOKS[run.state] ?? 'queued'}`} data-state={run.state}>
      <Icon name={ICONS[run.state] ?? 'help'} size={15} />{maybe('benchState', run.state)}
    </span>
  );
}

export function BenchProgress({ run }: { run: Benchmark }) {
  const p = run.progress;
  if (!p) return null;
  const said = t('bench.progress', { done: count(p.done), total: count(p.total) });
  return (
    <div class="stack" id="progress">
      <div class="progress"><Meter used={p.done} all={p.total} label={said} /><span class="number">{said}, {t('bench.left', { time: duration(p.left_seconds) })}</span></div>
      {p.case && <span class="muted">{t('bench.case', { case: p.case, n: p.blocks })}{p.half_width < 1 && ` (${t('bench.half', { width: (100 * p.half_width).toFixed(1) })})`}</span>}
    </div>
  );
}

export const deviceOf = (run: Benchmark): string => (run.gpu ? run.gpu : t('bench.cpus', { n: run.cpus }));
export const shortId = (id: string): string => id.slice(0, 8);
