// Texts in the person's language. en.ts says which there are; es.ts has to have
// the same, else it does not compile. Who reads English does not load it.
import { effect, signal } from '@preact/signals';
import { language } from '../lib/preferences';
import { en, type Key, type Texts } from './en';

const texts = signal<{ en: Texts; es?: Texts }>({ en });

async function load(): Promise<void> {
  if (language.value !== 'es' || texts.peek().es) return;
  const { es } = await import('./es');
  texts.value = { en, es };
}

effect(() => { void load().catch(() => undefined); }); // English stays where it cannot be had

// ready is when the texts are there, or cannot be had.
export const ready = (): Promise<void> => load().catch(() => undefined);

const current = (): Texts => texts.value[language.value] ?? en;

export type Values = Record<string, string | number>;

// t gives a text. {name} stands for a value; "one|more" is chosen by the value n.
export function t(key: Key, values: Values = {}): string {
  const lang = language.value;
  let text = current()[key];
  const n = values['n'];
  if (typeof n === 'number' && text.includes('|')) {
    const [one = '', more = ''] = text.split('|');
    text = new Intl.PluralRules(lang).select(n) === 'one' ? one : more;
  }
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === 'number' ? value.toLocaleString(lang) : value;
  });
}

// maybe gives a text of a family that may grow on the server (states, reasons,
// parameters), or what was given where it has none yet.
export function maybe(family: string, name: string, otherwise: string = name): string {
  const key = `${family}.${name}`;
  return key in en ? current()[key as Key] : otherwise;
}

export type { Key };
