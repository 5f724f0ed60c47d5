// A JSON value as a tree that can be folded.
import type { Json } from '../lib/types';

export function JsonTree({ value, name }: { value: Json; name?: string }) {
  return <div class="json"><Node value={value} name={name} open /></div>;
}

function Node({ value, name, open = false }: { value: Json; name?: string | undefined; open?: boolean }) {
  const label = name !== undefined && <span class="key">{name}: </span>;
  if (value === null || typeof value !== 'object') return <div class="leaf">{label}{JSON.stringify(value)}</div>;
  const entries = Array.isArray(value) ? value.map((v, i): [string, Json] => [String(i), v]) : Object.entries(value);
  if (entries.length === 0) return <div class="leaf">{label}{Array.isArray(value) ? '[]' : '{}'}</div>;
  if (Array.isArray(value) && value.every((v) => v === null || typeof v !== 'object') && JSON.stringify(value).length < 100) {
    return <div class="leaf">{label}{JSON.stringify(value)}</div>;
  }
  return (
    <details open={open || entries.length <= 8}>
      <summary>{label}<span class="muted">{Array.isArray(value) ? `[${entries.length}]` : `{${entries.length}}`}</span></summary>
      {entries.map(([key, v]) => <Node key={key} value={v} name={key} />)}
    </details>
  );
}
