// The shell: menu, bar, and the page that the address names.
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { Icon, type IconName } from './components/icon';
import { Empty, Loading } from './components/basics';
import { KeysDialog } from './components/keys-dialog';
import { Toasts } from './components/toasts';
import { t, type Key } from './i18n';
import { useKeys } from './lib/keys';
import { freshness, paused, staleSeconds } from './lib/live';
import { isDark, language, theme } from './lib/preferences';
import { followLinks, navigate, path, segments } from './lib/router';
import { access, maySubmit } from './lib/session';
import { summary } from './lib/summary';
import { later } from './components/later';
import { Overview } from './pages/overview';
import { SignIn } from './pages/sign-in';
import { count } from './lib/format';

const Benchmarks = later(() => import('./pages/benchmarks').then((m) => m.Benchmarks));
const JobPage = later(() => import('./pages/job').then((m) => m.JobPage));
const Jobs = later(() => import('./pages/jobs').then((m) => m.Jobs));
const Queues = later(() => import('./pages/queues').then((m) => m.Queues));
const Settings = later(() => import('./pages/settings').then((m) => m.Settings));
const Submit = later(() => import('./pages/submit').then((m) => m.Submit));
const Workers = later(() => import('./pages/workers').then((m) => m.Workers));

interface Item { href: string; name: Key; icon: IconName; key: string }

const MENU: readonly Item[] = [
  { href: '/', name: 'nav.overview', icon: 'overview', key: 'o' },
  { href: '/jobs', name: 'nav.jobs', icon: 'jobs', key: 'j' },
  { href: '/workers', name: 'nav.workers', icon: 'workers', key: 'w' },
  { href: '/queues', name: 'nav.queues', icon: 'queues', key: 'q' },
  { href: '/benchmarks', name: 'nav.benchmarks', icon: 'benchmarks', key: 'b' },
  { href: '/submit', name: 'nav.submit', icon: 'submit', key: 's' },
  { href: '/settings', name: 'nav.settings', icon: 'settings', key: ',' },
];

export function App() {
  const help = useSignal(false);
  useEffect(() => {
    document.addEventListener('click', followLinks);
    return () => document.removeEventListener('click', followLinks);
  }, []);
  useKeys({
    '?': () => { help.value = true; },
    '/': () => document.getElementById('search')?.focus(),
    'c': () => navigate('/submit'),
    '.': () => { paused.value = !paused.value; },
    'Escape': () => window.history.back(),
    ...Object.fromEntries(MENU.map((item) => [`g ${item.key}`, () => navigate(item.href)])),
  });
  if (access.value === 'out') return <SignIn />;
  if (access.value !== 'in') return <Loading />;
  return (
    <div class="shell">
      <a class="skip" href="#main">{t('app.skip')}</a>
      <Menu />
      <Bar onHelp={() => { help.value = true; }} />
      <main class="main" id="main" tabIndex={-1}><PageOf /></main>
      <Toasts />
      {help.value && <KeysDialog menu={MENU} onClose={() => { help.value = false; }} />}
    </div>
  );
}

function PageOf() {
  const [first, second] = segments.value;
  switch (first) {
    case undefined: return <Overview />;
    case 'jobs': return second ? <JobPage key={second} reference={second} /> : <Jobs />;
    case 'workers': return <Workers only={second} />;
    case 'queues': return <Queues />;
    case 'benchmarks': return <Benchmarks run={second} />;
    case 'submit': return <Submit type={second} />;
    case 'settings': return <Settings />;
    default: return (
      <Empty icon="help" title={t('app.notFound')}>
        <p>{t('app.notFound.help')}</p>
        <a class="button" href="/">{t('app.toOverview')}</a>
      </Empty>
    );
  }
}

function Menu() {
  const states = summary.value?.states ?? {};
  const running = (states.running ?? 0) + (states.starting ?? 0) + (states.stopping ?? 0);
  useEffect(() => {
    document.title = `${running > 0 ? `(${running}) ` : ''}${titleOf()} · turno`;
  });
  return (
    <nav class="nav" aria-label={t('app.menu')}>
      <a class="brand" href="/"><Mark />{t('app.name')}</a>
      <ul>
        {MENU.filter((item) => item.href !== '/submit' || maySubmit()).map((item) => {
          const here = item.href === '/' ? path.value === '/' : path.value.startsWith(item.href);
          return (
            <li key={item.href}>
              <a href={item.href} aria-current={here ? 'page' : undefined}>
                <Icon name={item.icon} />
                <span>{t(item.name)}</span>
                {item.href === '/jobs' && running > 0 && <span class="count">{count(running)}</span>}
              </a>
            </li>
          );
        })}
      </ul>
    </nav>
  );
}

function titleOf(): string {
  const [first, second] = segments.value;
  if (first === 'jobs' && second) return t('job.title', { job: second });
  const item = MENU.find((m) => m.href === `/${first ?? ''}`);
  return item ? t(item.name) : t('app.name');
}

export function Mark() {
  return (
    <svg width="26" height="26" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="#0b6e63" />
      <path d="M8 10h16M16 10v13" stroke="#fff" stroke-width="3.4" stroke-linecap="round" fill="none" />
      <circle cx="23.5" cy="22.5" r="2.7" fill="#f5b942" />
    </svg>
  );
}

function Bar({ onHelp }: { onHelp: () => void }) {
  const dark = isDark();
  return (
    <header class="top">
      <Search />
      <span class="spacer" />
      <Pill />
      <button type="button" class="button button-quiet" aria-pressed={paused.value} onClick={() => { paused.value = !paused.value; }}
        title={t(paused.value ? 'top.resume' : 'top.pause')}>
        <Icon name={paused.value ? 'play' : 'pause'} /><span class="visually-hidden">{t(paused.value ? 'top.resume' : 'top.pause')}</span>
      </button>
      <button type="button" class="button button-quiet" id="language" title={t('top.language')}
        onClick={() => { language.value = language.value === 'en' ? 'es' : 'en'; }}>
        {language.value.toUpperCase()}<span class="visually-hidden"> · {t('top.language')}</span>
      </button>
      <button type="button" class="button button-quiet" id="theme" title={t(dark ? 'top.theme.toLight' : 'top.theme.toDark')}
        onClick={() => { theme.value = dark ? 'light' : 'dark'; }}>
        <Icon name={dark ? 'sun' : 'moon'} /><span class="visually-hidden">{t(dark ? 'top.theme.toLight' : 'top.theme.toDark')}</span>
      </button>
      <button type="button" class="button button-quiet optional" title={t('top.help')} onClick={onHelp}>
        <Icon name="help" /><span class="visually-hidden">{t('top.help')}</span>
      </button>
    </header>
  );
}

function Search() {
  const find = (e: SubmitEvent) => {
    e.preventDefault();
    const text = new FormData(e.target as HTMLFormElement).get('q')?.toString().trim() ?? '';
    if (/^\d+(_\d+)?$/.test(text)) navigate(`/jobs/${text}`);
    else if (text) navigate(`/jobs?state=all&name=${encodeURIComponent(text)}`);
  };
  return (
    <form class="search" role="search" onSubmit={find}>
      <Icon name="search" size={16} />
      <input id="search" name="q" type="search" placeholder={t('top.search')} aria-label={t('top.search')} autocomplete="off" />
    </form>
  );
}

function Pill() {
  const how = freshness.value;
  const s = staleSeconds.value;
  const time = `${String(Math.floor(s / 60)).padStart(2, '0')}:${String(s % 60).padStart(2, '0')}`;
  return (
    <span class={`pill pill-${how}`} role="status" title={t(`link.${how}.help`)}>
      {how === 'stale' ? t('link.stale', { time }) : t(`link.${how}`)}
    </span>
  );
}
