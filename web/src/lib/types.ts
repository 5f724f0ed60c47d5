// What the API answers: the vocabulary of package turno, field for field.
// docs/openapi.json describes it. Enums may grow: unknown values are shown as
// they are.

export type State =
  | 'held' | 'queued' | 'starting' | 'running' | 'stopping'
  | 'succeeded' | 'failed' | 'cancelled' | 'lost';

export const STATES: readonly State[] =
  ['held', 'queued', 'starting', 'running', 'stopping', 'succeeded', 'failed', 'cancelled', 'lost'];
export const WAITING: readonly State[] = ['held', 'queued'];
export const ACTIVE: readonly State[] = ['starting', 'running', 'stopping'];
export const LIVE: readonly State[] = [...WAITING, ...ACTIVE];
export const ENDED: readonly State[] = ['succeeded', 'failed', 'cancelled', 'lost'];

export const hasEnded = (s: State): boolean => ENDED.includes(s);
export const isActive = (s: State): boolean => ACTIVE.includes(s);

export type Device = 'cpu' | 'gpu' | 'any';

export interface Spec {
  name?: string;
  queue?: string;
  user?: string;
  labels?: Record<string, string>;
  type: string;
  params?: Json;
  engine?: string;
  device?: Device;
  gpus?: number;
  gpu_model?: string;
  gpu_memory_bytes?: number;
  cpus?: number;
  memory_bytes?: number;
  priority?: number;
  retries?: number;
  time_limit_seconds?: number;
  hold?: boolean;
  webhook?: string;
  array?: string;
  after?: { job: string; when: string }[];
  [field: string]: unknown;
}

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export interface FileEntry { path: string; hash?: string; size_bytes: number }

export interface GPUUse {
  uuid: string; model: string; simulated?: boolean; looks: number; seconds: number;
  utilisation_mean_percent: number; utilisation_peak_percent: number; memory_mean_bytes: number; memory_peak_bytes: number;
  watts_mean: number; watts_peak: number; joules: number; celsius_peak: number; throttled?: string[];
}

export interface Result {
  state: State;
  reason: string;
  message?: string;
  exit_code: number;
  signal?: string;
  device?: Device;
  simulated?: boolean;
  output?: Json;
  log_bytes?: number;
  user_cpu_seconds?: number;
  system_cpu_seconds?: number;
  max_memory_bytes?: number;
  gpus?: GPUUse[];
  artifacts?: { manifest: string; files: number; size_bytes: number; list?: FileEntry[]; problem?: string };
}

export interface Attempt {
  number: number;
  worker: string;
  device: Device;
  gpus?: string[];
  ahead?: boolean;
  assigned_at?: string;
  started_at?: string;
  ended_at?: string;
  result?: Result;
  log_bytes?: number;
}

export interface TaskCount { total: number; waiting?: string; active: number; ended?: Partial<Record<State, number>> }

export interface Job {
  id: string;
  number: number;
  parent?: number;
  task?: number;
  tasks?: TaskCount;
  spec: Spec;
  state: State;
  reason: string;
  detail?: string;
  since: string;
  submitted_at: string;
  started_at?: string;
  ended_at?: string;
  not_until?: string;
  attempt?: number;
  attempts?: Attempt[];
  result?: Result;
  retry_of?: number;
  webhook?: { state: string; tries?: number; due?: string; last_at?: string; status?: number; error?: string };
}

// How many jobs a filter selects, and how many it would with another value of each.
export interface Facets {
  count: number; states: Partial<Record<State, number>>;
  queues: Record<string, number>; users: Record<string, number>; types: Record<string, number>; estimated?: boolean;
}

// What would become of a job.
export interface Preview { spec: Spec; starts_now: boolean; explanation: Explanation }

export interface Page<T> { items: T[]; next_cursor?: string }

export interface Block {
  reason: string; detail: string; workers?: number;
  asked?: string; free?: string; limit?: string; holder?: string[];
}

export interface Explanation {
  job: string; state: State; reason: string; summary: string; impossible?: boolean;
  blocks?: Block[]; position?: number; in_line?: number; workers: number; unblock?: string[];
  reserved_worker?: string; reserved_at?: string;
}

export interface Gpu {
  index: number; uuid: string; model: string; memory_bytes: number; pci?: string; simulated?: boolean; quarantine?: string;
}

export interface Offer { type: string; engine?: string; devices: Device[]; summary?: string }

export interface Worker {
  name: string;
  incarnation: string;
  machine: {
    hostname: string; version: string; os: string; arch: string; cpu_model?: string; cpus: number; memory_bytes: number;
    gpus?: Gpu[]; offers: Offer[]; runners?: { engine: string; state: string; mode: string; name?: string; reason?: string }[];
    isolation?: string; simulated?: boolean;
  };
  state: 'ready' | 'drained' | 'unreachable' | 'gone';
  drain?: string;
  since: string;
  seen_at?: string;
  cpus_used: number;
  memory_used_bytes: number;
  gpus_used?: string[];
  jobs?: string[];
  job_count: number;
}

export interface JobType {
  name: string; summary: string; devices: Device[]; schema: Schema; example?: Json; engines?: string[];
}

export interface Schema {
  title?: string; description?: string; type?: string | string[]; enum?: Json[]; default?: Json;
  properties?: Record<string, Schema>; required?: string[]; items?: Schema;
  minimum?: number; maximum?: number; exclusiveMinimum?: number; minLength?: number; maxLength?: number; minItems?: number; maxItems?: number;
}

export type StateCounts = Partial<Record<State, number>>;
export interface Summary { states: StateCounts; queues: Record<string, StateCounts>; users: Record<string, StateCounts> }

export interface Submitted { id: string; number?: number; warning?: string; error?: Problem }
export interface Acted { target: string; state?: string; error?: Problem }

export interface Problem { code: string; detail?: string; message?: string; field?: string; hint?: string; status?: number }

export type Role = 'admin' | 'operator' | 'submitter' | 'viewer' | 'worker' | 'metrics' | 'join' | 'joined';

export interface Token {
  id: string; name: string; user: string; roles: Role[]; file?: boolean;
  created_at?: string; expires_at?: string; revoked_at?: string; last_used_at?: string; last_used_from?: string;
}
// join is, of a token to join with, what turno join takes.
export interface MadeToken extends Token { secret: string; join?: string }

export interface Session { signed_in: boolean; user?: string; roles?: Role[]; token_id?: string; expires_at?: string; instance: string; version: string }

export interface JobEvent {
  revision: number; reset?: boolean; number?: number; parent?: number; task?: number; name?: string;
  queue?: string; type?: string; state?: State; reason?: string; worker?: string; at?: string;
}

export interface Spread { mean: number; p50: number; p95: number }
export interface Estimate { n: number; median: number; low: number; high: number; confidence: number }
export interface Group {
  type: string; device: Device; engine?: string; size?: number; size_unit?: string; kernel_seconds: Estimate; total_seconds: Estimate;
}
export interface SpeedUp {
  type: string; size?: number; size_unit?: string; ratio: number; low: number; high: number; confidence: number; cpu_runs: number; gpu_runs: number;
}
export interface Statistics {
  jobs: number; since?: string; simulated: number; wait_seconds: Spread; run_seconds: Spread;
  types: { type: string; jobs: number; gpu: number }[]; groups: Group[]; speed_ups: SpeedUp[];
}

export interface Timeseries {
  step_seconds: number; at: number[]; waiting: number[]; active: number[]; cpus_used: number[]; cpus: number[];
  gpus_used: number[]; gpus: number[]; ended_per_second: number[];
}

export interface MatchCount { count: number; more?: boolean; states: StateCounts }
export interface BulkDone { matched: number; done: number; refused: number; errors?: Acted[] }

// What users see: 42, or 42_7 for a task. A task that has not started has no
// number of its own.
export function displayOf(job: Job): string {
  return job.parent ? `${job.parent}_${job.task ?? 0}` : String(job.number);
}

export type BenchmarkState = 'running' | 'finished' | 'interrupted' | 'failed' | 'silent';
export interface Benchmark {
  id: string; user: string; state: BenchmarkState; suite: string; worker: string; hosted?: boolean; stopping?: boolean; detail?: string;
  turno: string; host: string; cpu?: string; cpus: number; gpu?: string; simulated?: boolean;
  at: string; updated_at: string; seconds: number; cases: number; samples: number; excluded: number; bytes: number; sha256: string;
  progress?: { case: string; blocks: number; half_width: number; done: number; total: number; left_seconds: number };
}
export type Phase = 'kernel' | 'device' | 'end_to_end';
export interface Times { n: number; median: number; ci_lo: number; ci_hi: number; confidence: number; mad: number; min: number; max: number; p95: number }
export interface FoundRow {
  case: string; type: string; size?: number; size_name?: string; side: string; side_name: string; device: Device; phase: Phase; phase_name: string;
  times: Times; cold?: number; verified: boolean; values: number[]; badges: { code: string; n?: number }[];
  speed_up?: { against: string; against_name: string; ratio: number; ci_lo: number; ci_hi: number; n: number; p_adj: number; claimable: boolean; shown: boolean; sentence: string };
}
export interface Findings {
  summary: string[] | null; notes: string[]; rows: FoundRow[]; exclusions: { case: string; side: string; reason: string; words: string; n: number; detail?: string }[];
  left_out: string[] | null; stops: string[]; queue: { device: string; times: Times; sentence: string }[]; environment: { name: string; value: string }[];
  method: string[]; threats: string[]; sessions: string[]; command: string; charts: { name: string; title: string; caption: string }[];
}
export interface VerdictRow {
  case: string; side: string; side_name: string; phase: Phase; phase_name: string; a: Times; b: Times;
  ratio: { n: number; value: number; ci_lo: number; ci_hi: number }; p_adj: number; verdict: 'slower' | 'quicker' | 'none' | 'few'; words: string;
}
export interface Verdict {
  summary: string[]; level: number; real: number; rows: VerdictRow[]; environment: { name: string; a: string; b: string }[]; missing: string[] | null;
}
