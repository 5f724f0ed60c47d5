import { Empty, Loading } from '../components/basics';
import { t } from '../i18n';
import { count } from '../lib/format';
import { summary } from '../lib/summary';
import { ACTIVE, ENDED, WAITING, type State, type StateCounts } from '../lib/types';

// Queues shows who waits, by queue and by user. Who sees only their own jobs is
// told of no other user.
export function Queues() {
  const { queues, users } = summary.value ?? {};
  return (
    <>
      <div class="page-head"><h1>{t('queues.title')}</h1></div>
      <Counts by="queue" name={t('queues.queue')} of={queues} none={t('queues.none')} />
      {users && Object.keys(users).length > 0 && (
        <>
          <div class="page-head"><h2>{t('users.title')}</h2></div>
          <Counts by="user" name={t('settings.user')} of={users} none={t('queues.none')} />
        </>
      )}
    </>
  );
}

interface Props { by: 'queue' | 'user'; name: string; of: Record<string, StateCounts> | undefined; none: string }

function Counts({ by, name, of, none }: Props) {
  const rows = Object.entries(of ?? {}).sort(([a], [b]) => a.localeCompare(b));
  const sum = (counts: StateCounts, states: readonly State[]) => states.reduce((n, s) => n + (counts[s] ?? 0), 0);
  const link = (key: string) => `/jobs?${by}=${encodeURIComponent(key)}`;
  const cell = (key: string, counts: StateCounts, states: readonly State[]) => {
    const n = sum(counts, states);
    return <td class="number">{n > 0 && key ? <a href={`${link(key)}&state=${states.join(',')}`}>{count(n)}</a> : count(n)}</td>;
  };
  return (
    <section class="card" id={`by-${by}`}>
      {!of ? <Loading /> : rows.length === 0 ? <Empty icon="queues" title={none} /> : (
        <div class="table-wrap" role="region" aria-label={name} tabIndex={0}>
          <table>
            <thead><tr>
              <th>{name}</th><th class="number">{t('queues.waiting')}</th><th class="number">{t('queues.active')}</th>
              <th class="number">{t('queues.ended')}</th><th class="number">{t('queues.failed')}</th>
            </tr></thead>
            <tbody>
              {rows.map(([key, counts]) => (
                <tr key={key} class="row">
                  <td>{key ? <a href={link(key)}>{key}</a> : t('app.none')}</td>
                  {cell(key, counts, WAITING)}
                  {cell(key, counts, ACTIVE)}
                  {cell(key, counts, ENDED)}
                  {cell(key, counts, ['failed', 'lost'])}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
