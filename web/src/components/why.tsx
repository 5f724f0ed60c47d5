// Why a job waits, from the scheduler itself: what it asks for, what is free,
// who holds the rest, and what would start it.
import { maybe, t } from '../i18n';
import { useResource } from '../lib/resource';
import type { Explanation, Job } from '../lib/types';
import { displayOf } from '../lib/types';
import { Section, Since } from './basics';
import { Icon } from './icon';

const EVERY = 5000;

export function Why({ job }: { job: Job }) {
  const { value } = useResource<Explanation>(`jobs/${displayOf(job)}/why`, { every: EVERY, calm: 2000 });
  const why = value.value.data;
  const blocks = why?.blocks ?? [];
  return (
    <Section title={t('why.title')} aside={why?.position ? <span class="tag">{t('why.position', { position: why.position, all: why.in_line ?? why.position })}</span> : undefined}>
      <p id="why-reason"><strong>{maybe('reason', job.reason)}</strong> <span class="muted"><Since time={job.since} /></span></p>
      {(why?.summary ?? job.detail) && <p class="muted" lang="en">{why?.summary ?? job.detail}</p>}
      {why?.impossible && <p class="notice notice-bad"><Icon name="lost" /><strong>{t('why.impossible')}</strong></p>}
      {value.value.error && <p class="muted">{t('why.unknown')}</p>}
      {blocks.length > 0 && (
        <div class="table-wrap" role="region" aria-label={t('why.title')} tabIndex={0}>
          <table>
            <thead><tr>
              <th>{t('why.col.what')}</th><th>{t('why.col.asked')}</th><th>{t('why.col.free')}</th><th>{t('why.col.limit')}</th>
              <th>{t('why.col.holders')}</th><th class="number">{t('why.col.workers')}</th>
            </tr></thead>
            <tbody>
              {blocks.map((b) => (
                <tr key={b.reason + b.detail}>
                  <td>{maybe('reason', b.reason)}<div class="muted" lang="en">{b.detail}</div></td>
                  <td>{b.asked ?? t('app.none')}</td><td>{b.free ?? t('app.none')}</td><td>{b.limit ?? t('app.none')}</td>
                  <td>{(b.holder ?? []).join(', ') || t('app.none')}</td>
                  <td class="number">{b.workers ? t('tile.of', { used: b.workers, all: why?.workers ?? 0 }) : t('app.none')}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {(why?.unblock?.length ?? 0) > 0 && (
        <div>
          <h3>{t('why.unblock')}</h3>
          <ul lang="en">{why!.unblock!.map((u) => <li key={u}><Icon name="arrow" size={14} /> {u}</li>)}</ul>
        </div>
      )}
      {why?.reserved_worker && <p>{t('why.reserved', { worker: why.reserved_worker })} {why.reserved_at && <Since time={why.reserved_at} />}</p>}
    </Section>
  );
}
