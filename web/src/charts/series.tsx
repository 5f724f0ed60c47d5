// Live series, drawn by uPlot: it takes thousands of points without a pause.
import { useEffect, useRef } from 'preact/hooks';
import { Section } from '../components/basics';
import { t, type Key } from '../i18n';
import { count, significant } from '../lib/format';
import { clock, isDark, language } from '../lib/preferences';
import { useResource } from '../lib/resource';
import { param, withParams } from '../lib/router';
import type { Timeseries } from '../lib/types';
import { seriesColour, token } from './theme';

const RANGES = ['900', '3600', '21600', '86400'] as const;
const EVERY = 5000;

export function Now() {
  const range = RANGES.find((r) => r === param('range')) ?? '900';
  const { data } = useResource<Timeseries>(`timeseries?range_seconds=${range}`, { every: EVERY, calm: EVERY, of: () => false }).value.value;
  const picker = (
    <nav class="chips" aria-label={t('series.range')}>
      {RANGES.map((r) => (
        <a key={r} class="chip" href={withParams({ range: r === '900' ? '' : r })} aria-current={r === range ? 'true' : undefined}>{t(`series.range.${r}` as Key)}</a>
      ))}
    </nav>
  );
  const gpus = (data?.gpus ?? []).some((n) => n > 0);
  return (
    <Section title={t('overview.now')} aside={picker}>
      {(data?.at.length ?? 0) < 2 || !data ? <p class="muted">{t('series.empty')}</p> : (
        <div class="series-grid">
          <Plot title={t('series.queue')} at={data.at} lines={[[t('series.waiting'), data.waiting, 0], [t('series.active'), data.active, 2]]} />
          <Plot title={t('series.use')} at={data.at}
            lines={[[t('series.cpus'), data.cpus_used, 0], ...(gpus ? [[t('series.gpus'), data.gpus_used, 1] as [string, number[], number]] : [])]} />
          <Plot title={t('series.rate')} at={data.at} lines={[[t('series.ended'), data.ended_per_second, 2]]} />
        </div>
      )}
    </Section>
  );
}

interface UPlot { setData(data: unknown): void; setSize(size: { width: number; height: number }): void; destroy(): void }

const HEIGHT = 150;

function Plot({ title, at, lines }: { title: string; at: number[]; lines: [string, number[], number][] }) {
  const box = useRef<HTMLDivElement>(null);
  const drawn = useRef<UPlot | undefined>(undefined);
  const data = [at, ...lines.map(([, values]) => values)];
  const latest = useRef(data);
  latest.current = data;
  const look = `${isDark()}${language.value}${clock.value}${lines.map(([name]) => name).join()}`;
  useEffect(() => {
    let gone = false;
    let watch: ResizeObserver | undefined;
    void import('./uplot').then(({ uPlot }) => {
      const element = box.current;
      if (gone || !element) return;
      const plot = new uPlot(options(element.clientWidth, lines) as unknown as ConstructorParameters<typeof uPlot>[0], latest.current as never, element);
      drawn.current = plot as unknown as UPlot;
      watch = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT }));
      watch.observe(element);
    });
    return () => { gone = true; watch?.disconnect(); drawn.current?.destroy(); drawn.current = undefined; };
  }, [look]);
  useEffect(() => { drawn.current?.setData(latest.current); });
  const said = lines.map(([name, values]) => `${name}: ${significant(values.at(-1) ?? 0)}`).join(', ');
  return (
    <figure class="series-card">
      <figcaption class="usage-row"><strong>{title}</strong>
        <span class="legend">{lines.map(([name, values, colour]) => (
          <span key={name} class="number"><span class={`swatch phase-${colour + 1}`} />{name} {significant(values.at(-1) ?? 0)}</span>
        ))}</span>
      </figcaption>
      <div class="series" ref={box} role="img" aria-label={`${title}. ${said}`} />
    </figure>
  );
}

function options(width: number, lines: [string, number[], number][]) {
  const axis = { stroke: token('text-muted'), grid: { stroke: token('grid'), width: 1 }, ticks: { show: false }, font: `11px ${token('font')}` };
  const time = new Intl.DateTimeFormat(language.value, { hour: '2-digit', minute: '2-digit', ...(clock.value === 'utc' ? { timeZone: 'UTC' } : {}) });
  return {
    width, height: HEIGHT, legend: { show: false }, cursor: { show: false }, padding: [8, 8, 0, 0],
    scales: { y: { range: (_: unknown, __: number, high: number): [number, number] => [0, Math.max(1, high * 1.15)] } },
    axes: [{ ...axis, size: 28, values: (_: unknown, at: number[]) => at.map((s) => time.format(s * 1000)), space: 70 }, { ...axis, size: 46, values: (_: unknown, at: number[]) => at.map((v) => (Number.isInteger(v) ? count(v) : significant(v))) }],
    series: [{}, ...lines.map(([label, , i]) => {
      const colour = seriesColour(i);
      return { label, stroke: colour, width: 2, fill: `${colour}22`, points: { show: false } };
    })],
  };
}
