// A resource is something read from the API that a page shows and keeps
// current: read again after changes, at most once a second, never while the
// page is hidden or paused, and shown as it was while a new answer is under way.
import { useSignal, type ReadonlySignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { ApiError, get, Unreachable } from './api';
import { onChange, paused } from './live';
import type { JobEvent } from './types';

export interface Resource<T> {
  data: T | undefined;
  error: ApiError | Unreachable | undefined;
  at: number; // when data was read
}

interface Options {
  // every so many milliseconds, beside what changes tell.
  every?: number;
  // of tells whether an event concerns it; without it every event does.
  of?: (event: JobEvent) => boolean;
  // calm is the least time between two reads.
  calm?: number;
}

const CALM = 1000;
// RETRY is when a read that failed is tried again.
const RETRY = 2000;

export function useResource<T>(url: string | undefined, options: Options = {}): { value: ReadonlySignal<Resource<T>>; refresh: () => void } {
  const value = useSignal<Resource<T>>({ data: undefined, error: undefined, at: 0 });
  const kept = useRef(options);
  kept.current = options;
  const reader = useRef<{ refresh: () => void }>({ refresh: () => undefined });

  useEffect(() => {
    if (url === undefined) return;
    value.value = { data: undefined, error: undefined, at: 0 };
    const follow = new Follower<T>(url, kept, (next) => { value.value = next(value.value); });
    reader.current = follow;
    return () => follow.stop();
  }, [url]);

  return { value, refresh: () => reader.current.refresh() };
}

class Follower<T> {
  private last = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private reading: AbortController | undefined;
  private wanted = false;
  private stopped = false;
  private readonly undo: (() => void)[] = [];

  constructor(
    private readonly url: string,
    private readonly options: { current: Options },
    private readonly set: (next: (before: Resource<T>) => Resource<T>) => void,
  ) {
    this.undo.push(onChange(({ events, reset }) => {
      const { of } = this.options.current;
      if (reset || !of || events.some(of)) this.refresh();
    }));
    const seen = () => { if (!document.hidden) this.refresh(); };
    document.addEventListener('visibilitychange', seen);
    this.undo.push(() => document.removeEventListener('visibilitychange', seen));
    const every = options.current.every;
    if (every) {
      const beat = setInterval(() => this.refresh(), every);
      this.undo.push(() => clearInterval(beat));
    }
    void this.read();
  }

  refresh(): void {
    if (this.stopped || this.timer || paused.value) return;
    if (this.reading) {
      this.wanted = true; // what is under way may not hold the change yet
      return;
    }
    if (document.hidden && this.last > 0) return;
    const calm = this.options.current.calm ?? CALM;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      void this.read();
    }, Math.max(0, this.last + calm - Date.now()));
  }

  private async read(): Promise<void> {
    this.last = Date.now();
    const control = new AbortController();
    this.reading = control;
    try {
      const data = await get<T>(this.url, control.signal);
      if (!this.stopped) this.set(() => ({ data, error: undefined, at: Date.now() }));
    } catch (e) {
      if (this.stopped || control.signal.aborted) return;
      const error = e instanceof ApiError || e instanceof Unreachable ? e : new Unreachable(e);
      this.set((before) => ({ ...before, error }));
      if (error instanceof Unreachable || error.status >= 500) setTimeout(() => this.refresh(), RETRY);
    } finally {
      this.reading = undefined;
    }
    if (this.wanted) {
      this.wanted = false;
      this.refresh();
    }
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    this.reading?.abort();
    this.undo.forEach((undo) => undo());
  }
}
