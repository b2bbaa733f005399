import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../embedded/embedded-postgres.ts';
import type { PostgresBinaries } from '../embedded/postgres-binaries.ts';
import { migrate } from '../migrations.ts';

/** A primary and a replica that follows it by streaming, in a temporary folder that goes with them. */
export interface ReplicatedCluster {
  readonly primary: EmbeddedPostgres;
  readonly replica: EmbeddedPostgres;
  stop(): Promise<void>;
}

/** The replica begins as a copy of the stopped primary: the binaries that npm brings have no pg_basebackup. */
export async function startReplicatedCluster(binaries?: PostgresBinaries): Promise<ReplicatedCluster> {
  const folder = await mkdtemp(join(tmpdir(), 'sophia-replicated-'));
  const options = { binaries, settings: { shared_buffers: '64MB', max_connections: '100' } };
  const first = await startEmbeddedPostgres({ ...options, dataDirectory: join(folder, 'primary') });
  await migrate(first.connection('owner'), []);
  await first.stop();
  await cp(join(folder, 'primary'), join(folder, 'replica'), { recursive: true });
  await writeFile(join(folder, 'replica', 'cluster', 'standby.signal'), '');
  const primary = await startEmbeddedPostgres({ ...options, dataDirectory: join(folder, 'primary') });
  const { host, port, user, password } = primary.connection('owner');
  const follow = `host=${host} port=${port} user=${user} password=${password}`;
  const replica = await startEmbeddedPostgres({
    ...options,
    dataDirectory: join(folder, 'replica'),
    settings: { ...options.settings, primary_conninfo: follow, wal_retrieve_retry_interval: '100ms' },
  });
  return {
    primary,
    replica,
    async stop() {
      await Promise.all([primary.stop(), replica.stop()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
