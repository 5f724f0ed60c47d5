import { t, type Key } from '../i18n';
import { Dialog } from './basics';

export function KeysDialog({ menu, onClose }: { menu: readonly { name: Key; key: string }[]; onClose: () => void }) {
  const rows: [string[], string][] = [
    [['?'], t('keys.help')],
    [['/'], t('keys.search')],
    [['c'], t('keys.new')],
    [['.'], t('keys.freeze')],
    [['Esc'], t('keys.back')],
    ...menu.map(({ name, key }): [string[], string] => [['g', key], t('keys.go', { where: t(name) })]),
    [['j', 'k'], t('keys.move')],
    [['x'], t('keys.select')],
    [['Enter'], t('keys.open')],
    [['f'], t('keys.follow')],
    [['r'], t('keys.retry')],
    [['[', ']'], t('keys.neighbours')],
  ];
  return (
    <Dialog title={t('keys.title')} onClose={onClose}>
      <table>
        <tbody>
          {rows.map(([keys, what]) => (
            <tr key={what}><td>{keys.map((k) => <><kbd>{k}</kbd> </>)}</td><td>{what}</td></tr>
          ))}
        </tbody>
      </table>
    </Dialog>
  );
}
