import { Empty, Loading } from '../components/basics';
import { t } from '../i18n';
import { count } from '../lib/format';
import { summary } from '../lib/summary';
import { ACTIVE, ENDED, WAITING, type State, type StateCounts } from '../lib/types';

export function Queues() {
  const queues = Object.entries(summary.value?.queues ?? {}).sort(([a], [b]) => a.localeCompare(b));
  const sum = (counts: StateCounts, states: readonly State[]) => states.reduce((n, s) => n + (counts[s] ?? 0), 0);
  const cell = (queue: string, n: number, states: readonly State[]) => (
    <td class="number">{n > 0 ? <a href={`/jobs?queue=${encodeURIComponent(queue)}&state=${states.join(',')}`}>{count(n)}</a> : 0}</td>
  );
  return (
    <>
      <div class="page-head"><h1>{t('queues.title')}</h1></div>
      <section class="card">
        {!summary.value ? <Loading /> : queues.length === 0 ? <Empty icon="queues" title={t('queues.none')} /> : (
          <div class="table-wrap" role="region" aria-label={t('queues.title')} tabIndex={0}>
            <table>
              <thead><tr>
                <th>{t('queues.queue')}</th><th class="number">{t('queues.waiting')}</th><th class="number">{t('queues.active')}</th>
                <th class="number">{t('queues.ended')}</th><th class="number">{t('queues.failed')}</th>
              </tr></thead>
              <tbody>
                {queues.map(([name, counts]) => (
                  <tr key={name} class="row">
                    <td><a href={`/jobs?queue=${encodeURIComponent(name)}`}>{name}</a></td>
                    {cell(name, sum(counts, WAITING), WAITING)}
                    {cell(name, sum(counts, ACTIVE), ACTIVE)}
                    {cell(name, sum(counts, ENDED), ENDED)}
                    {cell(name, sum(counts, ['failed', 'lost']), ['failed', 'lost'])}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </section>
    </>
  );
}
