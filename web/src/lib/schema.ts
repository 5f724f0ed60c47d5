// Forms from JSON Schemas: which control a parameter gets, and what of the text
// in it becomes a value.
import { t } from '../i18n';
import type { Json, Schema } from './types';

export type Control = 'choice' | 'switch' | 'integer' | 'number' | 'text' | 'area' | 'lines' | 'json';

export interface Field { name: string; schema: Schema; control: Control; required: boolean }

export function fieldsOf(schema: Schema): Field[] {
  return Object.entries(schema.properties ?? {}).map(([name, one]) => ({
    name, schema: one, control: controlOf(one), required: schema.required?.includes(name) ?? false,
  }));
}

const LONG = 10_000; // a text that may be longer gets an area

function controlOf(s: Schema): Control {
  if (s.enum) return 'choice';
  switch (s.type) {
    case 'boolean': return 'switch';
    case 'integer': return 'integer';
    case 'number': return 'number';
    case 'string': return (s.maxLength ?? 0) > LONG ? 'area' : 'text';
    case 'array': return s.items?.type === 'string' ? 'lines' : 'json';
    default: return 'json';
  }
}

export class BadInput extends Error {}

// read makes a value of what is in a control; undefined: nothing was said.
export function read(field: Field, text: string): Json | undefined {
  if (text === '') return undefined;
  switch (field.control) {
    case 'switch': return text === 'true';
    case 'integer':
    case 'number': return number(text);
    case 'choice': return field.schema.enum?.find((v) => String(v) === text) ?? text;
    case 'lines': return text.split('\n').filter((line) => line !== '');
    case 'json': return json(text);
    default: return text;
  }
}

function number(text: string): number {
  const n = Number(text.trim());
  if (!Number.isFinite(n)) throw new BadInput(t('submit.badNumber'));
  return n;
}

function json(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw new BadInput(t('submit.badJson'));
  }
}

// write is the text that a control shows for a value.
export function write(field: Field, value: Json | undefined): string {
  if (value === undefined || value === null) return '';
  if (field.control === 'lines' && Array.isArray(value)) return value.map(String).join('\n');
  if (typeof value === 'object') return JSON.stringify(value);
  return String(value);
}
