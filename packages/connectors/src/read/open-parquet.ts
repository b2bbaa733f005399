import { SophiaError } from '@sophia/shared';
import { nanAssumptions } from './assumptions.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import type { OpenOptions } from './open-options.ts';
import type { OpenedInput } from './opened-input.ts';
import { readParquet } from './read-parquet.ts';
import { takeSample } from './sampled.ts';
import type { Source } from './source.ts';
import type { SourceRow } from './source-row.ts';
import { type SpooledFile, spool } from './spool.ts';

const SPOOL_BYTES = 4 * 1024 ** 3;

/** A Parquet file is read from its end: a stream, or a file that is packed, is kept in a file first. */
export async function openParquet(opened: OpenedInput, options: OpenOptions, defaultSample: number): Promise<Source> {
  const file = await localFile(opened, options);
  try {
    const table = await readParquet({ path: file.path, name: opened.name ?? 'the stream' }, { ...DEFAULT_LIMITS, ...options.limits });
    let rowsRead = 0;
    const { sample, rows } = await takeSample(
      counting(table.rows, (count) => {
        rowsRead += count;
      }),
      options.sampleRows ?? defaultSample,
    );
    return {
      name: opened.name,
      description: { format: 'parquet', compression: opened.compression, assumptions: nanAssumptions(table.columnsWithNan) },
      columns: table.columns,
      sample,
      rows,
      progress() {
        const { bytesTotal, bytesRead } = opened.progress();
        const total = bytesTotal ?? bytesRead;
        return { bytesTotal: total, bytesRead: table.rowCount === 0 ? total : Math.round((total * rowsRead) / table.rowCount) };
      },
      async close() {
        table.close();
        await opened.content.close();
        await file.remove();
      },
    };
  } catch (error) {
    await file.remove();
    throw error;
  }
}

async function localFile({ input, compression, content }: OpenedInput, options: OpenOptions): Promise<SpooledFile> {
  if (input.kind === 'file' && compression === 'none') return { path: input.path, remove: () => Promise.resolve() };
  if (options.spool === undefined) {
    throw new SophiaError('unknown_format', 'Parquet is read from a file: save the stream as one, unpacked, and import that.');
  }
  return spool(content.bytes, options.spool.directory, options.spool.maxBytes ?? SPOOL_BYTES);
}

async function* counting(
  batches: AsyncIterable<readonly SourceRow[]>,
  count: (rows: number) => void,
): AsyncGenerator<readonly SourceRow[]> {
  for await (const batch of batches) {
    count(batch.length);
    yield batch;
  }
}
