import type { Database } from '@sophia/database';

/** The database with other ways to do some things. */
export const intercept = (database: Database, other: Partial<Database>): Database =>
  new Proxy(database, {
    get: (target, property) => {
      const value: unknown = Reflect.get(property in other ? other : target, property);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });

/** A point that work comes to and waits at until it is opened. */
export interface Gate {
  readonly reached: Promise<void>;
  pass(): Promise<void>;
  open(): void;
}

export function createGate(): Gate {
  const reached = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();
  return {
    reached: reached.promise,
    pass: () => {
      reached.resolve();
      return opened.promise;
    },
    open: () => opened.resolve(),
  };
}
