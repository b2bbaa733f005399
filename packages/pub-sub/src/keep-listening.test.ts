import type { Database, Session } from '@sophia/database';
import { expect, test } from 'vitest';
import { keepListening } from './keep-listening.ts';

/** Connections as the database port gives them, held up and cut by the test. */
function createConnections() {
  const state = { opened: 0, closed: 0, cut: (): void => undefined, listen: (): Promise<void> => Promise.resolve() };
  const openSession = async (): Promise<Session> => {
    state.opened++;
    const gone = Promise.withResolvers<void>();
    state.cut = gone.resolve;
    return {
      query: async () => [],
      listen: () => state.listen(),
      closed: gone.promise,
      close: async () => {
        state.closed++;
        gone.resolve();
      },
    };
  };
  // All that listening takes of the port.
  const database = { openSession } as Partial<Database> as Database;
  const told: unknown[] = [];
  const logger = { warn: (details: unknown) => told.push(details) };
  return { state, told, listen: () => keepListening(database, 'somewhere', logger, () => undefined) };
}

test('a first session that cannot listen is closed', async () => {
  const { state, listen } = createConnections();
  state.listen = () => Promise.reject(new Error('no such channel'));
  await expect(listen()).rejects.toThrow('no such channel');
  expect(state).toMatchObject({ opened: 1, closed: 1 });
});

test('closing ends while a lost session is opened again, and leaves none open', async () => {
  const { state, told, listen } = createConnections();
  const listening = await listen();
  const held = Promise.withResolvers<void>();
  const reopened = Promise.withResolvers<void>();
  state.listen = () => {
    reopened.resolve();
    return held.promise;
  };
  state.cut();
  await reopened.promise;
  expect(() => listening.session()).toThrow('The bus is cut.');
  const closing = listening.close();
  held.resolve();
  await closing;
  expect(state).toMatchObject({ opened: 2, closed: 1 });
  expect(told).toEqual([]);
});

test('a lost session is opened again, also when that fails at first', async () => {
  const { state, told, listen } = createConnections();
  const listening = await listen();
  const first = listening.session();
  const back = Promise.withResolvers<void>();
  const failing = async () => {
    state.listen = async () => back.resolve();
    throw new Error('cut again');
  };
  state.listen = failing;
  state.cut();
  await back.promise;
  await expect.poll(() => listening.session()).not.toBe(first);
  expect([told.length, state.opened]).toEqual([1, 3]);
  await listening.close();
  expect(state.closed).toBe(2);
});
