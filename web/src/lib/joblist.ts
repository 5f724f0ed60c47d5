// A list of jobs that stays where it is: rows change in place, new ones wait
// until they are asked for, pages are added at the end.
import { signal } from '@preact/signals';
import { ApiError, get, query, Unreachable } from './api';
import { onChange, paused } from './live';
import { param, params } from './router';
import { LIVE, type Job, type Page } from './types';

export type Filter = {
  state: string[]; q: string; name: string; type: string; queue: string; user: string; since: string; until: string; parent: string; top: boolean;
};

// filterOf reads the filter that the address holds.
export function filterOf(): Filter {
  const states = params('state');
  const parent = param('parent');
  return {
    state: states[0] === 'all' ? [] : states.length > 0 ? states : [...LIVE],
    q: param('q'), name: param('name'), type: param('type'), queue: param('queue'), user: param('user'),
    since: param('since'), until: param('until'), parent, top: parent === '',
  };
}

// oldestFirst says how the address has the list sorted.
export const oldestFirst = (): boolean => param('sort') === 'number';

export interface ListState {
  rows: Job[];
  fresh: number; // new jobs that are not shown yet
  more: boolean;
  loaded: boolean;
  loadingMore: boolean;
  error: ApiError | Unreachable | undefined;
  at: number;
}

const PAGE = 100;
const PARTS = 12; // a million jobs are searched in ten
const CALM = 1000;
const RETRY = 2000;

export class JobList {
  readonly state = signal<ListState>({ rows: [], fresh: 0, more: false, loaded: false, loadingMore: false, error: undefined, at: 0 });
  private cursor = '';
  private waiting: Job[] = []; // what showNew will put first
  private timer: ReturnType<typeof setTimeout> | undefined;
  private last = 0;
  private stopped = false;
  private readonly undo: () => void;

  constructor(private readonly filter: Filter, private readonly oldest: boolean) {
    const quiet = onChange(() => this.soon());
    const seen = () => { if (!document.hidden) this.soon(); };
    document.addEventListener('visibilitychange', seen);
    this.undo = () => { quiet(); document.removeEventListener('visibilitychange', seen); };
    void this.read();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    this.undo();
  }

  showNew(): void {
    const { rows } = this.state.value;
    this.set({ rows: [...this.waiting, ...rows], fresh: 0 });
    this.waiting = [];
  }

  async loadMore(): Promise<void> {
    this.set({ loadingMore: true });
    try {
      const page = await this.page(this.cursor);
      const known = new Set(this.state.value.rows.map((j) => j.id));
      this.cursor = page.next_cursor ?? '';
      this.set({ rows: [...this.state.value.rows, ...page.items.filter((j) => !known.has(j.id))], more: this.cursor !== '' });
    } catch (e) {
      this.failed(e);
    } finally {
      this.set({ loadingMore: false });
    }
  }

  private set(change: Partial<ListState>): void {
    if (!this.stopped) this.state.value = { ...this.state.value, ...change };
  }

  // page reads one that is full, if there is so much: where much has to be
  // searched the server answers in parts, which may be empty.
  private async page(cursor: string, parts = PARTS): Promise<Page<Job>> {
    const items: Job[] = [];
    for (let part = 0; part < parts && items.length < PAGE && !this.stopped; part++) {
      const one = await get<Page<Job>>(`jobs${query({ ...this.filter, ...(this.oldest ? { sort: 'number' } : {}), limit: PAGE, cursor, thin: true })}`);
      items.push(...one.items);
      cursor = one.next_cursor ?? '';
      if (cursor === '') break;
    }
    return { items, ...(cursor ? { next_cursor: cursor } : {}) };
  }

  private soon(): void {
    if (this.stopped || this.timer || paused.value || document.hidden) return;
    this.timer = setTimeout(() => { this.timer = undefined; void this.read(); }, Math.max(0, this.last + CALM - Date.now()));
  }

  private async read(): Promise<void> {
    this.last = Date.now();
    try {
      const first = await this.page('', this.state.value.loaded ? 1 : PARTS);
      const before = this.state.value;
      if (!before.loaded) {
        this.cursor = first.next_cursor ?? '';
        this.set({ rows: first.items, more: this.cursor !== '', loaded: true, error: undefined, at: Date.now() });
        return;
      }
      this.set({ rows: await this.renewed(before.rows, first.items), error: undefined, at: Date.now() });
    } catch (e) {
      this.failed(e);
    }
  }

  // renewed changes rows in place. Those that are not on the first page any
  // more and could still change are asked for together: a row that no longer
  // matches stays, as what it has become, until one reloads.
  private async renewed(rows: Job[], first: Job[]): Promise<Job[]> {
    const now = new Map(first.map((j) => [j.id, j]));
    const shown = new Set(rows.map((j) => j.id));
    const top = rows[0]?.number ?? 0;
    // With the oldest first new jobs come at the end, where the next page is.
    this.waiting = this.oldest && rows.length > 0 ? [] : first.filter((j) => !shown.has(j.id) && j.number > top);
    if (rows.length === 0) {
      const all = this.waiting;
      this.waiting = [];
      return all;
    }
    this.set({ fresh: this.waiting.length });
    const missing = rows.filter((j) => !now.has(j.id) && !j.ended_at).slice(0, PAGE).map((j) => j.id);
    if (missing.length > 0) {
      const { items } = await get<Page<Job>>(`jobs${query({ ref: missing, thin: true })}`);
      items.forEach((j) => now.set(j.id, j));
    }
    return rows.map((j) => now.get(j.id) ?? j);
  }

  private failed(e: unknown): void {
    const error = e instanceof ApiError || e instanceof Unreachable ? e : new Unreachable(e);
    this.set({ error });
    if (error instanceof Unreachable || error.status >= 500) setTimeout(() => this.soon(), RETRY);
  }
}
