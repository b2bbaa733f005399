import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import type { CopyTarget } from '../database.ts';
import { createCopyEncoder } from './copy-encoder.ts';
import type { ServerConnection } from './postgres-connection.ts';

/** Streams rows by binary COPY, waiting whenever the server is slower; resolves to their count. An error of the source fails the COPY. */
export async function copyRows(
  connection: ServerConnection,
  target: CopyTarget,
  rows: Iterable<readonly unknown[]> | AsyncIterable<readonly unknown[]>,
): Promise<number> {
  const columns = target.columns.map(({ name }) => quoteIdentifier(name)).join(', ');
  const stream = connection.copyFrom(`copy ${quoteIdentifier(target.table)} (${columns}) from stdin (format binary)`);
  const encoder = createCopyEncoder(target.columns.map(({ type }) => type));
  const done = finished(stream);
  // Awaited below; an earlier failure must not count as unhandled meanwhile.
  done.catch(() => {});
  try {
    for await (const row of rows) {
      const chunk = encoder.add(row);
      if (chunk !== undefined && !stream.write(chunk)) await Promise.race([once(stream, 'drain'), done]);
    }
    stream.end(encoder.finish());
  } catch (error) {
    stream.destroy(error instanceof Error ? error : new Error(String(error)));
    await done.catch(() => {});
    throw error;
  }
  await done;
  return stream.rowCount;
}

/** An identifier as PostgreSQL reads it whatever is in it. */
export const quoteIdentifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;
