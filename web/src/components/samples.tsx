// Buttons that hand in the example of each type: a new person's first job is
// one click away. Types that no worker can run now are left out.
import { useSignal } from '@preact/signals';
import { newId, post } from '../lib/api';
import { t } from '../i18n';
import { navigate } from '../lib/router';
import { useResource } from '../lib/resource';
import type { JobType, Page, Submitted } from '../lib/types';
import { toast, toastError } from './toasts';
import { Icon } from './icon';

const TYPES_EVERY = 60_000;

export function Samples() {
  const types = useResource<Page<JobType>>('types', { every: TYPES_EVERY, of: () => false }).value.value.data?.items ?? [];
  const busy = useSignal('');
  const run = async (type: JobType) => {
    busy.value = type.name;
    try {
      const spec = { type: type.name, name: `sample-${type.name}`, params: type.example };
      const done = await post<Submitted>('jobs', { id: newId(), spec });
      if (done.number) {
        toast(t('submit.accepted', { job: done.number }));
        navigate(`/jobs/${done.number}`);
      }
    } catch (e) {
      toastError(e);
    } finally {
      busy.value = '';
    }
  };
  return (
    <div class="samples">
      {types.filter((type) => type.example !== undefined && (type.engines?.length ?? 0) > 0 && type.name !== 'exec' && type.name !== 'noop').map((type) => (
        <button key={type.name} type="button" class="button" title={type.summary} disabled={busy.value !== ''} onClick={() => void run(type)}>
          <Icon name={busy.value === type.name ? 'spin' : 'play'} size={15} />{type.name}
        </button>
      ))}
    </div>
  );
}
