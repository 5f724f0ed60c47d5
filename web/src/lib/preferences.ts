// What a person chose for this browser: language, theme, clock. The rest of a
// view's state is in its address.
import { effect, signal } from '@preact/signals';

export type Language = 'en' | 'es';
export type Theme = 'system' | 'light' | 'dark';
export type Clock = 'local' | 'utc';

function stored<T extends string>(key: string, allowed: readonly T[], otherwise: T) {
  const name = `turno.${key}`;
  const read = (): T => {
    try {
      const value = localStorage.getItem(name) as T;
      return allowed.includes(value) ? value : otherwise;
    } catch {
      return otherwise; // storage is off: the choice lasts as long as the page
    }
  };
  const choice = signal<T>(read());
  effect(() => {
    const value = choice.value;
    try {
      if (value === otherwise) localStorage.removeItem(name);
      else localStorage.setItem(name, value);
    } catch { /* as above */ }
  });
  window.addEventListener('storage', (e) => { if (e.key === name) choice.value = read(); });
  return choice;
}

const ofBrowser: Language = navigator.language.toLowerCase().startsWith('es') ? 'es' : 'en';

export const language = stored<Language>('language', ['en', 'es'], ofBrowser);
export const theme = stored<Theme>('theme', ['system', 'light', 'dark'], 'system');
export const clock = stored<Clock>('clock', ['local', 'utc'], 'local');
export const shortcuts = stored<'on' | 'off'>('shortcuts', ['on', 'off'], 'on');

const prefersDark = window.matchMedia('(prefers-color-scheme: dark)');
const systemDark = signal(prefersDark.matches);
prefersDark.addEventListener('change', (e) => { systemDark.value = e.matches; });

export const isDark = (): boolean => theme.value === 'dark' || (theme.value === 'system' && systemDark.value);

effect(() => {
  document.documentElement.dataset['theme'] = isDark() ? 'dark' : 'light';
  document.documentElement.lang = language.value;
});
