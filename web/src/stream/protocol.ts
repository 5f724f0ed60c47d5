// What a page and the holder of the event stream tell each other.
import type { JobEvent } from '../lib/types';

export type Link = 'connecting' | 'live' | 'lost';

export type FromStream =
  // reset: events were missed; read again what you show.
  | { kind: 'events'; events: JobEvent[]; reset: boolean }
  | { kind: 'link'; link: Link }
  | { kind: 'signed-out' };

export type ToStream = { kind: 'bye' } | { kind: 'retry' };
