import { t } from '../i18n';

export function Benchmarks() {
  return <div class="page-head"><h1>{t('benchmarks.title')}</h1></div>;
}
