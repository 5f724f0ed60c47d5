// Descriptions of types and their parameters. English ones come with the types
// from the server, which may have types of its own; Spanish ones of the types
// that turno ships are here, and come with the first form.
import { effect, signal } from '@preact/signals';
import { language } from '../lib/preferences';

interface Texts { types: Record<string, string>; params: Record<string, string> }

const spanish = signal<Texts | undefined>(undefined);
let wanted = false;

effect(() => { if (wanted && language.value === 'es') void load(); });

async function load(): Promise<void> {
  if (!spanish.peek()) spanish.value = await import('./es-params');
}

function texts(): Texts | undefined {
  wanted = true;
  if (language.value !== 'es') return undefined;
  void load();
  return spanish.value;
}

export const aboutType = (type: string, given: string): string => texts()?.types[type] ?? given;
export const aboutParam = (type: string, name: string, given: string): string => texts()?.params[`${type}.${name}`] ?? given;
