import { useSignal } from '@preact/signals';
import { Mark } from '../app';
import { Command } from '../components/basics';
import { Icon } from '../components/icon';
import { t } from '../i18n';
import { ApiError } from '../lib/api';
import { language } from '../lib/preferences';
import { ended, signIn, signInError } from '../lib/session';

export function SignIn() {
  const busy = useSignal(false);
  const token = useSignal('');
  const submit = async (e: SubmitEvent) => {
    e.preventDefault();
    busy.value = true;
    await signIn({ token: token.value.trim() });
    busy.value = false;
  };
  const error = signInError.value;
  return (
    <main class="sign-in" id="main">
      <span class="brand"><Mark />{t('app.name')}</span>
      <div class="card">
        <h1>{t('signIn.title')}</h1>
        {ended.value && !error && <p class="notice notice-warn">{t('signIn.ended')}</p>}
        {error !== undefined && (
          <div class="notice notice-bad" role="alert"><Icon name="lost" />
            <div>{error instanceof ApiError ? <>{error.message}{error.hint && <p>{error.hint}</p>}</> : t('app.unreachable')}</div>
          </div>
        )}
        <p>{t('signIn.intro')}</p>
        <div class="field">
          <span class="field-name">{t('signIn.link')}</span>
          <Command text="turno open" />
        </div>
        <form class="stack" onSubmit={(e) => void submit(e)}>
          <label class="field">
            <span class="field-name">{t('signIn.token')}</span>
            <input type="password" autocomplete="current-password" required value={token} spellcheck={false} placeholder="turno_…"
              onInput={(e) => { token.value = e.currentTarget.value; }} />
            <span class="field-help">{t('signIn.token.help')}</span>
          </label>
          <button class="button button-main" disabled={busy.value || !token.value}>{t(busy.value ? 'signIn.busy' : 'signIn.do')}</button>
        </form>
      </div>
      <button type="button" class="button button-quiet" title={t('top.language')}
        onClick={() => { language.value = language.value === 'en' ? 'es' : 'en'; }}>
        <Icon name="globe" /> {language.value === 'en' ? 'Español' : 'English'}
      </button>
    </main>
  );
}
