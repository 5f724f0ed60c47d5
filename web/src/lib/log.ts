// The output of one attempt, read by byte ranges and followed while it grows.
import { signal } from '@preact/signals';
import { request } from './api';
import { overwritten } from './ansi';

// FIRST is how much of the end is read at first; KEPT is how many lines stay.
const FIRST = 256 * 1024;
const KEPT = 5000;
const WAIT_SECONDS = 25;
const PAUSE = 2000;

export interface LogState {
  lines: string[];
  skipped: number; // bytes before the first line
  dropped: number; // lines that were let go
  size: number;
  done: boolean;
  attempt: number;
  error: unknown;
}

export class LogReader {
  readonly state = signal<LogState>({ lines: [], skipped: 0, dropped: 0, size: 0, done: false, attempt: 0, error: undefined });
  private rest = '';
  private offset = 0;
  private readonly decoder = new TextDecoder();
  private readonly control = new AbortController();

  constructor(private readonly job: string, private readonly attempt: number) { void this.run(); }

  stop(): void { this.control.abort(); }

  private async run(): Promise<void> {
    const { signal: aborted } = this.control;
    let begun = false;
    while (!aborted.aborted) {
      try {
        if (!begun) await this.begin();
        begun = true;
        if (await this.read()) return;
      } catch (error) {
        if (aborted.aborted) return;
        this.state.value = { ...this.state.value, error };
        await new Promise((go) => setTimeout(go, PAUSE));
      }
      if (document.hidden) await visible();
    }
  }

  private url(more: string): string {
    return `jobs/${this.job}/log?attempt=${this.attempt}&${more}`;
  }

  // begin goes to near the end of what there is.
  private async begin(): Promise<void> {
    const answer = await request(this.url('max=1'), { signal: this.control.signal });
    const size = Number(answer.headers.get('Turno-Log-Size'));
    this.offset = Math.max(0, size - FIRST);
    this.state.value = { ...this.state.value, skipped: this.offset, size };
  }

  private async read(): Promise<boolean> {
    const answer = await request(this.url(`offset=${this.offset}&wait_seconds=${WAIT_SECONDS}`), { signal: this.control.signal });
    const data = new Uint8Array(await answer.arrayBuffer());
    const done = answer.headers.get('Turno-Log-Done') === 'true';
    this.offset += data.length;
    const text = this.rest + this.decoder.decode(data, { stream: true });
    const lines = text.split('\n');
    this.rest = lines.pop() ?? '';
    if (done && this.rest) { lines.push(this.rest); this.rest = ''; }
    const all = [...this.state.value.lines, ...lines.map(overwritten)];
    const over = Math.max(0, all.length - KEPT);
    this.state.value = {
      ...this.state.value, lines: over ? all.slice(over) : all, dropped: this.state.value.dropped + over,
      size: Math.max(this.offset, Number(answer.headers.get('Turno-Log-Size'))), done,
      attempt: Number(answer.headers.get('Turno-Log-Attempt')), error: undefined,
    };
    return done;
  }
}

function visible(): Promise<void> {
  return new Promise((go) => {
    const look = () => {
      if (document.hidden) return;
      document.removeEventListener('visibilitychange', look);
      go();
    };
    document.addEventListener('visibilitychange', look);
  });
}
