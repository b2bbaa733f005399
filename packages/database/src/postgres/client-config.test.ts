import { expect, test } from 'vitest';
import { clientConfig } from './client-config.ts';
import type { PostgresConnection } from './connection-settings.ts';

const connection: PostgresConnection = { host: 'db', port: 5432, database: 'sophia', user: 'sophia_app', password: 'secret' };

test('TLS is off unless told, with the system’s authorities or one’s own', () => {
  expect(clientConfig(connection, 'test').ssl).toBe(false);
  expect(clientConfig({ ...connection, tls: true }, 'test').ssl).toBe(true);
  expect(clientConfig({ ...connection, tls: { authority: 'PEM' } }, 'test').ssl).toEqual({ ca: 'PEM' });
});
