// A chart on a canvas, with the same figures in words and as a table: for those
// who cannot see it, and for those who want the numbers.
import type { ChartConfiguration } from 'chart.js';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Icon } from '../components/icon';
import { t } from '../i18n';
import { isDark, language } from '../lib/preferences';

export interface Table { head: string[]; rows: string[][] }

interface Props {
  title: string;
  // say is the chart in one sentence.
  say: string;
  table: Table;
  // make gives the chart in the colours of now.
  make: () => ChartConfiguration;
  // of changes when the figures do.
  of: unknown;
  children?: ComponentChildren;
}

type Drawn = { config: { type?: string }; data: unknown; options: unknown; update(): void; destroy(): void; toBase64Image(): string };

export function ChartCard({ title, say, table, make, of, children }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const drawn = useRef<Drawn | undefined>(undefined);
  const look = `${isDark()}${language.value}`;
  useEffect(() => {
    let gone = false;
    void import('./chartjs').then(({ Chart }) => {
      if (gone || !canvas.current) return;
      drawn.current?.destroy();
      drawn.current = new Chart(canvas.current, make()) as unknown as Drawn;
    });
    return () => { gone = true; };
  }, [look, JSON.stringify(of)]);
  useEffect(() => () => drawn.current?.destroy(), []);
  const picture = () => {
    const link = document.createElement('a');
    link.href = drawn.current?.toBase64Image() ?? '';
    link.download = `${title}.png`;
    link.click();
  };
  return (
    <figure class="chart-card">
      <div class="chart"><canvas ref={canvas} role="img" aria-label={say} /></div>
      <figcaption class="chart-note">{say}{children}</figcaption>
      <details>
        <summary class="chart-more">{t('chart.table')}</summary>
        <div class="table-wrap" role="region" aria-label={title} tabIndex={0}>
          <table>
            <thead><tr>{table.head.map((h) => <th key={h}>{h}</th>)}</tr></thead>
            <tbody>{table.rows.map((row, i) => <tr key={i}>{row.map((cell, at) => <td key={at} class="nowrap">{cell}</td>)}</tr>)}</tbody>
          </table>
        </div>
        <div class="actions">
          <button type="button" class="button" onClick={picture}><Icon name="download" size={15} />{t('chart.download')}</button>
          <button type="button" class="button" onClick={() => save(`${title}.csv`, csv(table))}><Icon name="download" size={15} />{t('chart.csv')}</button>
        </div>
      </details>
    </figure>
  );
}

function csv(table: Table): string {
  const cell = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return [table.head, ...table.rows].map((row) => row.map(cell).join(',')).join('\n') + '\n';
}

function save(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
