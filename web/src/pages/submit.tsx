import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { Command, Empty, Loading, Section, Trouble } from '../components/basics';
import { ParamField } from '../components/field';
import { Icon } from '../components/icon';
import { Preview } from '../components/preview';
import { toast } from '../components/toasts';
import { maybe, t, type Key } from '../i18n';
import { aboutType } from '../i18n/params';
import { ApiError, get, newId, post } from '../lib/api';
import { asCli, asCurl } from '../lib/commands';
import { useResource } from '../lib/resource';
import { address, navigate, param, setParams } from '../lib/router';
import { at, BadInput, fieldsOf, put, read, write, type Field } from '../lib/schema';
import type { Device, Job, JobType, Json, Page, Spec, Submitted } from '../lib/types';

const TYPES_EVERY = 60_000;

export function Submit({ type: name }: { type: string | undefined }) {
  const { value } = useResource<Page<JobType>>('types', { every: TYPES_EVERY, of: () => false });
  const { data, error, at: readAt } = value.value;
  const types = data?.items ?? [];
  const type = types.find((one) => one.name === (name ?? 'exec'));
  return (
    <>
      <div class="page-head"><h1>{t('submit.title')}</h1></div>
      {error && <Trouble error={error} at={readAt} />}
      {!data && !error && <Loading />}
      <nav class="types" aria-label={t('submit.type')}>
        {types.map((one) => (
          <a key={one.name} class="type" href={`/submit/${encodeURIComponent(one.name)}`} aria-current={one === type ? 'true' : undefined}>
            <strong>{one.name}</strong><span>{aboutType(one.name, one.summary)}</span>
          </a>
        ))}
      </nav>
      {data && !type && <Empty icon="help" title={t('submit.unknownType', { name: name ?? '' })} />}
      {type && <Form key={type.name} type={type} />}
    </>
  );
}

// Own fields of a spec that the form offers. They stand in the address by
// their names, parameters of the type as p.NAME: a link fills the form in.
const OWN: { name: keyof Spec & string; label: Key; kind: 'text' | 'number' }[] = [
  { name: 'name', label: 'submit.name', kind: 'text' },
  { name: 'queue', label: 'submit.queue', kind: 'text' },
];
const LIMITS: typeof OWN = [
  { name: 'gpus', label: 'submit.gpus', kind: 'number' },
  { name: 'cpus', label: 'submit.cpus', kind: 'number' },
  { name: 'memory_mib', label: 'submit.memory', kind: 'number' },
  { name: 'priority', label: 'submit.priority', kind: 'number' },
  { name: 'retries', label: 'submit.retries', kind: 'number' },
  { name: 'time_limit_seconds', label: 'submit.timeLimit', kind: 'number' },
];

// incomplete tells what would be refused for sure: it is not tried yet.
const incomplete = (type: JobType, fields: Field[]): boolean =>
  fields.some((f) => f.required && !param(`p.${f.name}`)) || (type.name === 'exec' && !param('p.command') && !param('p.script'));

interface Draft { spec: Spec; bad: Record<string, string> }

// draftOf makes a spec of what the address holds.
function draftOf(type: JobType, fields: Field[]): Draft {
  const spec: Spec = { type: type.name };
  const bad: Record<string, string> = {};
  const values: Record<string, Json> = {};
  for (const field of fields) {
    try {
      const value = read(field, param(`p.${field.name}`));
      if (value !== undefined) put(values, field.name, value);
    } catch (e) {
      if (!(e instanceof BadInput)) throw e;
      bad[`params.${field.name}`] = e.message;
    }
  }
  if (Object.keys(values).length > 0) spec.params = values;
  for (const { name, kind } of [...OWN, ...LIMITS]) {
    const text = param(name);
    if (text === '') continue;
    const n = Number(text);
    if (kind === 'number' && !Number.isFinite(n)) bad[name] = t('submit.badNumber');
    else if (name === 'memory_mib') spec.memory_bytes = Math.round(n * 2 ** 20);
    else spec[name] = kind === 'number' ? n : text;
  }
  if (param('device')) spec.device = param('device') as Device;
  if (param('engine')) spec.engine = param('engine');
  return { spec, bad };
}

function Form({ type }: { type: JobType }) {
  const fields = fieldsOf(type.schema);
  const draft = draftOf(type, fields);
  const refused = useSignal<ApiError | undefined>(undefined);
  const warning = useSignal<Submitted | undefined>(undefined);
  const busy = useSignal(false);
  useFrom(type, fields);
  const set = (name: string) => (text: string) => { refused.value = undefined; setParams({ [name]: text }, 'replace'); };
  const badOf = (field: string) => draft.bad[field] ?? (refused.value?.field === field ? refused.value.message : undefined);
  const submit = async (e: SubmitEvent) => {
    e.preventDefault();
    const copies = Math.max(1, Math.min(1000, Number(param('copies')) || 1));
    busy.value = true;
    refused.value = warning.value = undefined;
    try {
      await handIn(draft.spec, copies, warning);
    } catch (error) {
      if (error instanceof ApiError) refused.value = error;
      else toast(t('app.unreachable'), { good: false });
    } finally {
      busy.value = false;
    }
  };
  return (
    <form class="grid" onSubmit={(e) => void submit(e)} noValidate>
      <div class="span-8 stack">
        <Section title={t('submit.params')} aside={type.example !== undefined && (
          <button type="button" class="button button-quiet" onClick={() => fill(fields, type.example as Record<string, Json>)}>{t('submit.example')}</button>
        )}>
          <p class="muted">{aboutType(type.name, type.schema.description ?? type.summary)}</p>
          <div class="fields">
            {fields.map((field) => (
              <ParamField key={field.name} field={field} type={type.name} text={param(`p.${field.name}`)}
                bad={badOf(`params.${field.name}`)} set={set(`p.${field.name}`)} />
            ))}
          </div>
        </Section>
        <Section title={t('submit.job')}>
          <div class="fields">
            {OWN.map((one) => <Own key={one.name} {...one} bad={badOf(one.name)} set={set(one.name)} />)}
            <Choice name="device" label={t('submit.device')} none={t('app.default', { value: t('device.any') })}
              choices={['cpu', 'gpu', 'any'].map((d) => [d, maybe('device', d)])} set={set('device')} />
            {(type.engines?.length ?? 0) > 1 && <Choice name="engine" label={t('submit.engine')} none={t('submit.engine.any')}
              choices={type.engines!.map((x) => [x, x])} set={set('engine')} />}
            <Own name="copies" label="submit.count" kind="number" bad={undefined} set={set('copies')} />
          </div>
          <details open={LIMITS.some((l) => param(l.name) !== '')}>
            <summary class="more">{t('submit.more')}</summary>
            <div class="fields">{LIMITS.map((one) => <Own key={one.name} {...one} bad={badOf(one.name)} set={set(one.name)} />)}</div>
          </details>
        </Section>
        {refused.value && <Refusal error={refused.value} />}
        {warning.value && (
          <div class="notice notice-warn" role="alert"><Icon name="lost" /><div>
            <strong>{t('submit.warning')}</strong> <a href={`/jobs/${warning.value.number}`}>{t('job.title', { job: warning.value.number ?? '' })}</a>
            <p lang="en">{warning.value.warning}</p>
          </div></div>
        )}
        <div class="actions">
          <button class="button button-main" id="submit" disabled={busy.value || Object.keys(draft.bad).length > 0}><Icon name="play" size={15} />{t(busy.value ? 'submit.busy' : 'submit.do')}</button>
          <a class="button button-quiet" href={address.value.pathname}>{t('submit.reset')}</a>
        </div>
      </div>
      <div class="span-4 submit-side stack">
        <Preview spec={draft.spec} bad={Object.keys(draft.bad).length > 0 || incomplete(type, fields)} />
        <Section title={t('submit.same')}>
          <h3>{t('submit.cli')}</h3><Command text={asCli(draft.spec)} />
          <h3>{t('submit.curl')}</h3><Command text={asCurl(draft.spec)} />
        </Section>
      </div>
    </form>
  );
}

function Refusal({ error }: { error: ApiError }) {
  return (
    <div class="notice notice-bad" role="alert"><Icon name="lost" /><div>
      <strong>{error.field ? `${error.field}: ` : ''}<span lang="en">{error.message}</span></strong>
      {error.hint && <p lang="en">{error.hint}</p>}
    </div></div>
  );
}

async function handIn(spec: Spec, copies: number, warning: { value: Submitted | undefined }): Promise<void> {
  if (copies === 1) {
    const done = await post<Submitted>('jobs', { id: newId(), spec });
    if (done.warning) warning.value = done;
    else if (done.number) navigate(`/jobs/${done.number}`);
    toast(done.number ? t('submit.accepted', { job: done.number }) : t('submit.submitted'));
    return;
  }
  const jobs = Array.from({ length: copies }, () => ({ id: newId(), spec }));
  const { jobs: done } = await post<{ jobs: Submitted[] }>('jobs', { jobs });
  const bad = done.find((d) => d.error);
  if (bad?.error) throw new ApiError(bad.error, 422);
  toast(t('submit.accepted.many', { n: done.length }));
  navigate('/jobs');
}

function fill(fields: Field[], values: Record<string, Json>): void {
  setParams(Object.fromEntries(fields.map((f) => [`p.${f.name}`, write(f, at(values, f.name))])), 'replace');
}

// useFrom fills the form with what another job asked for.
function useFrom(type: JobType, fields: Field[]): void {
  const from = param('from');
  useEffect(() => {
    if (!from) return;
    void get<Job>(`jobs/${from}`).then(({ spec }) => {
      if (spec.type !== type.name) return;
      fill(fields, (spec.params ?? {}) as Record<string, Json>);
      const own: Record<string, string> = { from: '' };
      for (const { name } of [...OWN, ...LIMITS]) if (spec[name] !== undefined) own[name] = String(spec[name]);
      for (const name of ['device', 'engine'] as const) if (spec[name]) own[name] = String(spec[name]);
      if (spec.memory_bytes) own['memory_mib'] = String(spec.memory_bytes / 2 ** 20);
      setParams(own, 'replace');
    }).catch(() => setParams({ from: '' }, 'replace'));
  }, [from]);
}

function Own({ name, label, kind, bad, set }: { name: string; label: Key; kind: 'text' | 'number'; bad: string | undefined; set: (text: string) => void }) {
  return (
    <label class="field">
      <span class="field-name">{t(label)} <span class="muted">{t('app.optional')}</span></span>
      <input name={name} value={param(name)} autocomplete="off" spellcheck={false} inputMode={kind === 'number' ? 'decimal' : 'text'}
        aria-invalid={bad ? true : undefined} onInput={(e) => set(e.currentTarget.value)} />
      {bad && <span class="field-bad" role="alert">{bad}</span>}
    </label>
  );
}

function Choice({ name, label, none, choices, set }: { name: string; label: string; none: string; choices: [string, string][]; set: (text: string) => void }) {
  return (
    <label class="field">
      <span class="field-name">{label}</span>
      <select name={name} value={param(name)} onChange={(e) => set(e.currentTarget.value)}>
        <option value="">{none}</option>
        {choices.map(([value, text]) => <option key={value} value={value}>{text}</option>)}
      </select>
    </label>
  );
}
