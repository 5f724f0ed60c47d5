// A state is an icon, a word and a colour: no one of them alone.
import { maybe } from '../i18n';
import type { State, Worker } from '../lib/types';
import { Icon, type IconName } from './icon';

const ICONS: Record<State, IconName> = {
  held: 'hand', queued: 'clock', starting: 'spin', running: 'play', stopping: 'stop',
  succeeded: 'check', failed: 'cross', cancelled: 'minus', lost: 'lost',
};

export function StateBadge({ state, compact = false }: { state: State; compact?: boolean }) {
  const word = maybe('state', state);
  return (
    <span class={`state state-${state}`} title={compact ? word : undefined}>
      <Icon name={ICONS[state] ?? 'help'} size={15} />
      <span class={compact ? 'visually-hidden' : undefined}>{word}</span>
    </span>
  );
}

const WORKER_ICONS: Record<Worker['state'], IconName> = { ready: 'check', drained: 'hand', unreachable: 'lost', gone: 'cross' };

export function WorkerBadge({ state }: { state: Worker['state'] }) {
  return (
    <span class={`state worker-${state}`}>
      <Icon name={WORKER_ICONS[state] ?? 'help'} size={15} />
      {maybe('workerState', state)}
    </span>
  );
}
