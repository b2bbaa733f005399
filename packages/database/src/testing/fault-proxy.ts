import { mkdtemp, rm } from 'node:fs/promises';
import { createConnection, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PostgresConnection } from '../postgres/connection-settings.ts';

/** What happens to a piece of what a client sends. */
export type Verdict =
  /** Goes through. */
  | 'pass'
  /** Never arrives: the client is cut off, and the server goes on waiting for it. */
  | 'lose'
  /** Arrives, but the answer does not: the client is cut off when it comes. */
  | 'lose_answer';

export interface FaultProxy {
  /** The same server, through the proxy. */
  through(connection: PostgresConnection): PostgresConnection;
  /** Cuts all connections at once; new ones are taken. */
  cut(): void;
  /** Whether new connections are cut off at once, from now on. */
  refuse(refused: boolean): void;
  /** Neither side hears anything more, and neither is told, until `resume`: also of connections opened meanwhile. */
  stall(): void;
  resume(): void;
  /** Each piece takes so many milliseconds longer. */
  slow(milliseconds: number): void;
  /** How many pieces clients have sent. */
  sent(): number;
  /** Judges all that clients send, until it is replaced. */
  judge(verdict: (sent: Buffer) => Verdict): void;
  close(): Promise<void>;
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  losesAnswer: boolean;
}

/** A way to the server on which faults can be made, for tests. */
export async function startFaultProxy(target: PostgresConnection): Promise<FaultProxy> {
  const folder = await mkdtemp(join(tmpdir(), 'sophia-proxy-'));
  const pairs = new Set<Pair>();
  let isStalled = false;
  let isRefusing = false;
  let delay = 0;
  let sent = 0;
  let verdict: (sent: Buffer) => Verdict = () => 'pass';

  const forward = (to: Socket, data: Buffer) => {
    if (delay === 0) to.write(data);
    else setTimeout(() => to.write(data), delay);
  };
  const listener = createServer((client) => {
    if (isRefusing) return void client.destroy();
    const server = target.host.startsWith('/')
      ? createConnection({ path: `${target.host}/.s.PGSQL.${target.port}` })
      : createConnection({ host: target.host, port: target.port });
    const pair: Pair = { client, server, losesAnswer: false };
    pairs.add(pair);
    if (isStalled) for (const socket of [client, server]) socket.pause();
    client.on('data', (data) => {
      sent++;
      const judged = verdict(data);
      if (judged === 'lose') return void client.destroy();
      pair.losesAnswer ||= judged === 'lose_answer';
      forward(server, data);
    });
    server.on('data', (data) => {
      if (pair.losesAnswer) client.destroy();
      else forward(client, data);
    });
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      socket.on('error', () => socket.destroy());
      socket.on('end', () => other.end());
    }
    server.on('close', () => {
      client.destroy();
      pairs.delete(pair);
    });
  });
  await new Promise<void>((resolve) => listener.listen(join(folder, `.s.PGSQL.${PORT}`), resolve));

  const cut = () => {
    for (const { client, server } of pairs) {
      client.destroy();
      server.destroy();
    }
  };
  return {
    through: (connection) => ({ ...connection, host: folder, port: PORT }),
    cut,
    refuse(refused) {
      isRefusing = refused;
    },
    stall() {
      isStalled = true;
      for (const { client, server } of pairs) for (const socket of [client, server]) socket.pause();
    },
    resume() {
      isStalled = false;
      for (const { client, server } of pairs) for (const socket of [client, server]) socket.resume();
    },
    slow(milliseconds) {
      delay = milliseconds;
    },
    sent: () => sent,
    judge(next) {
      verdict = next;
    },
    async close() {
      const closed = new Promise((resolve) => listener.close(resolve));
      cut();
      await closed;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const PORT = 5432;
