import { useSignal } from '@preact/signals';
import { Command, Dialog, Empty, Facts, Loading, Meter, Since, Trouble } from '../components/basics';
import { Icon } from '../components/icon';
import { WorkerBadge } from '../components/state';
import { toastError } from '../components/toasts';
import { t } from '../i18n';
import { post } from '../lib/api';
import { bytes } from '../lib/format';
import { useResource } from '../lib/resource';
import { mayOperate } from '../lib/session';
import type { Gpu, Page, Worker } from '../lib/types';

const EVERY = 2000;

export function Workers({ only }: { only: string | undefined }) {
  const { value, refresh } = useResource<Page<Worker>>('workers', { every: EVERY });
  const { data, error, at } = value.value;
  const workers = (data?.items ?? []).filter((w) => only === undefined || w.name === only);
  return (
    <>
      <div class="page-head">
        <h1>{only ?? t('workers.title')}</h1>
        {only !== undefined && <a class="button button-quiet" href="/workers">{t('workers.title')}</a>}
      </div>
      {error && <Trouble error={error} at={at} />}
      {!data && !error && <Loading />}
      {data && workers.length === 0 && (
        <section class="card">
          <Empty icon="workers" title={t('workers.none')}>
            <p>{t('overview.noWorkers.help')}</p>
            <Command text="turno worker --broker amqp://USER:PASSWORD@HOST/" />
          </Empty>
        </section>
      )}
      {workers.map((w) => <WorkerCard key={w.name} worker={w} refresh={refresh} />)}
    </>
  );
}

function WorkerCard({ worker, refresh }: { worker: Worker; refresh: () => void }) {
  const { machine } = worker;
  const gpus = machine.gpus ?? [];
  return (
    <section class="card worker-card" data-worker={worker.name} data-state={worker.state}>
      <div class="page-head">
        <h2><a href={`/workers/${encodeURIComponent(worker.name)}`}>{worker.name}</a></h2>
        <WorkerBadge state={worker.state} />
        {machine.simulated && <span class="tag tag-warn" title={t('simulated.help')}>{t('simulated')}</span>}
        {worker.drain && <span class="muted">{worker.drain}</span>}
        <span class="spacer" />
        {mayOperate() && <DrainButton worker={worker} refresh={refresh} />}
      </div>
      <div class="usage">
        <Usage name={t('workers.cpus')} used={worker.cpus_used} all={machine.cpus} write={(n) => String(Math.round(n * 10) / 10)} />
        <Usage name={t('workers.memory')} used={worker.memory_used_bytes} all={machine.memory_bytes} write={bytes} />
        <Usage name={t('workers.gpus')} used={worker.gpus_used?.length ?? 0} all={gpus.length} write={String} />
      </div>
      {gpus.length > 0 && (
        <div class="gpu-list">
          {gpus.map((g) => <GpuCard key={g.uuid} gpu={g} busy={worker.gpus_used?.includes(g.uuid) ?? false} />)}
        </div>
      )}
      <Facts items={[
        [t('workers.jobs'), worker.job_count === 0 ? t('workers.jobs.none') : (
          <>
            {(worker.jobs ?? []).map((job) => <><a key={job} href={`/jobs/${job}`}>{job}</a> </>)}
            {worker.job_count > (worker.jobs?.length ?? 0) && <span class="muted">{t('workers.more', { n: worker.job_count - (worker.jobs?.length ?? 0) })}</span>}
          </>
        )],
        [t('workers.seen'), <Since time={worker.seen_at} />],
        [t('workers.offers'), offersOf(worker)],
        ['CPU', machine.cpu_model],
        [t('workers.version'), `${machine.version} · ${machine.os}/${machine.arch}`],
        [t('workers.isolation'), machine.isolation],
      ]} />
      {(machine.runners ?? []).filter((r) => r.state === 'failed').map((r) => (
        <p key={r.engine} class="notice notice-bad"><Icon name="lost" /><span>{t('attention.runner', { engine: r.engine, name: worker.name })}: <span lang="en">{r.reason}</span></span></p>
      ))}
    </section>
  );
}

function offersOf(worker: Worker): string {
  const names = new Set(worker.machine.offers.map((o) => (o.engine ? `${o.type} (${o.engine})` : o.type)));
  return [...names].join(', ');
}

function Usage({ name, used, all, write }: { name: string; used: number; all: number; write: (n: number) => string }) {
  const text = all > 0 ? t('tile.of', { used: write(used), all: write(all) }) : t('workers.noGpu');
  return (
    <div>
      <div class="usage-row"><span>{name}</span><span class="number muted">{text}</span></div>
      <Meter used={used} all={all} label={`${name}: ${text}`} />
    </div>
  );
}

function GpuCard({ gpu, busy }: { gpu: Gpu; busy: boolean }) {
  return (
    <div class="gpu" data-busy={busy}>
      <strong>{t('workers.gpu.label', { index: gpu.index })}</strong> <span class="muted">{gpu.model}</span>
      <div class="muted">{bytes(gpu.memory_bytes)} · {t(busy ? 'workers.gpu.busy' : 'workers.gpu.free')}</div>
      {gpu.quarantine && <div class="field-bad">{t('workers.gpu.quarantine', { why: gpu.quarantine })}</div>}
    </div>
  );
}

function DrainButton({ worker, refresh }: { worker: Worker; refresh: () => void }) {
  const asking = useSignal(false);
  const why = useSignal('');
  const order = async (verb: 'drain' | 'undrain') => {
    asking.value = false;
    try {
      await post(`workers/${encodeURIComponent(worker.name)}/${verb}`, verb === 'drain' && why.value ? { message: why.value } : {});
      refresh();
    } catch (e) {
      toastError(e);
    }
  };
  if (worker.drain) return <button type="button" class="button" onClick={() => void order('undrain')}>{t('verb.undrain')}</button>;
  return (
    <>
      <button type="button" class="button" onClick={() => { asking.value = true; }}>{t('verb.drain')}</button>
      {asking.value && (
        <Dialog title={t('workers.drain.title', { name: worker.name })} onClose={() => { asking.value = false; }}>
          <form onSubmit={(e) => { e.preventDefault(); void order('drain'); }}>
            <p>{t('workers.drain.help')}</p>
            <label class="field">
              <span class="field-name">{t('workers.drain.why')}</span>
              <input value={why} maxLength={200} onInput={(e) => { why.value = e.currentTarget.value; }} />
            </label>
            <div class="actions">
              <button type="button" class="button" onClick={() => { asking.value = false; }}>{t('app.cancel')}</button>
              <button class="button button-main" id="confirm">{t('verb.drain')}</button>
            </div>
          </form>
        </Dialog>
      )}
    </>
  );
}
