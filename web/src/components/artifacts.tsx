// Files that a job left. They come as attachments; a picture is shown only when
// its first bytes say that it is one, from memory, as nothing but a picture.
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { t } from '../i18n';
import { request } from '../lib/api';
import { bytes } from '../lib/format';
import { useResource } from '../lib/resource';
import { displayOf, type FileEntry, type Job } from '../lib/types';
import { Section } from './basics';
import { Icon } from './icon';

const LARGEST_PICTURE = 16 << 20;
const PICTURES = 4; // shown at once

export function Artifacts({ job }: { job: Job }) {
  const kept = (job.result ?? job.attempts?.at(-1)?.result)?.artifacts;
  const url = kept && kept.files > 0 ? `jobs/${displayOf(job)}/artifacts` : undefined;
  const { value } = useResource<{ items: FileEntry[]; problem?: string }>(url, { of: () => false });
  const files = value.value.data?.items ?? [];
  const problem = kept?.problem;
  if (!kept && !problem) return null;
  const link = (f: FileEntry) => `/api/v1/jobs/${displayOf(job)}/artifacts/${f.path.split('/').map(encodeURIComponent).join('/')}`;
  const pictures = files.filter((f) => /\.(png|jpe?g|gif|webp)$/i.test(f.path) && f.size_bytes <= LARGEST_PICTURE).slice(0, PICTURES);
  return (
    <Section title={t('result.files')}>
      {problem && <p class="notice notice-warn">{t('result.files.problem', { why: problem })}</p>}
      {pictures.map((f) => <Picture key={f.path} file={f} url={link(f).slice('/api/v1/'.length)} />)}
      {kept && kept.files === 0 && <p class="muted">{t('result.files.empty')}</p>}
      <ul class="stack">
        {files.slice(0, 200).map((f) => (
          <li key={f.path}><Icon name="download" size={15} /> <a href={link(f)} download>{f.path}</a> <span class="muted number">{bytes(f.size_bytes)}</span></li>
        ))}
      </ul>
    </Section>
  );
}

// The kinds of picture that are shown, by how they begin. No SVG: it can hold
// scripts.
const KINDS: [string, number[]][] = [
  ['image/png', [0x89, 0x50, 0x4e, 0x47]],
  ['image/jpeg', [0xff, 0xd8, 0xff]],
  ['image/gif', [0x47, 0x49, 0x46, 0x38]],
  ['image/webp', [0x52, 0x49, 0x46, 0x46]],
];

function Picture({ file, url }: { file: FileEntry; url: string }) {
  const source = useSignal('');
  useEffect(() => {
    const control = new AbortController();
    let made = '';
    const load = async () => {
      const answer = await request(url, { signal: control.signal });
      const data = await answer.arrayBuffer();
      const begin = new Uint8Array(data, 0, Math.min(4, data.byteLength));
      const kind = KINDS.find(([, magic]) => magic.every((b, i) => begin[i] === b));
      if (!kind) return;
      made = URL.createObjectURL(new Blob([data], { type: kind[0] }));
      source.value = made;
    };
    load().catch(() => undefined); // the file is in the list all the same
    return () => { control.abort(); if (made) URL.revokeObjectURL(made); };
  }, [url]);
  if (!source.value) return null;
  return (
    <figure class="picture">
      <img src={source.value} alt={t('result.image', { name: file.path })} />
      <figcaption class="muted">{file.path}</figcaption>
    </figure>
  );
}
