// The same job as a person would hand it in by other ways.
import type { Json, Spec } from './types';

// quote makes one word for a POSIX shell.
export function quote(text: string): string {
  return /^[A-Za-z0-9_./:=,@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

const FLAGS: [keyof Spec, string, (v: unknown) => string][] = [
  ['name', '-J', String],
  ['queue', '--queue', String],
  ['device', '--device', String],
  ['gpus', '-G', String],
  ['cpus', '-c', String],
  ['memory_bytes', '--mem', (v) => `${Math.ceil(Number(v) / 2 ** 20)}M`],
  ['priority', '--priority', String],
  ['retries', '--retries', String],
  ['time_limit_seconds', '-t', (v) => `${v}s`],
  ['engine', '--engine', String],
  ['array', '-a', String],
];

export function asCli(spec: Spec): string {
  const words = ['turno', 'submit'];
  for (const [field, flag, write] of FLAGS) {
    const value = spec[field];
    if (value !== undefined && value !== '' && value !== null && !(field === 'queue' && value === 'default')) words.push(flag, quote(write(value)));
  }
  const params = (spec.params ?? {}) as Record<string, Json>;
  const { command } = params;
  if (spec.type === 'exec' && Array.isArray(command)) return [...words, '--', ...command.map((w) => quote(String(w)))].join(' ');
  words.push('--type', spec.type);
  for (const [name, value] of Object.entries(params)) {
    words.push('--param', quote(`${name}=${typeof value === 'object' ? JSON.stringify(value) : String(value)}`));
  }
  return words.join(' ');
}

export function asCurl(spec: Spec): string {
  return `curl -H "Authorization: Bearer $TURNO_TOKEN" -H 'Content-Type: application/json' \\\n  -d ${quote(JSON.stringify({ spec }))} \\\n  ${window.location.origin}/api/v1/jobs`;
}

// bare is a spec without what the server filled in or knows itself.
export function bare(spec: Spec): Spec {
  const copy: Spec = { ...spec };
  for (const field of ['user', 'submit_dir', 'submit_host', 'workdir', 'inputs', 'dir', 'env']) {
    if (field !== 'env') delete copy[field];
  }
  return copy;
}
