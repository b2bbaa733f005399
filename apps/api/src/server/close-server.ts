import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * How the server is closed: it stops listening, lets the requests in hand finish, and cuts off whoever has not sent
 * a whole head by then, for whom `close` of node:http would wait without end.
 */
export const closerOf = (server: Server, stopListening: () => Promise<void>): (() => Promise<void>) => {
  let inHand = 0;
  const lastIsOver = Promise.withResolvers<void>();
  let isClosing = false;
  const tellIfNone = (): void => {
    if (isClosing && inHand === 0) lastIsOver.resolve();
  };
  server.on('request', (_request: IncomingMessage, response: ServerResponse) => {
    inHand += 1;
    response.once('close', () => {
      inHand -= 1;
      tellIfNone();
    });
  });
  return async () => {
    const closed = stopListening();
    while (server.listening) await nextTurn();
    isClosing = true;
    tellIfNone();
    await lastIsOver.promise;
    server.closeAllConnections();
    await closed;
  };
};
