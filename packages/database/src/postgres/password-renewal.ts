import { openConnection } from './postgres-connection.ts';
import { sqlStateOf } from './postgres-errors.ts';

/** A role's password as it is by now; undefined where it cannot be known. */
export type RenewPassword = () => Promise<string | undefined>;

/**
 * Opens connections by a password that may change while they are needed: where the server refuses it, it is asked for anew, and
 * taken from then on. The server's refusal is thrown where there is no other.
 */
export function openerOf(renew: RenewPassword | undefined): typeof openConnection {
  if (renew === undefined) return openConnection;
  let renewed: string | undefined;
  return async (settings, ...rest) => {
    const password = renewed ?? settings.password;
    try {
      return await openConnection({ ...settings, password }, ...rest);
    } catch (error) {
      if (sqlStateOf(error) !== INVALID_PASSWORD) throw error;
      const current = await renew().catch(() => undefined);
      if (current === undefined || current === password) throw error;
      renewed = current;
      return openConnection({ ...settings, password: current }, ...rest);
    }
  };
}

const INVALID_PASSWORD = '28P01';
