// Where we are. All view state is in the address: whoever copies it, reloads,
// or goes back sees the same.
import { computed, signal } from '@preact/signals';

const here = () => new URL(window.location.href);

export const address = signal<URL>(here());
export const path = computed(() => address.value.pathname);
export const segments = computed(() => path.value.split('/').filter(Boolean).map(decodeURIComponent));

window.addEventListener('popstate', () => { address.value = here(); });

export function navigate(to: string, how: 'push' | 'replace' = 'push'): void {
  const next = new URL(to, address.value);
  if (next.href === address.value.href) return;
  if (how === 'push') window.history.pushState(null, '', next);
  else window.history.replaceState(null, '', next);
  const moved = next.pathname !== address.value.pathname;
  address.value = next;
  if (moved && how === 'push') window.scrollTo(0, 0);
}

export const param = (name: string): string => address.value.searchParams.get(name) ?? '';
export const params = (name: string): string[] =>
  (address.value.searchParams.get(name) ?? '').split(',').filter(Boolean);

// withParams is this address with some parameters changed; empty takes one away.
export function withParams(change: Record<string, string>): string {
  const next = new URL(address.value);
  for (const [name, value] of Object.entries(change)) {
    if (value) next.searchParams.set(name, value);
    else next.searchParams.delete(name);
  }
  next.search = next.search.replaceAll('%2C', ',');
  return next.pathname + next.search + next.hash;
}

export const setParams = (change: Record<string, string>, how: 'push' | 'replace' = 'push'): void =>
  navigate(withParams(change), how);

// followLinks makes clicks on links of this site change the view, not the page.
export function followLinks(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = (event.target as Element | null)?.closest('a');
  if (!link || link.target || link.hasAttribute('download') || link.origin !== window.location.origin) return;
  if (link.pathname.startsWith('/api/')) return;
  event.preventDefault();
  navigate(link.href);
}
