// Keys that work everywhere. A page adds its own for as long as it is shown.
import { useEffect, useRef } from 'preact/hooks';
import { shortcuts } from './preferences';

export type KeyMap = Record<string, () => void>;

const maps: { current: KeyMap }[] = [];
const CHORD = 1000; // "g" and what follows it
let pending: { key: string; at: number } | undefined;

const typing = (e: KeyboardEvent): boolean => {
  const on = e.target as HTMLElement | null;
  return !!on && (on.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(on.tagName));
};

window.addEventListener('keydown', (e) => {
  if (shortcuts.value === 'off' || e.ctrlKey || e.metaKey || e.altKey) return;
  if (e.key === 'Escape' && typing(e)) {
    (e.target as HTMLElement).blur();
    return;
  }
  if (typing(e) || document.querySelector('dialog[open]')) return;
  const both = pending && Date.now() - pending.at < CHORD ? `${pending.key} ${e.key}` : '';
  pending = undefined;
  const act = find(both) ?? find(e.key);
  if (act) {
    e.preventDefault();
    act();
  } else if (e.key.length === 1) {
    pending = { key: e.key, at: Date.now() };
  }
});

function find(key: string): (() => void) | undefined {
  for (let i = maps.length - 1; i >= 0; i--) {
    const act = maps[i]!.current[key];
    if (act) return act;
  }
  return undefined;
}

export function useKeys(map: KeyMap): void {
  const holder = useHolder(map);
  useEffect(() => {
    maps.push(holder);
    return () => { maps.splice(maps.indexOf(holder), 1); };
  }, []);
}

function useHolder(map: KeyMap): { current: KeyMap } {
  const holder = useRef(map);
  holder.current = map;
  return holder;
}
