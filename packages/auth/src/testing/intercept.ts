import type { Database } from '@sophia/database';

/** The database with other ways to do some things. */
export const intercept = (database: Database, other: Partial<Database>): Database =>
  new Proxy(database, {
    get: (target, property) => {
      const value: unknown = Reflect.get(property in other ? other : target, property);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
