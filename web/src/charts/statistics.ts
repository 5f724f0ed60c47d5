// What the charts of the jobs that ran are made of.
import { useResource } from '../lib/resource';
import { hasEnded, type Statistics } from '../lib/types';

const CALM = 3000;

export function useStatistics() {
  return useResource<Statistics>('statistics', { calm: CALM, of: (e) => !!e.state && hasEnded(e.state) }).value.value;
}
