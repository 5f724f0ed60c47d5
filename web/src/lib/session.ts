// Who is signed in. A sign-in link carries a code in its fragment, which no
// browser sends to anybody; it is traded, once, for a cookie.
import { signal } from '@preact/signals';
import { get, onSignedOut, post, send } from './api';
import { listen, onStreamSignedOut, stopListening } from './live';
import { address, navigate } from './router';
import type { Role, Session } from './types';

export type Access = 'unknown' | 'in' | 'out' | 'away';

export const access = signal<Access>('unknown');
export const session = signal<Session | undefined>(undefined);
export const signInError = signal<unknown>(undefined);
// ended tells a session that ended from one that never was.
export const ended = signal(false);

// may tells whether who is signed in has one of these roles: what they may not do
// is not offered. The server decides.
export const may = (...roles: Role[]): boolean => (session.value?.roles ?? []).some((r) => roles.includes(r));
export const maySubmit = (): boolean => may('admin', 'operator', 'submitter');
export const mayOperate = (): boolean => may('admin', 'operator');
export const mayOrder = (owner: string | undefined): boolean => mayOperate() || (maySubmit() && owner === session.value?.user);

function enter(answer: Session): void {
  session.value = answer;
  if (answer.signed_in) {
    access.value = 'in';
    ended.value = false;
    listen();
  } else {
    access.value = 'out';
  }
}

function leave(): void {
  if (access.value === 'in') ended.value = true;
  access.value = 'out';
  stopListening();
}

onSignedOut(leave);
onStreamSignedOut(leave);

export async function begin(): Promise<void> {
  const code = new URLSearchParams(address.value.hash.slice(1)).get('code');
  if (code) {
    navigate(address.value.pathname + address.value.search, 'replace');
    if (await signIn({ code })) return;
  }
  try {
    enter(await get<Session>('session'));
  } catch {
    access.value = 'away';
    setTimeout(() => void begin(), 2000);
  }
}

export async function signIn(by: { code: string } | { token: string }): Promise<boolean> {
  signInError.value = undefined;
  try {
    enter(await post<Session>('session', by));
    return true;
  } catch (e) {
    signInError.value = e;
    return false;
  }
}

export async function signOut(): Promise<void> {
  await send<Session>('DELETE', 'session');
  stopListening();
  ended.value = false;
  access.value = 'out';
}
