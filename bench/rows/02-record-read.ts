import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dealRows, importRows } from '../deals.ts';
import { driveServer } from '../load.ts';
import { pgbench, psql } from '../pgbench.ts';
import { runPinned } from '../processes.ts';
import type { BenchRow } from '../protocol.ts';
import { type BenchServer, startBenchServer } from '../sophia-server.ts';

const RECORDS = 100_000;
const SMOKE_RECORDS = 1_000;

/** Row 2: ids drawn from 100,000 deals; pgbench selects from as many accounts in the same database. */
export const recordRead: BenchRow = {
  number: 2,
  name: 'record-read',
  what: 'uncached record read by id through REST',
  reference: 'pgbench -S -M prepared -c16 on the same database',
  unit: 'reads/s',
  async prepare({ smoke, records = smoke ? SMOKE_RECORDS : RECORDS }) {
    const server = await startBenchServer({ sample: false });
    await importRows(server, 'bench', dealRows('r', records));
    // As pgbench does with its own tables: what an import leaves to be done is not part of a read.
    await psql(server.postgres, 'vacuum analyze record');
    await runPinned('load', 'pgbench', ['-i', '-q', '-s', '1'], { ...process.env, ...server.postgres });
    const headers = { authorization: `Bearer ${server.key}` };
    const idsFile = join(tmpdir(), `sophia-bench-${process.pid}-ids.txt`);
    await writeFile(idsFile, await readIds(server, smoke ? 500 : 20_000));
    return {
      reference: (seconds) => pgbench(server.postgres, ['-S', '-M', 'prepared', '-c16', '-j2'], seconds),
      ours: (seconds) =>
        driveServer(server.pid, {
          address: server.address,
          method: 'GET',
          path: '/api/v1/records/deal/{id}',
          headers,
          connections: smoke ? 4 : 50,
          seconds,
          idsFile,
        }),
      async close() {
        await rm(idsFile, { force: true });
        await server.close();
      },
    };
  },
};

/** Ids of records from all over the table, one a line. */
const readIds = ({ postgres }: BenchServer, count: number): Promise<string> =>
  psql(postgres, `copy (select id from record order by hashint8(id) limit ${count}) to stdout`);
