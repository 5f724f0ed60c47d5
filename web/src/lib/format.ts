// Numbers, sizes and times as people write them.
import { t } from '../i18n';
import { clock, language } from './preferences';
import { now } from './live';

export const count = (n: number): string => n.toLocaleString(language.value);

// significant keeps three digits: 0.0123, 12.3, 1230.
export function significant(x: number, digits = 3): string {
  if (x !== 0 && (Math.abs(x) < 1e-3 || Math.abs(x) >= 1e7)) return x.toExponential(digits - 1);
  return x.toLocaleString(language.value, { maximumSignificantDigits: digits });
}

// exact keeps three digits, zeros too, for figures whose digits count: 2.00.
export const exact = (x: number): string => x.toLocaleString(language.value, { minimumSignificantDigits: 3, maximumSignificantDigits: 3 });

// measured is a time with three digits: 2.04 ms.
export function measured(seconds: number): string {
  if (seconds < 0.001) return `${exact(seconds * 1e6)} µs`;
  return seconds < 1 ? `${exact(seconds * 1000)} ms` : `${exact(seconds)} s`;
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

export function bytes(n: number): string {
  let i = 0;
  while (n >= 1024 && i < UNITS.length - 1) { n /= 1024; i++; }
  return `${n.toLocaleString(language.value, { maximumFractionDigits: i === 0 || n >= 100 ? 0 : 1 })} ${UNITS[i]}`;
}

// duration is short and never longer than it was: 350 ms, 4.2 s, 3:07, 2:05:30, 3 d 4 h.
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) seconds = 0;
  const number = (x: number, digits: number) => x.toLocaleString(language.value, { maximumFractionDigits: digits });
  if (seconds < 0.001) return `${number(seconds * 1e6, 0)} µs`;
  if (seconds < 1) return `${number(seconds * 1000, seconds < 0.01 ? 1 : 0)} ms`;
  if (seconds < 60) return `${number(seconds, seconds < 10 ? 1 : 0)} s`;
  const s = Math.floor(seconds);
  const two = (n: number) => String(n).padStart(2, '0');
  if (s < 3600) return `${Math.floor(s / 60)}:${two(s % 60)} min`;
  if (s < 86400) return `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)} h`;
  return `${Math.floor(s / 86400)} d ${Math.floor(s / 3600) % 24} h`;
}

export const secondsBetween = (from: string, to: string | number): number =>
  Math.max(0, ((typeof to === 'number' ? to : Date.parse(to)) - Date.parse(from)) / 1000);

// since is how long ago, in steps that do not make a table flicker.
export function since(time: string): string {
  const seconds = Math.floor(secondsBetween(time, now.value));
  if (seconds < 5) return t('time.now');
  const coarse = seconds < 60 ? Math.floor(seconds / 5) * 5 : seconds < 3600 ? Math.floor(seconds / 60) * 60 : Math.floor(seconds / 3600) * 3600;
  return t('time.ago', { time: rough(coarse) });
}

function rough(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86400)} d`;
}

function written(time: string, utc: boolean): string {
  return new Intl.DateTimeFormat(language.value, {
    dateStyle: 'medium', timeStyle: 'medium', ...(utc ? { timeZone: 'UTC' } : {}),
  }).format(new Date(time)) + (utc ? ' UTC' : '');
}

export const moment = (time: string): string => written(time, clock.value === 'utc');
export const bothMoments = (time: string): string => `${written(time, false)}\n${written(time, true)}`;
