import pg from 'pg';
import { clientConfig, REMAINING_SETTINGS } from './client-config.ts';
import type { PostgresConnection } from './connection-settings.ts';

/**
 * Does something over a connection that is opened for it and closed after it: administration, not requests. `password` is the one
 * that the server asked for, wherever `pg` has it from (PGPASSWORD, ~/.pgpass); undefined where it asked for none.
 */
export async function withClient<T>(
  connection: PostgresConnection,
  applicationName: string,
  work: (client: pg.Client, password: string | undefined) => Promise<T>,
): Promise<T> {
  const client = new pg.Client(clientConfig(connection, applicationName));
  client.on('error', () => {
    // The statement in hand fails with it.
  });
  let isAsked = false;
  for (const request of PASSWORD_REQUESTS) {
    client.connection.once(request, () => {
      isAsked = true;
    });
  }
  await client.connect();
  try {
    await client.query(REMAINING_SETTINGS.text);
    return await work(client, isAsked ? client.password : undefined);
  } finally {
    await client.end();
  }
}

/** How `pg` names what a server answers that wants a password. */
const PASSWORD_REQUESTS = ['authenticationCleartextPassword', 'authenticationMD5Password', 'authenticationSASL'];
