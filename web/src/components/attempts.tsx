import { maybe, t } from '../i18n';
import { duration, secondsBetween } from '../lib/format';
import { now } from '../lib/live';
import { withParams } from '../lib/router';
import type { Job } from '../lib/types';
import { Empty, Moment } from './basics';
import { StateBadge } from './state';

export function AttemptTable({ job }: { job: Job }) {
  const attempts = job.attempts ?? [];
  if (attempts.length === 0) return <Empty icon="clock" title={t('attempt.none')} />;
  return (
    <div class="table-wrap" role="region" aria-label={t('job.tab.attempts')} tabIndex={0}>
      <table>
        <thead><tr>
          <th class="number">{t('job.attempt')}</th><th>{t('attempt.exit')}</th><th>{t('job.worker')}</th><th>{t('job.device')}</th>
          <th>{t('job.started')}</th><th class="number">{t('job.ran')}</th><th>{t('attempt.log')}</th>
        </tr></thead>
        <tbody>
          {attempts.map((a) => (
            <tr key={a.number}>
              <td class="number">{a.number}</td>
              <td>{a.result ? <><StateBadge state={a.result.state} /><div class="muted">{maybe('reason', a.result.reason)}</div></> : <StateBadge state={job.state} />}</td>
              <td><a href={`/workers/${encodeURIComponent(a.worker)}`}>{a.worker}</a></td>
              <td>{maybe('device', a.device)}</td>
              <td><Moment time={a.started_at} /></td>
              <td class="number">{a.started_at ? duration(secondsBetween(a.started_at, a.ended_at ?? now.value)) : t('app.none')}</td>
              <td><a href={withParams({ tab: 'log', attempt: String(a.number) })}>{t('attempt.log')}</a></td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
