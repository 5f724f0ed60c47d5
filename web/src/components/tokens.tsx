// Tokens: who may do what. An admin sees all and makes them; everybody else
// sees and ends their own. A secret is shown once, when it is made.
import { useSignal } from '@preact/signals';
import { maybe, t, type Key } from '../i18n';
import { ApiError, post } from '../lib/api';
import { useResource } from '../lib/resource';
import { may, session } from '../lib/session';
import type { MadeToken, Page, Role, Token } from '../lib/types';
import { Command, Dialog, Loading, Moment, Section, Since, Trouble } from './basics';
import { Icon } from './icon';
import { toast, toastError } from './toasts';

// ROLES are those that somebody makes; the token of a worker that joined, it makes itself.
const ROLES: readonly Role[] = ['submitter', 'viewer', 'operator', 'admin', 'worker', 'metrics', 'join'];
// LIVES are days; 0 is for ever.
const LIVES = [7, 30, 90, 365, 0] as const;
const EVERY = 10_000;

export function Tokens() {
  const { value, refresh } = useResource<Page<Token>>('tokens', { every: EVERY, of: () => false });
  const making = useSignal(false);
  const made = useSignal<MadeToken | undefined>(undefined);
  const ending = useSignal<Token | undefined>(undefined);
  const all = useSignal(false);
  const { data, error, at } = value.value;
  const tokens = (data?.items ?? []).filter((k) => all.value || stateOf(k) === 'active');
  const gone = (data?.items ?? []).length - tokens.length;
  const admin = may('admin');
  return (
    <Section title={t('tokens.title')} aside={admin && (
      <button type="button" class="button button-main" id="new-token" onClick={() => { making.value = true; }}><Icon name="submit" size={16} />{t('tokens.new')}</button>
    )}>
      <p class="muted">{t(admin ? 'tokens.help.admin' : 'tokens.help')}</p>
      {error && <Trouble error={error} at={at} />}
      {!data && !error && <Loading />}
      {data && (
        <div class="table-wrap" role="region" aria-label={t('tokens.title')} tabIndex={0}>
          <table>
            <thead><tr>
              <th>{t('tokens.name')}</th><th>{t('settings.user')}</th><th>{t('tokens.roles')}</th><th>{t('tokens.state')}</th>
              <th>{t('tokens.expires')}</th><th>{t('tokens.used')}</th><th><span class="visually-hidden">{t('tokens.revoke')}</span></th>
            </tr></thead>
            <tbody>
              {tokens.map((k) => <TokenRow key={k.id} token={k} onEnd={() => { ending.value = k; }} />)}
            </tbody>
          </table>
        </div>
      )}
      {(gone > 0 || all.value) && (
        <div class="actions"><button type="button" class="button button-quiet" aria-pressed={all.value} onClick={() => { all.value = !all.value; }}>
          {t('tokens.ended')}
        </button></div>
      )}
      {making.value && <NewToken onClose={() => { making.value = false; }} onMade={(k) => { making.value = false; made.value = k; refresh(); }} />}
      {made.value && <Made token={made.value} onClose={() => { made.value = undefined; }} />}
      {ending.value && <Revoke token={ending.value} onClose={() => { ending.value = undefined; }} refresh={refresh} />}
    </Section>
  );
}

function stateOf(k: Token): 'active' | 'expired' | 'revoked' {
  if (k.revoked_at) return 'revoked';
  return k.expires_at && Date.parse(k.expires_at) <= Date.now() ? 'expired' : 'active';
}

const roleName = (role: string): string => maybe('role', role);

function TokenRow({ token, onEnd }: { token: Token; onEnd: () => void }) {
  const state = stateOf(token);
  const mine = token.id === session.value?.token_id;
  return (
    <tr class="row" data-token={token.id} data-state={state}>
      <td>{token.file ? t('tokens.file') : token.name} <code class="muted">{token.id}</code>{mine && <> <span class="tag">{t('tokens.this')}</span></>}</td>
      <td>{token.user}</td>
      <td>{token.roles.map(roleName).join(', ')}</td>
      <td>{t(`tokens.${state}` as Key)}</td>
      <td>{token.revoked_at ? <Moment time={token.revoked_at} /> : token.expires_at ? <Moment time={token.expires_at} /> : t('tokens.never')}</td>
      <td><Since time={token.last_used_at} />{token.last_used_from && <span class="muted"> {token.last_used_from}</span>}</td>
      <td class="number">
        {state === 'active' && !token.file && (
          <button type="button" class="button button-bad" onClick={onEnd} aria-label={`${t('tokens.revoke')}: ${token.name}`}>{t('tokens.revoke')}</button>
        )}
      </td>
    </tr>
  );
}

function NewToken({ onMade, onClose }: { onMade: (k: MadeToken) => void; onClose: () => void }) {
  const name = useSignal('');
  const user = useSignal('');
  const role = useSignal<Role>('submitter');
  const days = useSignal(90);
  const bad = useSignal<ApiError | undefined>(undefined);
  const busy = useSignal(false);
  const joins = role.value === 'join'; // nobody's, and good for an hour
  const make = async () => {
    busy.value = true;
    bad.value = undefined;
    try {
      onMade(await post<MadeToken>('tokens', {
        name: name.value, roles: [role.value],
        ...(joins ? {} : { user: user.value, expires_seconds: days.value === 0 ? -1 : days.value * 86_400 }),
      }));
    } catch (e) {
      if (e instanceof ApiError) bad.value = e;
      else toastError(e);
    } finally {
      busy.value = false;
    }
  };
  const badAt = (field: string) => bad.value?.field === field && <span class="field-bad" role="alert" lang="en">{bad.value.message}</span>;
  return (
    <Dialog title={t('tokens.new')} onClose={onClose}>
      <form onSubmit={(e) => { e.preventDefault(); void make(); }}>
        <label class="field">
          <span class="field-name">{t('tokens.name')}</span>
          <input name="name" value={name} required maxLength={200} autocomplete="off" placeholder={t('tokens.name.example')} onInput={(e) => { name.value = e.currentTarget.value; }} />
          {badAt('name')}
        </label>
        {!joins && <label class="field">
          <span class="field-name">{t('settings.user')}</span>
          <input name="user" value={user} autocomplete="off" spellcheck={false} placeholder={session.value?.user} onInput={(e) => { user.value = e.currentTarget.value.trim(); }} />
          <span class="field-help">{t('tokens.user.help')}</span>
          {badAt('user')}
        </label>}
        <label class="field">
          <span class="field-name">{t('tokens.role')}</span>
          <select name="role" value={role.value} onChange={(e) => { role.value = e.currentTarget.value as Role; }}>
            {ROLES.map((r) => <option key={r} value={r}>{roleName(r)}</option>)}
          </select>
          <span class="field-help">{t(`role.${role.value}.help` as Key)}</span>
          {badAt('roles')}
        </label>
        {!joins && <label class="field">
          <span class="field-name">{t('tokens.expires')}</span>
          <select name="days" value={String(days.value)} onChange={(e) => { days.value = Number(e.currentTarget.value); }}>
            {LIVES.map((n) => <option key={n} value={String(n)}>{n === 0 ? t('tokens.never') : t('tokens.days', { n })}</option>)}
          </select>
        </label>}
        {bad.value && !['name', 'user', 'roles'].includes(bad.value.field ?? '') && <p class="field-bad" role="alert" lang="en">{bad.value.message}</p>}
        <div class="actions">
          <button type="button" class="button" onClick={onClose}>{t('app.cancel')}</button>
          <button class="button button-main" id="confirm" disabled={busy.value || !name.value}>{t('tokens.make')}</button>
        </div>
      </form>
    </Dialog>
  );
}

function Made({ token, onClose }: { token: MadeToken; onClose: () => void }) {
  return (
    <Dialog title={t('tokens.made', { name: token.name })} onClose={onClose}>
      <div class="stack">
        <p>{t(token.join ? 'tokens.join' : 'tokens.once')}</p>
        <div id="secret"><Command text={token.join ? `turno join ${token.join}` : token.secret} /></div>
        <div class="actions"><button type="button" class="button button-main" onClick={onClose}>{t('tokens.kept')}</button></div>
      </div>
    </Dialog>
  );
}

function Revoke({ token, onClose, refresh }: { token: Token; onClose: () => void; refresh: () => void }) {
  const revoke = async () => {
    onClose();
    try {
      await post(`tokens/${token.id}/revoke`);
      toast(t('tokens.revoke.done', { name: token.name }));
      refresh();
    } catch (e) {
      toastError(e);
    }
  };
  const mine = token.id === session.value?.token_id;
  return (
    <Dialog title={t('tokens.revoke.title', { name: token.name })} onClose={onClose}>
      <form onSubmit={(e) => { e.preventDefault(); void revoke(); }}>
        <p>{t(mine ? 'tokens.revoke.mine' : 'tokens.revoke.help', { user: token.user })}</p>
        <div class="actions">
          <button type="button" class="button" onClick={onClose}>{t('app.cancel')}</button>
          <button class="button button-bad button-main" id="confirm">{t('tokens.revoke')}</button>
        </div>
      </form>
    </Dialog>
  );
}
