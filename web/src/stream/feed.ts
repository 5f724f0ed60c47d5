// The one event stream. It lives in a SharedWorker where there is one, so that
// any number of tabs cost the server one connection (a browser opens six to a
// host, and then lets ordinary requests wait), else in the page.
import type { JobEvent } from '../lib/types';
import type { FromStream, Link } from './protocol';

// GATHER is how long events are collected before they are handed on: four
// times a second is as live as a person can tell.
const GATHER = 250;
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 5000;

export class Feed {
  private source: EventSource | undefined;
  private gathered = new Map<string, JobEvent>();
  private reset = false;
  private flush: ReturnType<typeof setTimeout> | undefined;
  private again: ReturnType<typeof setTimeout> | undefined;
  private pause = FIRST_PAUSE;
  link: Link = 'connecting';

  constructor(private readonly tell: (message: FromStream) => void) {}

  open(): void {
    if (this.source) return;
    clearTimeout(this.again);
    this.again = undefined;
    const source = new EventSource('/api/v1/events?gather=true', { withCredentials: true });
    this.source = source;
    source.onopen = () => { this.pause = FIRST_PAUSE; this.linked('live'); };
    source.addEventListener('job', (e) => this.take(e as MessageEvent<string>, false));
    source.addEventListener('reset', (e) => this.take(e as MessageEvent<string>, true));
    source.onerror = () => void this.broke();
  }

  close(): void {
    this.source?.close();
    this.source = undefined;
    clearTimeout(this.again);
  }

  private linked(link: Link): void {
    this.link = link;
    this.tell({ kind: 'link', link });
  }

  private take(message: MessageEvent<string>, reset: boolean): void {
    this.reset ||= reset;
    if (!reset) {
      const event = JSON.parse(message.data) as JobEvent;
      this.gathered.set(`${event.number}_${event.parent ?? ''}_${event.task ?? ''}`, event);
    }
    this.flush ??= setTimeout(() => {
      this.flush = undefined;
      this.tell({ kind: 'events', events: [...this.gathered.values()], reset: this.reset });
      this.gathered.clear();
      this.reset = false;
    }, GATHER);
  }

  // broke tries again by itself, ever more slowly: an EventSource gives up for
  // good at the first answer that is no stream, and would not say why.
  private async broke(): Promise<void> {
    this.source?.close();
    this.source = undefined;
    this.linked('lost');
    try {
      const answer = await fetch('/api/v1/session', { credentials: 'same-origin' });
      const session = await answer.json() as { signed_in?: boolean };
      if (answer.ok && session.signed_in === false) {
        this.tell({ kind: 'signed-out' });
        return;
      }
    } catch { /* nobody answers: that is what trying again is for */ }
    clearTimeout(this.again);
    this.again = setTimeout(() => this.open(), this.pause);
    this.pause = Math.min(this.pause * 2, LONGEST_PAUSE);
  }
}
