import pg from 'pg';
import { clientConfig } from './client-config.ts';
import type { PostgresConnection } from './connection-settings.ts';

/** Does something over a connection that is opened for it and closed after it: administration, not requests. */
export async function withClient<T>(
  connection: PostgresConnection,
  applicationName: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client(clientConfig(connection, applicationName));
  client.on('error', () => {
    // The statement in hand fails with it.
  });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
