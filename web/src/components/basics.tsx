// Small parts that every page uses.
import type { ComponentChildren } from 'preact';
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { t } from '../i18n';
import { ApiError, Unreachable } from '../lib/api';
import { bothMoments, moment, since } from '../lib/format';
import { Icon, type IconName } from './icon';

// Since is how long ago something was; both clocks are in its tooltip.
export function Since({ time }: { time: string | undefined }) {
  if (!time) return <span>{t('app.none')}</span>;
  return <time dateTime={time} title={bothMoments(time)}>{since(time)}</time>;
}

export function Moment({ time }: { time: string | undefined }) {
  if (!time) return <span>{t('app.none')}</span>;
  return <time dateTime={time} title={bothMoments(time)}>{moment(time)}</time>;
}

export function Empty({ icon, title, children }: { icon: IconName; title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <span class="empty-icon"><Icon name={icon} size={28} /></span>
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}

// Trouble says what went wrong with reading, in the person's words.
export function Trouble({ error, at }: { error: ApiError | Unreachable; at: number }) {
  const away = error instanceof Unreachable;
  return (
    <div class="notice notice-bad" role="status">
      <Icon name="lost" />
      <div>
        <strong>{away ? t('app.unreachable') : error.message}</strong>
        {away && at > 0 && <p>{t('app.unreachable.help', { ago: since(new Date(at).toISOString()) })}</p>}
        {!away && error.hint && <p>{error.hint}</p>}
      </div>
    </div>
  );
}

export function Loading() {
  return <p class="loading" role="status"><Icon name="spin" /> {t('app.loading')}</p>;
}

export function CopyButton({ text, label, class: extra = '' }: { text: string; label?: string; class?: string }) {
  const done = useSignal(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    done.value = true;
    setTimeout(() => { done.value = false; }, 1500);
  };
  return (
    <button type="button" class={`button ${extra}`} onClick={() => void copy()} title={label ? undefined : t('app.copy')}>
      <Icon name={done.value ? 'check' : 'copy'} size={15} />
      <span class={label ? undefined : 'visually-hidden'}>{done.value ? t('app.copied') : label ?? t('app.copy')}</span>
    </button>
  );
}

// Command is a line for a terminal, to be copied.
export function Command({ text }: { text: string }) {
  return (
    <div class="command">
      <code tabIndex={0}>{text}</code>
      <CopyButton text={text} class="button-quiet" />
    </div>
  );
}

// Dialog is the browser's own: it keeps the focus, and Esc closes it.
export function Dialog({ title, onClose, children }: { title: string; onClose: () => void; children: ComponentChildren }) {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = element.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog ref={element} class="dialog" aria-label={title} onClose={onClose}
      onClick={(e) => { if (e.target === element.current) onClose(); }}>
      <header class="dialog-head">
        <h2>{title}</h2>
        <button type="button" class="button button-quiet" onClick={onClose} title={t('app.close')}>
          <Icon name="close" /><span class="visually-hidden">{t('app.close')}</span>
        </button>
      </header>
      {children}
    </dialog>
  );
}

// Facts is a list of names and values; those without a value are left out.
export function Facts({ items }: { items: [string, ComponentChildren][] }) {
  return (
    <dl class="facts">
      {items.filter(([, value]) => value !== undefined && value !== '' && value !== null && value !== false).map(([name, value]) => (
        <div key={name}><dt>{name}</dt><dd>{value}</dd></div>
      ))}
    </dl>
  );
}

export function Meter({ used, all, label }: { used: number; all: number; label: string }) {
  const part = all > 0 ? Math.min(1, used / all) : 0;
  return (
    <svg class="meter" viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label={label}>
      <rect class="meter-all" width="100" height="6" rx="3" />
      {part > 0 && <rect class="meter-used" width={Math.max(2, part * 100)} height="6" rx="3" />}
    </svg>
  );
}

export function Section({ title, aside, children, class: extra = '' }:
  { title: string; aside?: ComponentChildren; children: ComponentChildren; class?: string }) {
  return (
    <section class={`card ${extra}`}>
      <header class="card-head"><h2>{title}</h2>{aside}</header>
      {children}
    </section>
  );
}
