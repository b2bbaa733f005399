import type { Database, Session } from '@sophia/database';
import { createTestObservability } from '@sophia/observability/testing';
import { expect, test } from 'vitest';
import { openKeptSession } from './kept-session.ts';

/** Connections as the database port gives them, cut by the test. */
function createConnections() {
  const state = { opened: 0, closed: 0, refusing: 0, lost: 0, cut: (): void => undefined };
  const openSession = async (): Promise<Session> => {
    if (state.refusing > 0) {
      state.refusing--;
      throw new Error('connection refused');
    }
    state.opened++;
    const gone = Promise.withResolvers<void>();
    state.cut = gone.resolve;
    return {
      query: async () => [],
      listen: async () => undefined,
      closed: gone.promise,
      close: async () => {
        state.closed++;
        gone.resolve();
      },
    };
  };
  // All that a session takes of the port.
  const database = { openSession } as Partial<Database> as Database;
  return { state, database };
}

const { logger } = createTestObservability();
const common = { logger, channels: { somewhere: () => undefined }, onOpen: async () => undefined, onLost: () => undefined };

const untilTrue = async (condition: () => boolean) => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
};

test('a lost session is opened again, also when that fails at first', async () => {
  const { state, database } = createConnections();
  const session = await openKeptSession({ ...common, database, onLost: () => state.lost++ });
  expect(session.isOpen).toBe(true);
  state.refusing = 3;
  state.cut();
  await untilTrue(() => !session.isOpen);
  await expect(session.query({ name: 'x', text: 'select 1' })).rejects.toMatchObject({ code: 'unavailable' });
  await untilTrue(() => session.isOpen);
  expect(await session.query({ name: 'x', text: 'select 1' })).toEqual([]);
  expect(state).toMatchObject({ opened: 2, refusing: 0, lost: 1 });
  await session.close();
});

test('a session whose locks cannot be taken is closed', async () => {
  const { state, database } = createConnections();
  const failing = openKeptSession({ ...common, database, onOpen: () => Promise.reject(new Error('no lock')) });
  await expect(failing).rejects.toThrow('no lock');
  expect(state).toMatchObject({ opened: 1, closed: 1 });
});

test('closing ends the attempts to open it again', async () => {
  const { state, database } = createConnections();
  const session = await openKeptSession({ ...common, database });
  state.refusing = Number.POSITIVE_INFINITY;
  state.cut();
  await untilTrue(() => !session.isOpen);
  await session.close();
  expect(session.isOpen).toBe(false);
});
