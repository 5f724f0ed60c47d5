// What would become of the job that a form holds, if it were handed in now.
// The scheduler is asked, and nothing is handed in.
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { maybe, t } from '../i18n';
import { ApiError, send } from '../lib/api';
import type { Preview as Answer, Spec } from '../lib/types';
import { Section } from './basics';
import { Icon } from './icon';

// CALM is how long nobody must have typed; EVERY renews what was said of a moment.
const CALM = 400;
const EVERY = 10_000;

interface Said { answer?: Answer | undefined; refused?: ApiError | undefined; away?: boolean }

export function Preview({ spec, bad }: { spec: Spec; bad: boolean }) {
  const said = useSignal<Said>({});
  const asked = JSON.stringify(spec);
  useEffect(() => {
    if (bad) {
      said.value = {};
      return;
    }
    let over = false;
    const ask = async () => {
      if (document.hidden) return;
      try {
        const answer = await send<Answer>('POST', 'jobs:dry-run', { spec: JSON.parse(asked) as Spec });
        if (!over) said.value = { answer };
      } catch (e) {
        if (!over) said.value = e instanceof ApiError && e.status < 500 ? { refused: e } : { ...said.value, away: true };
      }
    };
    const first = setTimeout(() => void ask(), CALM);
    const again = setInterval(() => void ask(), EVERY);
    return () => { over = true; clearTimeout(first); clearInterval(again); };
  }, [asked, bad]);
  const { answer, refused, away } = said.value;
  return (
    <Section title={t('submit.preview')} aside={answer && !answer.starts_now && answer.explanation.position ? (
      <span class="tag">{t('why.position', { position: answer.explanation.position, all: answer.explanation.in_line ?? answer.explanation.position })}</span>
    ) : undefined}>
      <div id="preview" data-starts={answer?.starts_now} aria-live="polite">
        {refused ? <p class="muted"><Icon name="help" size={15} /> {refused.field ? `${refused.field}: ` : ''}<span lang="en">{refused.message}</span></p>
          : answer ? <Outcome answer={answer} /> : <p class="muted">{t(bad ? 'preview.bad' : 'app.loading')}</p>}
        {away && <p class="muted">{t('preview.away')}</p>}
      </div>
    </Section>
  );
}

function Outcome({ answer: { starts_now: starts, explanation: why } }: { answer: Answer }) {
  const out = (why.blocks ?? []).filter((b) => b.workers && b.reason !== 'Assigned');
  return (
    <>
      <p><strong>{t(starts ? 'preview.starts' : why.impossible ? 'why.impossible' : 'preview.waits')}</strong>
        {!starts && <> · {maybe('reason', why.reason)}</>}</p>
      <p class="muted" lang="en">{why.summary}</p>
      {out.length > 0 && (
        <table>
          <caption>{t('preview.excluded', { all: why.workers })}</caption>
          <tbody>
            {out.map((b) => (
              <tr key={b.reason + b.detail}><td>{maybe('reason', b.reason)}<div class="muted" lang="en">{b.detail}</div></td><td class="number">{b.workers}</td></tr>
            ))}
          </tbody>
        </table>
      )}
      {!starts && (why.unblock ?? []).length > 0 && <ul lang="en">{why.unblock!.map((u) => <li key={u}>{u}</li>)}</ul>}
    </>
  );
}
