// Toasts say what came of an order. Screen readers hear them; at most three
// are shown.
import { signal } from '@preact/signals';
import { t } from '../i18n';
import { ApiError, Unreachable } from '../lib/api';
import { Icon } from './icon';

interface Toast { id: number; good: boolean; text: string; hint?: string | undefined; link?: { href: string; text: string } | undefined }

const toasts = signal<Toast[]>([]);
let last = 0;
const SHOWN = 6000;

export function toast(text: string, more: { good?: boolean; hint?: string | undefined; link?: Toast['link'] } = {}): void {
  const one: Toast = { id: ++last, good: more.good ?? true, text, hint: more.hint, link: more.link };
  toasts.value = [...toasts.value.slice(-2), one];
  setTimeout(() => drop(one.id), SHOWN);
}

const drop = (id: number) => { toasts.value = toasts.value.filter((x) => x.id !== id); };

export function toastError(error: unknown): void {
  if (error instanceof ApiError) toast(error.message, { good: false, hint: error.hint });
  else if (error instanceof Unreachable) toast(t('app.unreachable'), { good: false });
  else toast(t('app.failed'), { good: false, hint: String(error) });
}

export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map((one) => (
        <div key={one.id} class={`toast ${one.good ? '' : 'toast-bad'}`}>
          <Icon name={one.good ? 'check' : 'lost'} />
          <div>
            {one.text} {one.link && <a href={one.link.href}>{one.link.text}</a>}
            {one.hint && <p class="muted">{one.hint}</p>}
          </div>
          <button type="button" class="button button-quiet" onClick={() => drop(one.id)}>
            <Icon name="close" size={15} /><span class="visually-hidden">{t('app.close')}</span>
          </button>
        </div>
      ))}
    </div>
  );
}
