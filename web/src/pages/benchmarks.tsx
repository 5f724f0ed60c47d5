import { SizesChart, SpeedUpChart, TimesChart, TypesChart } from '../charts/benchmarks';
import { Loading, Section, Trouble } from '../components/basics';
import { Samples } from '../components/samples';
import { t } from '../i18n';
import { useStatistics } from '../charts/statistics';

export function Benchmarks() {
  const { data, error, at } = useStatistics();
  return (
    <>
      <div class="page-head"><h1>{t('benchmarks.title')}</h1></div>
      {error && <Trouble error={error} at={at} />}
      {!data && !error && <Loading />}
      {data && (
        <>
          <p class="muted">{t('chart.of', { n: data.jobs })} {data.simulated > 0 && t('chart.simulated', { n: data.simulated })}</p>
          <div class="grid">
            <div class="span-6"><SpeedUpChart of={data} /></div>
            <div class="span-6"><TimesChart of={data} /></div>
            <div class="span-6"><SizesChart of={data} /></div>
            <div class="span-6"><TypesChart of={data} /></div>
          </div>
          <Section title={t('overview.samples')}><Samples /></Section>
        </>
      )}
    </>
  );
}
