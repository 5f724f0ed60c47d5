// The log viewer: follows, stands still when one scrolls up, finds, links lines.
import { useComputed, useSignal } from '@preact/signals';
import { memo } from './memo';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { t } from '../i18n';
import { spans } from '../lib/ansi';
import { bytes } from '../lib/format';
import { useKeys } from '../lib/keys';
import { LogReader } from '../lib/log';
import { param, setParams, withParams } from '../lib/router';
import { Icon } from './icon';

// BLOCK lines are one piece of the page: only those that change are made anew,
// and those out of sight cost nothing.
const BLOCK = 200;

export function LogView({ job, attempt, started }: { job: string; attempt: number; started: boolean }) {
  const reader = useRef<LogReader>(null);
  const shown = useSignal(0);
  const following = useSignal(!param('line'));
  const wrap = useSignal(true);
  const find = useSignal('');
  const box = useRef<HTMLDivElement>(null);

  useEffect(() => {
    if (!started) return;
    const one = new LogReader(job, attempt);
    reader.current = one;
    shown.value++;
    return () => one.stop();
  }, [job, attempt, started]);
  useKeys({ f: () => { following.value = !following.value; } });

  void shown.value;
  const state = reader.current?.state.value;
  const lines = state?.lines ?? [];
  const matches = useComputed(() => {
    const text = find.value.toLowerCase();
    const all = reader.current?.state.value.lines ?? [];
    return text ? all.filter((l) => l.toLowerCase().includes(text)).length : 0;
  });
  useLayoutEffect(() => {
    if (following.value && box.current) box.current.scrollTop = box.current.scrollHeight;
  });
  const scrolled = () => {
    const e = box.current;
    if (e) following.value = e.scrollHeight - e.scrollTop - e.clientHeight < 24;
  };
  if (!started) return <p class="muted">{t('log.notStarted')}</p>;
  return (
    <>
      <div class="log-bar">
        <input type="search" placeholder={t('log.find')} aria-label={t('log.find')} value={find} onInput={(e) => { find.value = e.currentTarget.value; }} />
        {find.value && <span class="muted number" role="status">{t('log.found', { n: matches.value })}</span>}
        <button type="button" class="button" aria-pressed={following.value} onClick={() => { following.value = !following.value; }}>
          {t(following.value ? 'log.following' : 'log.follow')}
        </button>
        <button type="button" class="button" aria-pressed={wrap.value} onClick={() => { wrap.value = !wrap.value; }}>{t('log.wrap')}</button>
        <a class="button" href={`/api/v1/jobs/${job}/log?attempt=${attempt}&follow=true`} download={`job-${job}.log`}>
          <Icon name="download" size={15} />{t('log.download')}
        </a>
        <span class="muted number">{bytes(state?.size ?? 0)}</span>
      </div>
      {(state?.skipped ?? 0) > 0 && <p class="muted">{t('log.skipped', { size: bytes(state?.skipped ?? 0) })}</p>}
      <div class={`log ${wrap.value ? 'wrap' : ''}`} ref={box} onScroll={scrolled} tabIndex={0} role="log" aria-live="off" aria-label={t('log.label')}>
        {lines.length === 0 && <p class="loading">{t(state?.done ? 'log.empty' : 'log.empty.live')}</p>}
        <Blocks lines={lines} from={state?.dropped ?? 0} find={find.value.toLowerCase()} marked={param('line')} />
      </div>
    </>
  );
}

function Blocks({ lines, from, find, marked }: { lines: string[]; from: number; find: string; marked: string }) {
  const out = [];
  const shift = from % BLOCK; // so that a block keeps its lines while others are let go
  for (let i = -shift; i < lines.length; i += BLOCK) {
    const part = lines.slice(Math.max(0, i), i + BLOCK);
    out.push(<Block key={from + i} text={part.join('\n')} from={from + Math.max(0, i)} find={find} marked={marked} />);
  }
  return <>{out}</>;
}

interface BlockProps { text: string; from: number; find: string; marked: string }

const Block = memo(function Block({ text, from, find, marked }: BlockProps) {
  return (
    <div>
      {text.split('\n').map((line, i) => {
        const n = from + i + 1;
        return (
          <div key={n} class="line" data-marked={String(n) === marked}>
            <a href={withParams({ line: String(n) })} onClick={(e) => { e.preventDefault(); setParams({ line: String(n) }, 'replace'); }}>{n}</a>
            <span>{spans(line).map((s, at) => <span key={at} class={s.classes || undefined}>{found(s.text, find)}</span>)}</span>
          </div>
        );
      })}
    </div>
  );
});

function found(text: string, find: string) {
  if (!find) return text;
  const at = text.toLowerCase().indexOf(find);
  return at < 0 ? text : <>{text.slice(0, at)}<mark>{text.slice(at, at + find.length)}</mark>{text.slice(at + find.length)}</>;
}
