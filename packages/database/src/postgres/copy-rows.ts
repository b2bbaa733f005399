import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import type { CopyTarget } from '../database.ts';
import { type CopyEncoder, createCopyEncoder } from './copy-encoder.ts';
import type { ServerConnection } from './postgres-connection.ts';

/** The rows could not be had: what `cause` says is no matter of the database. */
export class CopySourceError extends Error {}

/** Streams rows by binary COPY, waiting whenever the server is slower; resolves to their count. */
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
  done.catch(ignore);
  try {
    for await (const chunk of encodeRows(encoder, rows)) if (!stream.write(chunk)) await Promise.race([once(stream, 'drain'), done]);
    stream.end(encoder.finish());
  } catch (error) {
    stream.destroy(new Error('The rows ended with an error.'));
    await done.catch(ignore);
    throw error;
  }
  await done;
  return stream.rowCount;
}

async function* encodeRows(
  encoder: CopyEncoder,
  rows: Iterable<readonly unknown[]> | AsyncIterable<readonly unknown[]>,
): AsyncGenerator<Buffer> {
  try {
    // Waiting for each row of those that are there would take longer than encoding it.
    if (Symbol.iterator in rows) yield* encodeAll(encoder, rows);
    else for await (const row of rows) yield* encodeAll(encoder, [row]);
  } catch (cause) {
    throw new CopySourceError('The rows of a COPY could not be read.', { cause });
  }
}

function* encodeAll(encoder: CopyEncoder, rows: Iterable<readonly unknown[]>): Generator<Buffer> {
  for (const row of rows) {
    const chunk = encoder.add(row);
    if (chunk !== undefined) yield chunk;
  }
}

function ignore(): void {
  // Thrown where it is awaited.
}

/** An identifier as PostgreSQL reads it whatever is in it. */
export const quoteIdentifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;
