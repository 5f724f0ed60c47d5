// Forms from JSON Schemas: which control a parameter gets, and what of the text
// in it becomes a value.
import { t } from '../i18n';
import type { Json, Schema } from './types';

export type Control = 'choice' | 'switch' | 'integer' | 'number' | 'text' | 'area' | 'lines' | 'json';

export interface Field { name: string; schema: Schema; control: Control; required: boolean }

// fieldsOf lists a schema's parameters; those of an object within it are named
// by their way: synthetic.width.
export function fieldsOf(schema: Schema, within = ''): Field[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, one]) => (
    one.type === 'object' && one.properties ? fieldsOf(one, `${within}${name}.`) : [{
      name: within + name, schema: one, control: controlOf(one), required: schema.required?.includes(name) ?? false,
    }]
  ));
}

// put sets a value by its field's way; at finds one.
export function put(values: Record<string, Json>, name: string, value: Json): void {
  const [first = '', ...rest] = name.split('.');
  if (rest.length === 0) {
    values[first] = value;
    return;
  }
  const inner = (values[first] ??= {}) as Record<string, Json>;
  put(inner, rest.join('.'), value);
}

export function at(values: Json | undefined, name: string): Json | undefined {
  return name.split('.').reduce<Json | undefined>((value, key) =>
    (value !== null && typeof value === 'object' && !Array.isArray(value) ? value[key] : undefined), values);
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
