// The SharedWorker: one Feed for all tabs.
import { Feed } from './feed';
import type { FromStream, ToStream } from './protocol';

const ports = new Set<MessagePort>();
const feed = new Feed((message: FromStream) => ports.forEach((port) => port.postMessage(message)));

interface SharedScope { onconnect: ((event: MessageEvent) => void) | null }

(self as unknown as SharedScope).onconnect = (event) => {
  const port = event.ports[0];
  if (!port) return;
  ports.add(port);
  port.onmessage = (message: MessageEvent<ToStream>) => {
    if (message.data.kind === 'retry') {
      feed.open();
      return;
    }
    ports.delete(port);
    if (ports.size === 0) feed.close();
  };
  port.start();
  port.postMessage({ kind: 'link', link: feed.link } satisfies FromStream);
  feed.open();
};
