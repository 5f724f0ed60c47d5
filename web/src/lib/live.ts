// What keeps a page current: the event stream, and how fresh all of it is.
import { computed, effect, signal } from '@preact/signals';
import { Feed } from '../stream/feed';
import type { FromStream, Link, ToStream } from '../stream/protocol';
import type { JobEvent } from './types';

declare const WORKER: string;

// The policy of the page lets scripts come from no text but this one.
interface TrustedTypes { createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string } }
const { trustedTypes } = window as unknown as { trustedTypes?: TrustedTypes };
const scripts = trustedTypes?.createPolicy('turno', { createScriptURL: () => WORKER });

export const link = signal<Link>('connecting');
// paused is a screen that stands still for reading.
export const paused = signal(false);
export const now = signal(Date.now());
const lostAt = signal<number | undefined>(undefined);

setInterval(() => { if (!document.hidden) now.value = Date.now(); }, 1000);
document.addEventListener('visibilitychange', () => { if (!document.hidden) now.value = Date.now(); });

// STALE_AFTER a broken connection what is shown is no longer called current. A
// restart of the server takes less.
const STALE_AFTER = 3000;

export type Freshness = 'live' | 'reconnecting' | 'paused' | 'stale';
export const freshness = computed<Freshness>(() => {
  if (paused.value) return 'paused';
  if (link.value === 'live') return 'live';
  return lostAt.value !== undefined && now.value - lostAt.value > STALE_AFTER ? 'stale' : 'reconnecting';
});
export const staleSeconds = computed(() =>
  lostAt.value === undefined ? 0 : Math.max(0, Math.floor((now.value - lostAt.value) / 1000)));

effect(() => { document.documentElement.dataset['fresh'] = freshness.value; });

type Change = { events: JobEvent[]; reset: boolean };
const listeners = new Set<(change: Change) => void>();

// onChange calls with each batch of changes while the page is not paused.
export function onChange(listener: (change: Change) => void): () => void {
  listeners.add(listener);
  return () => { listeners.delete(listener); };
}

let missed = false;
effect(() => {
  if (paused.value || !missed) return;
  missed = false;
  listeners.forEach((tell) => tell({ events: [], reset: true }));
});

let whenSignedOut = (): void => undefined;

// onStreamSignedOut says what to do when the stream finds the session gone.
export function onStreamSignedOut(act: () => void): void { whenSignedOut = act; }

function hear(message: FromStream): void {
  switch (message.kind) {
    case 'link':
      if (message.link === 'live') lostAt.value = undefined;
      else if (message.link === 'lost') lostAt.value ??= Date.now();
      link.value = message.link;
      break;
    case 'signed-out':
      whenSignedOut();
      break;
    case 'events':
      if (paused.value) missed = true;
      else listeners.forEach((tell) => tell(message));
  }
}

let stop: (() => void) | undefined;

// listen begins to follow the stream. Call it once signed in.
export function listen(): void {
  if (stop) return;
  if (typeof SharedWorker === 'undefined') {
    const feed = new Feed(hear);
    feed.open();
    stop = () => feed.close();
    return;
  }
  const { port } = new SharedWorker(scripts?.createScriptURL(WORKER) ?? WORKER, { type: 'module', name: 'turno' });
  const say = (message: ToStream) => port.postMessage(message);
  port.onmessage = (e: MessageEvent<FromStream>) => hear(e.data);
  port.start();
  say({ kind: 'retry' });
  const leave = () => say({ kind: 'bye' });
  window.addEventListener('pagehide', leave);
  stop = () => { window.removeEventListener('pagehide', leave); leave(); port.close(); };
}

export function stopListening(): void {
  stop?.();
  stop = undefined;
  link.value = 'connecting';
}

// A page that the browser kept aside for "back" listens again.
window.addEventListener('pageshow', (e) => { if (e.persisted && stop) { stopListening(); listen(); } });
