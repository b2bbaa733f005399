import { expect, test } from 'vitest';
import type { Session } from './database.ts';
import { keepSession } from './keep-session.ts';

/** So many steps of what waits for promises. */
const after = async (steps: number): Promise<void> => {
  for (let step = 0; step < steps; step++) await undefined;
};

test.each(Array.from({ length: 12 }, (_, steps) => steps))(
  'one that is closed %i steps after it was prepared again is closed',
  async (steps) => {
    const open = new Set<Session>();
    const prepared: Session[] = [];
    const reopened = Promise.withResolvers<void>();
    let cut = (): void => undefined;
    const openSession = async (): Promise<Session> => {
      const gone = Promise.withResolvers<void>();
      cut = gone.resolve;
      const session: Session = {
        query: async () => [],
        listen: async () => undefined,
        closed: gone.promise,
        async close() {
          open.delete(session);
          gone.resolve();
        },
      };
      open.add(session);
      return session;
    };
    const keeper = await keepSession({
      database: { openSession },
      async prepare(session) {
        prepared.push(session);
        if (prepared.length > 1) reopened.resolve();
      },
      onLost: () => open.clear(),
      onFailure: () => expect.unreachable(),
    });
    expect(keeper.current).toBe(prepared[0]);
    cut();
    await reopened.promise;
    await after(steps);
    await keeper.close();
    expect([open.size, keeper.current]).toEqual([0, undefined]);
  },
);
