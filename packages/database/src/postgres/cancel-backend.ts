import { connect } from 'node:net';
import type { Client } from 'pg';
import type { PostgresConnection } from './connection-settings.ts';

/**
 * Asks the server to stop what a backend runs, over a connection of its own (PostgreSQL's protocol,
 * "Canceling Requests in Progress"). Best effort: the backend also ends when it finds its client gone.
 */
export function cancelBackend(settings: PostgresConnection, client: Client): void {
  const { processID, secretKey } = client as unknown as { processID: number | null; secretKey: number | null };
  if (processID === null || secretKey === null) return;
  const request = Buffer.alloc(16);
  request.writeInt32BE(16, 0);
  request.writeInt32BE(CANCEL_REQUEST, 4);
  request.writeInt32BE(processID, 8);
  request.writeInt32BE(secretKey, 12);
  const socket = settings.host.startsWith('/')
    ? connect({ path: `${settings.host}/.s.PGSQL.${settings.port}` })
    : connect({ host: settings.host, port: settings.port });
  socket.unref();
  socket.setTimeout(CANCEL_TIMEOUT, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('connect', () => socket.end(request));
}

/** 1234 in the high and 5678 in the low 16 bits. */
const CANCEL_REQUEST = 80_877_102;
const CANCEL_TIMEOUT = 1_000;
