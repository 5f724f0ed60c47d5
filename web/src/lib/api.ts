// The way to the API: JSON in, JSON out, problems as errors.
import type { Problem } from './types';

const BASE = '/api/v1/';

export class ApiError extends Error {
  constructor(readonly problem: Problem, readonly status: number) {
    super(problem.detail ?? problem.message ?? problem.code);
    this.name = 'ApiError';
  }
  get hint(): string | undefined { return this.problem.hint; }
  get field(): string | undefined { return this.problem.field; }
}

// Nobody answered: the server is away, or the network.
export class Unreachable extends Error {
  constructor(cause: unknown) {
    super('unreachable', { cause });
    this.name = 'Unreachable';
  }
}

type Listener = () => void;
const signedOut = new Set<Listener>();

// onSignedOut tells when an answer says that the session is no more.
export function onSignedOut(listener: Listener): void { signedOut.add(listener); }

export async function request(path: string, init: RequestInit = {}): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(BASE + path, { credentials: 'same-origin', ...init });
  } catch (cause) {
    if (init.signal?.aborted) throw cause;
    throw new Unreachable(cause);
  }
  if (answer.ok || answer.status === 304) return answer;
  const problem = await problemOf(answer);
  if (answer.status === 401 && path !== 'session') signedOut.forEach((tell) => tell());
  throw new ApiError(problem, answer.status);
}

async function problemOf(answer: Response): Promise<Problem> {
  try {
    return await answer.json() as Problem;
  } catch {
    return { code: 'unknown', detail: `${answer.status} ${answer.statusText}` };
  }
}

// What was read last, by path: what has not changed is not sent again, and is
// the same object, which nothing is drawn anew for.
const kept = new Map<string, { etag: string; data: unknown }>();
const KEPT = 30;

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const had = kept.get(path);
  const answer = await request(path, { ...(signal ? { signal } : {}), ...(had ? { headers: { 'If-None-Match': had.etag } } : {}) });
  if (answer.status === 304 && had) return had.data as T;
  const data = await answer.json() as T;
  const etag = answer.headers.get('ETag');
  kept.delete(path);
  if (etag) kept.set(path, { etag, data });
  if (kept.size > KEPT) kept.delete(kept.keys().next().value!);
  return data;
}

export async function send<T>(method: 'POST' | 'DELETE', path: string, body?: unknown, headers: Record<string, string> = {}): Promise<T> {
  const answer = await request(path, {
    method,
    headers: body === undefined ? headers : { 'Content-Type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return await answer.json() as T;
}

export const post = <T>(path: string, body?: unknown, headers?: Record<string, string>): Promise<T> => send<T>('POST', path, body, headers);

// query writes what is not empty, lists as repetitions.
export function query(params: Record<string, string | number | boolean | readonly string[] | undefined>): string {
  const out = new URLSearchParams();
  for (const [key, value] of Object.entries(params)) {
    if (value === undefined || value === '' || value === false) continue;
    if (Array.isArray(value)) value.forEach((one) => out.append(key, String(one)));
    else out.set(key, String(value));
  }
  const text = out.toString();
  return text && `?${text}`;
}

// newId is a UUIDv7: time first, so that ids sort as jobs were made.
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const now = Date.now();
  for (let i = 0; i < 6; i++) bytes[i] = Math.floor(now / 2 ** (8 * (5 - i))) % 256;
  bytes[6] = 0x70 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  const hex = Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
