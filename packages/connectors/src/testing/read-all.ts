import type { JsonValue } from '@sophia/types';
import type { OpenOptions } from '../read/open-options.ts';
import { openSource } from '../read/open-source.ts';
import type { Source } from '../read/source.ts';
import type { SourceRow } from '../read/source-row.ts';
import { chunks, collect } from './chunks.ts';

export interface ReadAll {
  readonly source: Source;
  readonly rows: readonly SourceRow[];
  /** Line and values of a good row, line and code of a broken one. */
  readonly brief: readonly (readonly [line: number, values: string | JsonValue])[];
}

/** Reads a whole source from chunks of this size. */
export async function readAll(
  content: string | Buffer,
  options: OpenOptions & { readonly name?: string } = {},
  chunkSize?: number,
): Promise<ReadAll> {
  const source = await openSource({ kind: 'stream', stream: chunks(content, chunkSize), name: options.name }, options);
  try {
    const rows = await collect(source.rows);
    return { source, rows, brief: rows.map((row) => [row.line, row.errors?.[0]?.code ?? row.values]) };
  } finally {
    await source.close();
  }
}
