import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { dealRows, importRows } from '../deals.ts';
import { psql } from '../pgbench.ts';
import { cpuMicroseconds, peakMemory } from '../processes.ts';
import type { BenchRow } from '../protocol.ts';
import { startBenchServer } from '../sophia-server.ts';

const RECORDS = 1_000_000;
const SMOKE_RECORDS = 2_000;
const COLUMNS = ['source_id', 'name', 'status', 'stage', 'amount', 'currency', 'owner', 'product', 'company_id', 'close_date'];

/** Row 4: every run brings new records, of a source system of its own; psql copies the same rows into an emptied table with the same key. */
export const bulkIngest: BenchRow = {
  number: 4,
  name: 'bulk-ingest',
  what: 'bulk ingest over HTTP: NDJSON, validated, deduplicated, events written, durable',
  reference: 'psql \\copy of the same rows into one plain table with the same key',
  unit: 'records/s',
  async prepare({ smoke, records: asked }) {
    const records = smoke ? SMOKE_RECORDS : (asked ?? RECORDS);
    const server = await startBenchServer({ sample: false });
    const file = join(tmpdir(), `sophia-bench-${process.pid}.csv`);
    await pipeline(Readable.from(csv(records)), createWriteStream(file));
    await psql(
      server.postgres,
      `create table plain (workspace int, source_system text, record_type text, ${COLUMNS.map((name) => `${name} text`).join(', ')},
        primary key (workspace, source_system, record_type, source_id))`,
    );
    let run = 0;
    return {
      async reference() {
        await psql(server.postgres, 'truncate plain', 'checkpoint');
        const begun = performance.now();
        await psql(server.postgres, `\\copy plain from '${file}' with (format csv)`);
        return { operations: records, seconds: (performance.now() - begun) / 1000 };
      },
      async ours() {
        run += 1;
        await psql(server.postgres, 'checkpoint');
        const before = await cpuMicroseconds(server.pid);
        const begun = performance.now();
        const created = await importRows(server, `bench${run}`, dealRows('d', records));
        const seconds = (performance.now() - begun) / 1000;
        if (created !== records) throw new Error(`${created} of ${records} were created`);
        const cpu = ((await cpuMicroseconds(server.pid)) - before) / records;
        return { operations: records, seconds, cpuMicroseconds: cpu, peakMemory: await peakMemory(server.pid) };
      },
      async close() {
        await rm(file, { force: true });
        await server.close();
      },
    };
  },
};

function* csv(records: number): Generator<string> {
  for (const row of dealRows('d', records)) yield `1,bench,deal,${COLUMNS.map((name) => row[name]).join(',')}\n`;
}
