// The four charts: speed-up, times, types, sizes. Each is of what really ran
// and verified its answer; where there is nothing, it says what is missing.
import type { ChartConfiguration, ChartDataset } from 'chart.js';
import { Empty, Section } from '../components/basics';
import { maybe, t } from '../i18n';
import { count, duration, significant } from '../lib/format';
import type { Estimate, Group, Statistics } from '../lib/types';
import { ChartCard } from './canvas';
import { deviceColour, seriesColour, token, translucent } from './theme';

export function SpeedUpChart({ of }: { of: Statistics }) {
  const ups = of.speed_ups;
  const label = (i: number) => named(ups[i]!);
  return (
    <Section title={t('chart.speedup')}>
      {ups.length === 0 ? <Empty icon="benchmarks" title={t('chart.speedup.empty')}><p>{t('chart.speedup.empty.help')}</p></Empty> : (
        <ChartCard title={t('chart.speedup')} of={ups}
          say={ups.map((u) => t('chart.speedup.say', { type: named(u), ratio: significant(u.ratio), interval: interval(u, significant), cpu: u.cpu_runs, gpu: u.gpu_runs })).join('. ')}
          table={{
            head: [t('jobs.col.type'), t('chart.col.speedup'), t('chart.col.interval'), `CPU ${t('chart.col.runs')}`, `GPU ${t('chart.col.runs')}`],
            rows: ups.map((u) => [named(u), significant(u.ratio), interval(u, significant), count(u.cpu_runs), count(u.gpu_runs)]),
          }}
          make={() => bars(ups.map((_, i) => label(i)), [{ label: t('chart.col.speedup'), colour: token('series-2'), values: ups.map((u) => ({ y: u.ratio, yMin: u.low, yMax: u.high })) }], axisOf(t('chart.speedup.axis')))} />
      )}
    </Section>
  );
}

export function TimesChart({ of }: { of: Statistics }) {
  const types = [...new Set(of.groups.map((g) => g.type))];
  const devices = [...new Set(of.groups.map((g) => g.device))].sort();
  const best = (type: string, device: string) => of.groups.filter((g) => g.type === type && g.device === device).sort((a, b) => b.kernel_seconds.n - a.kernel_seconds.n)[0];
  const rows = types.flatMap((type) => devices.map((d) => best(type, d)).filter((g) => g !== undefined));
  return (
    <Section title={t('chart.times')}>
      {rows.length === 0 ? <Nothing /> : (
        <ChartCard title={t('chart.times')} of={rows}
          say={t('chart.times.note')}
          table={{
            head: [t('jobs.col.type'), t('jobs.col.device'), t('chart.col.engine'), t('chart.col.size'), t('chart.col.runs'), t('chart.col.median'), t('chart.col.interval')],
            rows: rows.map((g) => [g.type, maybe('device', g.device), g.engine ?? '', sizeOf(g), ...figures(g.kernel_seconds)]),
          }}
          make={() => bars(types, devices.map((device) => ({
            label: maybe('device', device), colour: deviceColour(device),
            values: types.map((type) => {
              const e = best(type, device)?.kernel_seconds;
              return e ? { y: e.median, yMin: Math.max(e.low, e.median / 1000), yMax: e.high } : null;
            }),
          })), timeAxis, true)} />
      )}
    </Section>
  );
}

export function TypesChart({ of }: { of: Statistics }) {
  const { types } = of;
  return (
    <Section title={t('chart.types')}>
      {types.length === 0 ? <Nothing /> : (
        <ChartCard title={t('chart.types')} of={types}
          say={types.map((x) => t('chart.types.say', { type: x.type, n: x.jobs })).join(', ')}
          table={{ head: [t('jobs.col.type'), t('nav.jobs'), 'GPU'], rows: types.map((x) => [x.type, count(x.jobs), count(x.gpu)]) }}
          make={() => ({
            type: 'doughnut',
            data: { labels: types.map((x) => x.type), datasets: [{ data: types.map((x) => x.jobs), backgroundColor: types.map((_, i) => seriesColour(i)), borderColor: token('surface'), borderWidth: 2 }] },
            options: { cutout: '58%', plugins: { legend: { position: 'right', labels: { color: token('text'), boxWidth: 12 } } } },
          } as ChartConfiguration)} />
      )}
    </Section>
  );
}

export function SizesChart({ of }: { of: Statistics }) {
  const lines = linesOf(of.groups);
  return (
    <Section title={t('chart.sizes')}>
      {lines.length === 0 ? <Empty icon="benchmarks" title={t('chart.sizes.empty')}><p>{t('chart.sizes.empty.help')}</p></Empty> : (
        <ChartCard title={t('chart.sizes')} of={lines}
          say={lines.map((l) => `${l.name}: ${l.groups.map((g) => `${significant(g.size ?? 0)} ${g.size_unit} ${duration(g.kernel_seconds.median)}`).join(', ')}`).join('. ')}
          table={{
            head: [t('jobs.col.type'), t('jobs.col.device'), t('chart.col.size'), t('chart.col.runs'), t('chart.col.median'), t('chart.col.interval')],
            rows: lines.flatMap((l) => l.groups.map((g) => [g.type, maybe('device', g.device), sizeOf(g), ...figures(g.kernel_seconds)])),
          }}
          make={() => sizes(lines)} />
      )}
    </Section>
  );
}

interface Line { name: string; device: string; groups: Group[] }

// linesOf are the types that ran at more than one size, a line a device.
function linesOf(groups: Group[]): Line[] {
  const lines = new Map<string, Line>();
  for (const g of groups) {
    if (!g.size) continue;
    const key = `${g.type} ${g.device} ${g.engine ?? ''}`;
    const line = lines.get(key) ?? { name: `${g.type} ${maybe('device', g.device)}`, device: g.device, groups: [] };
    line.groups.push(g);
    lines.set(key, line);
  }
  return [...lines.values()].filter((l) => l.groups.length > 1);
}

function sizes(lines: Line[]): ChartConfiguration {
  const datasets = lines.flatMap((line, i): ChartDataset[] => {
    const colour = seriesColour(i);
    const point = (of: (e: Estimate) => number) => line.groups.map((g) => ({ x: g.size ?? 0, y: of(g.kernel_seconds) }));
    return [
      { type: 'line', label: line.name, data: point((e) => e.median), borderColor: colour, backgroundColor: colour, pointRadius: 3, borderWidth: 2 },
      { type: 'line', label: '', data: point((e) => e.high), borderWidth: 0, pointRadius: 0, backgroundColor: translucent(colour, 0.18), fill: '+1' },
      { type: 'line', label: '', data: point((e) => Math.max(e.low, e.median / 1000)), borderWidth: 0, pointRadius: 0, fill: false },
    ];
  });
  return {
    type: 'line', data: { datasets },
    options: {
      scales: { x: axis(t('chart.sizes.axis'), 'logarithmic'), y: timeAxis('logarithmic', floor(lines.flatMap((l) => l.groups.map((g) => g.kernel_seconds.median)))) },
      plugins: { legend: { labels: { color: token('text'), boxWidth: 12, filter: (item: { text: string }) => item.text !== '' } } },
    },
  } as unknown as ChartConfiguration;
}

export interface Bars { label: string; colour: string; values: ({ y: number; yMin: number; yMax: number } | null)[] }

export function bars(labels: string[], series: Bars[], upright: MakeAxis, logarithmic = false): ChartConfiguration {
  return {
    type: 'barWithErrorBars',
    data: {
      labels,
      datasets: series.map((s) => ({
        label: s.label, data: s.values, backgroundColor: s.colour, errorBarColor: token('text'), errorBarWhiskerColor: token('text'), errorBarLineWidth: 1.5, errorBarWhiskerSize: 8, maxBarThickness: 44, borderRadius: 4,
      })),
    },
    options: {
      scales: { x: axis(''), y: logarithmic ? upright('logarithmic', floor(series.flatMap((s) => s.values.map((v) => v?.y ?? 0)))) : upright('linear') },
      plugins: { legend: { display: series.length > 1, labels: { color: token('text'), boxWidth: 12 } } },
    },
  } as unknown as ChartConfiguration;
}

// floor is where a logarithmic axis begins: an interval may reach down to
// nothing, which it cannot show.
export const floor = (means: number[]): number => Math.min(...means.filter((m) => m > 0)) / 4;

export function axis(title: string, type?: 'logarithmic' | 'linear', min?: number, text: (v: number) => string = significant) {
  return {
    ...(type ? { type } : {}), ...(min !== undefined && Number.isFinite(min) ? { min } : {}),
    title: { display: title !== '', text: title, color: token('text-muted') },
    ticks: { color: token('text-muted'), ...(type ? { maxTicksLimit: 6, callback: (v: number | string) => text(Number(v)) } : {}) },
    grid: { color: token('grid') }, border: { color: token('line') },
  };
}

type MakeAxis = (type: 'logarithmic' | 'linear', min?: number) => ReturnType<typeof axis>;

export const axisOf = (title: string): MakeAxis => (type, min) => axis(title, type, min);

// timeAxis is of seconds, told as people write times: 500 µs, 20 ms, 3 s.
export const timeAxis: MakeAxis = (type, min) =>
  axis(t('chart.times.axis'), type, min, (v) => (v === 0 ? '0' : duration(v)));

function Nothing() {
  return <Empty icon="benchmarks" title={t('chart.empty')}><p>{t('chart.empty.help')}</p></Empty>;
}

const sizeOf = (g: Group): string => (g.size ? `${count(g.size)} ${g.size_unit ?? ''}` : t('app.none'));
const named = (u: { type: string; size?: number; size_unit?: string }): string => (u.size ? `${u.type} ${count(u.size)}` : u.type);

// interval says its confidence where so few runs allow none of 95 %.
function interval(of: { low: number; high: number; confidence: number }, text: (v: number) => string): string {
  return `${text(of.low)} – ${text(of.high)}${of.confidence < 0.9495 ? ` (${Math.round(100 * of.confidence)} %)` : ''}`;
}

function figures(e: Estimate): string[] {
  return [count(e.n), duration(e.median), e.n > 1 ? interval(e, duration) : t('chart.few')];
}
