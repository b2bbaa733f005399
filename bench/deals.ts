import { Readable } from 'node:stream';
import type { BenchServer } from './sophia-server.ts';

const STAGES = ['won', 'lost', 'open'] as const;

/** Deals of about 230 bytes as JSON, the same for the same prefix. */
export function* dealRows(prefix: string, count: number): Generator<Record<string, string>> {
  for (let index = 0; index < count; index += 1) {
    yield {
      source_id: `${prefix}-${index}`,
      name: `Deal ${index} of the benchmark`,
      status: STAGES[index % 3] ?? 'open',
      stage: `stage ${index % 7}`,
      amount: `${(index * 7919) % 100_000}.${index % 100}`.replace(/0$/, '5'),
      currency: 'USD',
      owner: `user-${index % 35}`,
      product: `product-${index % 7}`,
      company_id: `company-${index % 85}`,
      close_date: `2017-${String((index % 12) + 1).padStart(2, '0')}-${String((index % 28) + 1).padStart(2, '0')}`,
    };
  }
}

const LINES_PER_CHUNK = 1_000;

/** NDJSON in chunks, as a client that streams a file would send it. */
export function* ndjson(rows: Iterable<Record<string, string>>): Generator<Buffer> {
  let lines: string[] = [];
  for (const row of rows) {
    lines.push(JSON.stringify(row));
    if (lines.length < LINES_PER_CHUNK) continue;
    yield Buffer.from(`${lines.join('\n')}\n`);
    lines = [];
  }
  if (lines.length > 0) yield Buffer.from(`${lines.join('\n')}\n`);
}

/** Streams the rows in over HTTP; each must be created. */
export const importRows = async (server: BenchServer, source: string, rows: Iterable<Record<string, string>>): Promise<number> => {
  const response = await fetch(`${server.address}/api/v1/records/deal?source_system=${source}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.key}`, 'content-type': 'application/x-ndjson' },
    body: Readable.toWeb(Readable.from(ndjson(rows))) as ReadableStream,
    duplex: 'half',
  });
  // What the interface documents as WriteAnswer.
  const answer = (await response.json()) as { readonly created: number; readonly unchanged: number; readonly rejected: number };
  if (response.status !== 200 || answer.rejected > 0 || answer.unchanged > 0)
    throw new Error(`the import answered ${JSON.stringify(answer).slice(0, 500)}`);
  return answer.created;
};
