import type { Signal } from '@preact/signals';
import { Facts, Moment, Section } from '../components/basics';
import { Icon } from '../components/icon';
import { Tokens } from '../components/tokens';
import { maybe, t } from '../i18n';
import { clock, language, shortcuts, theme } from '../lib/preferences';
import { session, signOut } from '../lib/session';

export function Settings() {
  const who = session.value;
  return (
    <>
      <div class="page-head"><h1>{t('settings.title')}</h1></div>
      <div class="grid">
        <div class="span-6 stack">
          <Section title={t('settings.look')}>
            <Choice name={t('settings.language')} of={language} choices={[['en', 'English'], ['es', 'Español']]} />
            <Choice name={t('settings.theme')} of={theme} choices={[['system', t('settings.theme.system')], ['light', t('settings.theme.light')], ['dark', t('settings.theme.dark')]]} />
            <Choice name={t('settings.clock')} of={clock} choices={[['local', t('settings.clock.local')], ['utc', t('settings.clock.utc')]]} />
            <Choice name={t('settings.shortcuts')} of={shortcuts} choices={[['on', t('settings.on')], ['off', t('settings.off')]]} />
          </Section>
        </div>
        <div class="span-6 stack">
          <Section title={t('settings.you')}>
            <Facts items={[[t('settings.user'), who?.user], [t('tokens.roles'), (who?.roles ?? []).map((r) => maybe('role', r)).join(', ')], [t('settings.session'), <Moment time={who?.expires_at} />]]} />
            <div class="actions"><button type="button" class="button" id="sign-out" onClick={() => void signOut()}><Icon name="leave" size={16} />{t('settings.signOut')}</button></div>
          </Section>
          <Section title={t('settings.server')}>
            <Facts items={[[t('settings.version'), who?.version], [t('settings.instance'), who?.instance], ['API', <a href="/openapi.json" target="_blank" rel="noopener">openapi.json</a>]]} />
          </Section>
          <Section title={t('settings.licences')}><p class="muted">{t('settings.licences.text')}</p></Section>
        </div>
        <div class="stack" id="tokens"><Tokens /></div>
      </div>
    </>
  );
}

function Choice<T extends string>({ name, of, choices }: { name: string; of: Signal<T>; choices: [T, string][] }) {
  return (
    <div class="field" role="radiogroup" aria-label={name}>
      <span class="field-name">{name}</span>
      <span class="segmented">
        {choices.map(([value, text]) => (
          <label key={value}>
            <input type="radio" name={name} checked={of.value === value} onChange={() => { of.value = value; }} />{text}
          </label>
        ))}
      </span>
    </div>
  );
}
