// A page that is loaded with its first view. Its file is named by its content:
// where it is gone, the server is another version now, and the page has to be
// loaded anew.
import type { FunctionComponent } from 'preact';
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { t } from '../i18n';
import { Icon } from './icon';
import { Loading } from './basics';

export function later<P extends object>(load: () => Promise<FunctionComponent<P>>): FunctionComponent<P> {
  let page: FunctionComponent<P> | undefined;
  return function Later(props: P) {
    const state = useSignal<'loading' | 'there' | 'failed'>(page ? 'there' : 'loading');
    useEffect(() => {
      if (page) return;
      let gone = false;
      load().then((loaded) => { page = loaded; if (!gone) state.value = 'there'; }, () => { if (!gone) state.value = 'failed'; });
      return () => { gone = true; };
    }, []);
    if (state.value === 'failed') return <Failed />;
    if (!page) return <Loading />;
    const Page = page;
    return <Page {...props} />;
  };
}

function Failed() {
  return (
    <div class="notice notice-bad" role="status">
      <Icon name="lost" />
      <div>
        <strong>{t('app.notLoaded')}</strong>
        <p>{t('app.notLoaded.help')}</p>
        <button type="button" class="button" onClick={() => window.location.reload()}>{t('app.reload')}</button>
      </div>
    </div>
  );
}
