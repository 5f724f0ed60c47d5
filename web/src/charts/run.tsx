// The four charts of a benchmark's run, of what the server found in it.
import type { ChartConfiguration, ChartDataset } from 'chart.js';
import { Empty, Section } from '../components/basics';
import { t } from '../i18n';
import { count, exact, measured, significant } from '../lib/format';
import type { FoundRow } from '../lib/types';
import { axis, axisOf, bars, floor, timeAxis } from './benchmarks';
import { ChartCard } from './canvas';
import { seriesColour, token, translucent } from './theme';

const unique = (texts: string[]): string[] => [...new Set(texts)];
const between = (lo: number, hi: number, text: (v: number) => string): string => `${text(lo)} – ${text(hi)}`;

export function RunSpeedUps({ rows, log }: { rows: FoundRow[]; log: boolean }) {
  const ups = rows.filter((r) => r.speed_up?.claimable);
  const cases = unique(ups.map((r) => r.case));
  const sides = unique(ups.map((r) => r.side_name));
  return (
    <Section title={t('bench.chart.speedup')}>
      {ups.length === 0 ? <Empty icon="benchmarks" title={t('bench.chart.speedup.none')}><p>{t('bench.chart.speedup.none.help')}</p></Empty> : (
        <ChartCard title={t('bench.chart.speedup')} of={[ups, log]}
          say={ups.map((r) => `${r.case}: ${r.speed_up!.sentence}`).join('. ')}
          table={{
            head: [t('bench.col.case'), t('bench.col.side'), t('bench.col.speedup'), t('bench.col.ci'), 'n'],
            rows: ups.map((r) => [r.case, r.side_name, exact(r.speed_up!.ratio), between(r.speed_up!.ci_lo, r.speed_up!.ci_hi, exact), count(r.speed_up!.n)]),
          }}
          make={() => withLine(bars(cases, sides.map((side, i) => ({
            label: side, colour: seriesColour(i + 1),
            values: cases.map((c) => {
              const up = ups.find((r) => r.case === c && r.side_name === side)?.speed_up;
              return up ? { y: up.ratio, yMin: up.ci_lo, yMax: up.ci_hi } : null;
            }),
          })), axisOf(t('bench.chart.speedup.axis')), log && wide(ups)), ups)} />
      )}
    </Section>
  );
}

// wide tells whether speed-ups are spread so far that a logarithm serves better.
function wide(ups: FoundRow[]): boolean {
  const all = ups.map((r) => r.speed_up!.ratio);
  return Math.max(...all) / Math.min(...all) > 8;
}

// withLine draws where there is no difference, and leaves room above.
function withLine(chart: ChartConfiguration, ups: FoundRow[]): ChartConfiguration {
  const { y } = (chart.options as unknown as { scales: { y: { suggestedMax?: number } } }).scales;
  y.suggestedMax = 1.1 * Math.max(1, ...ups.map((r) => r.speed_up!.ci_hi));
  chart.data.datasets.push({ type: 'line', label: '1×', data: chart.data.labels!.map(() => 1), borderColor: token('text-muted'), borderDash: [5, 4], borderWidth: 1.5, pointRadius: 0 } as unknown as ChartDataset);
  return chart;
}

export function RunTimes({ rows, log }: { rows: FoundRow[]; log: boolean }) {
  const cases = unique(rows.map((r) => r.case));
  const sides = unique(rows.map((r) => r.side_name));
  return (
    <Section title={t('bench.chart.times')}>
      {rows.length === 0 ? <Empty icon="benchmarks" title={t('bench.said.none')} /> : (
        <ChartCard title={t('bench.chart.times')} of={[rows, log]} say={t('bench.chart.times.say')}
          table={{
            head: [t('bench.col.case'), t('bench.col.side'), t('bench.col.median'), t('bench.col.ci'), 'n'],
            rows: rows.map((r) => [r.case, r.side_name, measured(r.times.median), between(r.times.ci_lo, r.times.ci_hi, measured), count(r.times.n)]),
          }}
          make={() => bars(cases, sides.map((side, i) => ({
            label: side, colour: seriesColour(i),
            values: cases.map((c) => {
              const m = rows.find((r) => r.case === c && r.side_name === side)?.times;
              return m ? { y: m.median, yMin: m.ci_lo, yMax: m.ci_hi } : null;
            }),
          })), timeAxis, log)} />
      )}
    </Section>
  );
}

interface Line { name: string; rows: FoundRow[] }

const linesOf = (rows: FoundRow[]): Line[] =>
  unique(rows.filter((r) => r.size).map((r) => `${r.type}, ${r.side_name}`))
    .map((name) => ({ name, rows: rows.filter((r) => r.size && `${r.type}, ${r.side_name}` === name).sort((a, b) => a.size! - b.size!) }))
    .filter((l) => new Set(l.rows.map((r) => r.size)).size > 1);

export function RunSizes({ rows }: { rows: FoundRow[] }) {
  const lines = linesOf(rows);
  return (
    <Section title={t('bench.chart.sizes')}>
      {lines.length === 0 ? <Empty icon="benchmarks" title={t('bench.chart.none')} /> : (
        <ChartCard title={t('bench.chart.sizes')} of={lines}
          say={lines.map((l) => `${l.name}: ${l.rows.map((r) => `${r.size_name} = ${count(r.size!)}: ${measured(r.times.median)}`).join(', ')}`).join('. ')}
          table={{
            head: [t('bench.col.case'), t('bench.col.side'), t('bench.col.median'), t('bench.col.ci')],
            rows: lines.flatMap((l) => l.rows.map((r) => [r.case, r.side_name, measured(r.times.median), between(r.times.ci_lo, r.times.ci_hi, measured)])),
          }}
          make={() => bySize(lines)} />
      )}
    </Section>
  );
}

function bySize(lines: Line[]): ChartConfiguration {
  const datasets = lines.flatMap((line, i) => {
    const colour = seriesColour(i);
    const point = (of: (r: FoundRow) => number) => line.rows.map((r) => ({ x: r.size!, y: of(r) }));
    return [
      { type: 'line', label: line.name, data: point((r) => r.times.median), borderColor: colour, backgroundColor: colour, pointRadius: 3, borderWidth: 2 },
      { type: 'line', label: '', data: point((r) => r.times.ci_hi), borderWidth: 0, pointRadius: 0, backgroundColor: translucent(colour, 0.18), fill: '+1' },
      { type: 'line', label: '', data: point((r) => r.times.ci_lo), borderWidth: 0, pointRadius: 0, fill: false },
    ];
  });
  return {
    type: 'line', data: { datasets },
    options: {
      scales: { x: axis(t('chart.sizes.axis'), 'logarithmic'), y: timeAxis('logarithmic') },
      plugins: { legend: { labels: { color: token('text'), boxWidth: 12, filter: (item: { text: string }) => item.text !== '' } } },
    },
  } as unknown as ChartConfiguration;
}

const MOST = 8; // lines that one can still tell apart

export function RunSamples({ rows, log }: { rows: FoundRow[]; log: boolean }) {
  const shown = rows.slice(0, MOST);
  return (
    <Section title={t('bench.chart.samples')}>
      {shown.length === 0 ? <Empty icon="benchmarks" title={t('bench.said.none')} /> : (
        <ChartCard title={t('bench.chart.samples')} of={[shown, log]} say={t('bench.chart.samples.say')}
          table={{
            head: [t('bench.col.case'), t('bench.col.side'), t('bench.chart.samples.axis'), t('chart.times.axis')],
            rows: shown.flatMap((r) => r.values.map((v, i) => [r.case, r.side_name, count(i + 1), significant(v, 4)])),
          }}
          make={() => ({
            type: 'line',
            data: {
              datasets: shown.map((r, i) => ({
                type: 'line', label: `${r.case}, ${r.side_name}`, data: r.values.map((y, x) => ({ x: x + 1, y })), showLine: false,
                backgroundColor: seriesColour(i), borderColor: seriesColour(i), pointRadius: 2.5,
              })),
            },
            options: {
              scales: { x: axis(t('bench.chart.samples.axis'), 'linear', 0), y: timeAxis(log ? 'logarithmic' : 'linear', log ? floor(shown.map((r) => r.times.min)) * 2 : undefined) },
              plugins: { legend: { labels: { color: token('text'), boxWidth: 10 } } },
            },
          } as unknown as ChartConfiguration)} />
      )}
    </Section>
  );
}
