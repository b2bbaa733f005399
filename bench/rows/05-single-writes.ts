import { rm } from 'node:fs/promises';
import { driveServer } from '../load.ts';
import { pgbench, pgbenchScript, psql } from '../pgbench.ts';
import type { BenchRow } from '../protocol.ts';
import { startBenchServer } from '../sophia-server.ts';

const CLIENTS = 64;
const ROW =
  '{"source_id":"{n}","name":"Deal {n} of the benchmark","status":"won","amount":"1234.50","currency":"USD","owner":"user-7","close_date":"2017-06-01"}';

/** Row 5: each request creates one record with its event and is answered when both are durable. */
export const singleWrites: BenchRow = {
  number: 5,
  name: 'single-writes',
  what: 'acknowledged single-record writes over HTTP, 64 clients',
  reference: 'pgbench single-row insert, 64 clients',
  unit: 'writes/s',
  async prepare({ smoke }) {
    // A smoke run shows that the way is free, not how much goes through: a busy machine must manage it too.
    const clients = smoke ? 4 : CLIENTS;
    const server = await startBenchServer({ sample: false });
    await psql(
      server.postgres,
      `create table plain (workspace int, source_system text, record_type text, source_id text, data jsonb,
        primary key (workspace, source_system, record_type, source_id))`,
    );
    const script = await pgbenchScript(
      'insert',
      `\\set n random(1, 9000000000000000000)
      insert into plain values (1, 'bench', 'deal', :n::text, '${ROW.replaceAll('{n}', 'x')}') on conflict do nothing;\n`,
    );
    let run = 0;
    return {
      reference: (seconds) => pgbench(server.postgres, ['-M', 'prepared', '-c', String(clients), '-j2', '-f', script], seconds),
      ours(seconds) {
        run += 1;
        return driveServer(server.pid, {
          address: server.address,
          method: 'POST',
          path: '/api/v1/records/deal?source_system=bench',
          headers: { authorization: `Bearer ${server.key}`, 'content-type': 'application/json' },
          connections: clients,
          seconds,
          row: ROW,
          run: `run${run}`,
        });
      },
      async close() {
        await rm(script, { force: true });
        await server.close();
      },
    };
  },
};
