import { dealRows, importRows } from '../deals.ts';
import { driveServer } from '../load.ts';
import { pgbench } from '../pgbench.ts';
import { runPinned } from '../processes.ts';
import type { BenchRow } from '../protocol.ts';
import { startBenchServer } from '../sophia-server.ts';

const RECORDS = 100_000;

/** Row 2: ids drawn from 100,000 deals; pgbench selects from as many accounts in the same database. */
export const recordRead: BenchRow = {
  number: 2,
  name: 'record-read',
  what: 'uncached record read by id through REST',
  reference: 'pgbench -S -M prepared -c16 on the same database',
  unit: 'reads/s',
  async prepare({ smoke }) {
    const server = await startBenchServer({ sample: false });
    await importRows(server, 'bench', dealRows('r', smoke ? 1_000 : RECORDS));
    await runPinned('load', 'pgbench', ['-i', '-q', '-s', '1'], { ...process.env, ...server.postgres });
    const headers = { authorization: `Bearer ${server.key}` };
    const page = await fetch(`${server.address}/api/v1/records/deal?limit=1`, { headers });
    const { records } = (await page.json()) as { readonly records: readonly [{ readonly id: string }] };
    const ids = { first: Number(records[0].id), count: smoke ? 500 : 20_000 };
    return {
      reference: (seconds) => pgbench(server.postgres, ['-S', '-M', 'prepared', '-c16', '-j2'], seconds),
      ours: (seconds) =>
        driveServer(server.pid, {
          address: server.address,
          method: 'GET',
          path: '/api/v1/records/deal/{id}',
          headers,
          connections: 50,
          seconds,
          ids,
        }),
      close: () => server.close(),
    };
  },
};
