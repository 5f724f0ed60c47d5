import { useSignal } from '@preact/signals';
import { Artifacts } from '../components/artifacts';
import { AttemptTable } from '../components/attempts';
import { CopyButton, Dialog, Empty, Facts, Loading, Meter, Moment, Section, Trouble } from '../components/basics';
import { Icon } from '../components/icon';
import { JsonTree } from '../components/json';
import { LogView } from '../components/log';
import { ResultView } from '../components/result';
import { StateBadge } from '../components/state';
import { Timeline } from '../components/timeline';
import { toast, toastError } from '../components/toasts';
import { Why } from '../components/why';
import { maybe, t, type Key } from '../i18n';
import { ApiError, newId, post } from '../lib/api';
import { asCli, asCurl } from '../lib/commands';
import { duration, secondsBetween } from '../lib/format';
import { useKeys } from '../lib/keys';
import { now } from '../lib/live';
import { useResource } from '../lib/resource';
import { navigate, param, withParams } from '../lib/router';
import { mayOrder } from '../lib/session';
import { displayOf, hasEnded, isActive, WAITING, type Job, type Json, type Submitted } from '../lib/types';

const TABS = ['log', 'result', 'attempts', 'spec'] as const;
type Tab = typeof TABS[number];

// RUNNING_EVERY: progress is in a job's detail, which is no change of its own.
const RUNNING_EVERY = 2000;

export function JobPage({ reference }: { reference: string }) {
  const { value, refresh } = useResource<Job>(`jobs/${encodeURIComponent(reference)}`, {
    every: RUNNING_EVERY, calm: 300,
    of: (e) => String(e.number) === reference || `${e.parent}_${e.task ?? 0}` === reference || String(e.parent) === reference,
  });
  const { data: job, error, at } = value.value;
  const step = (by: number) => { if (job && !job.parent && job.number + by > 0) navigate(`/jobs/${job.number + by}`); };
  useKeys({ '[': () => step(-1), ']': () => step(1), r: () => { if (job && hasEnded(job.state)) void retry(job); } });
  if (!job) {
    if (error instanceof ApiError && error.status === 404) {
      return <Empty icon="help" title={t('job.notFound', { job: reference })}><a class="button" href="/jobs">{t('nav.jobs')}</a></Empty>;
    }
    return error ? <Trouble error={error} at={at} /> : <Loading />;
  }
  return <JobView job={job} trouble={error && <Trouble error={error} at={at} />} refresh={refresh} />;
}

function JobView({ job, trouble, refresh }: { job: Job; trouble: preact.ComponentChildren; refresh: () => void }) {
  const otherwise: Tab = job.state === 'succeeded' && job.result?.output !== undefined ? 'result' : 'log';
  const tab = TABS.find((x) => x === param('tab')) ?? otherwise;
  const waiting = WAITING.includes(job.state);
  return (
    <>
      <Head job={job} refresh={refresh} />
      {trouble}
      <div class="grid">
        <div class="span-8 stack">
          {waiting && !job.tasks && <Why job={job} />}
          {!waiting && <Standing job={job} />}
          <section class="card">
            <nav class="tabs" aria-label={t('job.title', { job: displayOf(job) })}>
              {TABS.map((name) => (
                <a key={name} href={withParams({ tab: name, line: '' })} aria-current={tab === name ? 'page' : undefined}>{t(`job.tab.${name}` as Key)}</a>
              ))}
            </nav>
            <TabOf tab={tab} job={job} />
          </section>
        </div>
        <div class="span-4 stack">
          <Section title={t('timeline.title')}><Timeline job={job} /></Section>
          <About job={job} />
          {hasEnded(job.state) && !job.tasks && <Artifacts job={job} />}
        </div>
      </div>
    </>
  );
}

function TabOf({ tab, job }: { tab: Tab; job: Job }) {
  const attempt = Number(param('attempt')) || (job.attempt ?? 0);
  switch (tab) {
    case 'log': return <LogView job={displayOf(job)} attempt={attempt} started={attempt > 0} key={attempt} />;
    case 'result': return <ResultView result={job.result ?? job.attempts?.at(-1)?.result} />;
    case 'attempts': return <AttemptTable job={job} />;
    case 'spec': return <JsonTree value={job.spec as unknown as Json} />;
  }
}

function Head({ job, refresh }: { job: Job; refresh: () => void }) {
  const asking = useSignal(false);
  const mine = mayOrder(job.spec.user);
  const order = async (verb: 'cancel' | 'hold' | 'release' | 'requeue') => {
    try {
      await post(`jobs/${displayOf(job)}/${verb}`, {});
      refresh();
    } catch (e) {
      toastError(e);
    }
  };
  return (
    <div class="page-head">
      <div class="job-head">
        <h1>{t('job.title', { job: displayOf(job) })}{job.spec.name ? <span class="muted"> {job.spec.name}</span> : null}</h1>
        <span id="job-state" data-state={job.state}><StateBadge state={job.state} /></span>
        <span class="tag">{job.spec.type}</span>
        {job.result?.simulated && <span class="tag tag-warn" title={t('simulated.help')}>{t('simulated')}</span>}
      </div>
      <span class="spacer" />
      <div class="actions">
        {mine && job.state === 'queued' && <Order verb="hold" do={order} />}
        {mine && job.state === 'held' && <Order verb="release" do={order} />}
        {mine && isActive(job.state) && job.state !== 'stopping' && <Order verb="requeue" do={order} />}
        {mine && !hasEnded(job.state) && (
          <button type="button" class="button button-bad" onClick={() => { asking.value = true; }}><Icon name="stop" size={15} />{t('verb.cancel')}</button>
        )}
        {mine && hasEnded(job.state) && <button type="button" class="button" onClick={() => void retry(job)}><Icon name="spin" size={15} />{t('verb.retry')}</button>}
        <a class="button" href={`/submit/${encodeURIComponent(job.spec.type)}?from=${displayOf(job)}`}>{t('verb.clone')}</a>
        <CopyButton text={asCli(job.spec)} label={t('verb.copyCli')} />
        <CopyButton text={asCurl(job.spec)} label={t('verb.copyCurl')} />
      </div>
      {asking.value && (
        <Dialog title={t('verb.cancel.ask', { job: displayOf(job) })} onClose={() => { asking.value = false; }}>
          <div class="stack">
            <p>{t('verb.cancel.help')}</p>
            <div class="actions">
              <button type="button" class="button" onClick={() => { asking.value = false; }}>{t('verb.keep')}</button>
              <button type="button" class="button button-bad button-main" id="confirm" onClick={() => { asking.value = false; void order('cancel'); }}>{t('verb.cancel')}</button>
            </div>
          </div>
        </Dialog>
      )}
    </div>
  );
}

type Verb = 'cancel' | 'hold' | 'release' | 'requeue';
function Order({ verb, do: act }: { verb: Verb; do: (verb: Verb) => Promise<void> }) {
  return <button type="button" class="button" onClick={() => void act(verb)}>{t(`verb.${verb}`)}</button>;
}

async function retry(job: Job): Promise<void> {
  try {
    const done = await post<Submitted>(`jobs/${displayOf(job)}/retry`, undefined, { 'Idempotency-Key': newId() });
    toast(t('submit.accepted', { job: done.number ?? '' }));
    if (done.number) navigate(`/jobs/${done.number}`);
  } catch (e) {
    toastError(e);
  }
}

// Standing is where a job stands that does not wait: its reason in words, and
// how far it is.
function Standing({ job }: { job: Job }) {
  const percent = /(\d+(?:\.\d+)?)\s?%/.exec(job.detail ?? '');
  const fraction = percent ? Number(percent[1]) / 100 : undefined;
  const bad = job.state === 'failed' || job.state === 'lost';
  return (
    <div class={`notice ${bad ? 'notice-bad' : ''}`}>
      <div class="stack" id="standing">
        <span><strong>{maybe('reason', job.reason)}</strong>{isActive(job.state) && job.started_at && <span class="muted number"> · {duration(secondsBetween(job.started_at, now.value))}</span>}</span>
        {job.detail && <span class="job-reason" lang="en">{job.detail}</span>}
        {isActive(job.state) && fraction !== undefined && <div class="progress"><Meter used={fraction} all={1} label={t('job.progress')} /><span class="number">{Math.round(fraction * 100)} %</span></div>}
        {job.tasks && <TaskProgress job={job} />}
      </div>
    </div>
  );
}

function TaskProgress({ job }: { job: Job }) {
  const ended = Object.values(job.tasks?.ended ?? {}).reduce((a, b) => a + (b ?? 0), 0);
  const all = job.tasks?.total ?? 0;
  return (
    <>
      <div class="progress"><Meter used={ended} all={all} label={t('job.tasks')} /><span class="number">{t('jobs.tasks', { done: ended, all })}</span></div>
      <a href={`/jobs?state=all&parent=${job.number}`}>{t('job.tasks.list')}</a>
    </>
  );
}

// told says what has become of telling the job's end.
function told(job: Job): string {
  const w = job.webhook;
  if (!w) return t('webhook.later');
  return [maybe('webhook', w.state), w.tries && t('webhook.tries', { n: w.tries }), w.error].filter(Boolean).join(' · ');
}

function About({ job }: { job: Job }) {
  const last = job.attempts?.at(-1);
  return (
    <section class="card">
      <Facts items={[
        [t('job.submitted'), <Moment time={job.submitted_at} />],
        [t('job.started'), job.started_at && <Moment time={job.started_at} />],
        [t('job.ended'), job.ended_at && <Moment time={job.ended_at} />],
        [t('job.user'), job.spec.user],
        [t('job.queue'), job.spec.queue],
        [t('job.worker'), last && <a href={`/workers/${encodeURIComponent(last.worker)}`}>{last.worker}</a>],
        [t('job.device'), maybe('device', last?.device ?? job.spec.device ?? 'any')],
        [t('job.attempt'), job.attempt],
        [t('job.priority'), job.spec.priority],
        [t('job.webhook'), job.spec.webhook && told(job)],
        [t('job.tasks'), job.tasks && <a href={`/jobs?state=all&parent=${job.number}`}>{t('job.tasks.list')}</a>],
      ]} />
      {job.retry_of !== undefined && <a href={`/jobs/${job.retry_of}`}>{t('job.retryOf', { job: job.retry_of })}</a>}
      {job.parent !== undefined && <a href={`/jobs/${job.parent}`}>{t('job.partOf', { job: job.parent })}</a>}
      {Object.keys(job.spec.labels ?? {}).length > 0 && (
        <div class="chips">{Object.entries(job.spec.labels ?? {}).map(([k, v]) => <span key={k} class="tag">{k}={v}</span>)}</div>
      )}
    </section>
  );
}
