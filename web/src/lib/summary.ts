// How many jobs there are, by state: the menu and the overview show the same.
import { effect, signal } from '@preact/signals';
import { get } from './api';
import { onChange, paused } from './live';
import { access } from './session';
import type { Summary } from './types';

export const summary = signal<Summary | undefined>(undefined);

const CALM = 1000;
let timer: ReturnType<typeof setTimeout> | undefined;
let last = 0;

async function read(): Promise<void> {
  timer = undefined;
  last = Date.now();
  try {
    summary.value = await get<Summary>('summary');
  } catch { /* the pill says that the server is away; what was read stays */ }
}

function soon(): void {
  if (timer || paused.value || access.value !== 'in' || (document.hidden && summary.value)) return;
  timer = setTimeout(() => void read(), Math.max(0, last + CALM - Date.now()));
}

onChange(soon);
document.addEventListener('visibilitychange', () => { if (!document.hidden) soon(); });
effect(() => { if (access.value === 'in') soon(); });
