import 'uplot/style.css';
import './styles/tokens.css';
import './styles/base.css';
import './styles/layout.css';
import './styles/components.css';
import './styles/pages.css';
import { render } from 'preact';
import { App } from './app';
import { ready } from './i18n';
import { begin } from './lib/session';

const root = document.getElementById('app');
if (root) {
  void begin();
  void ready().then(() => render(<App />, root));
}
