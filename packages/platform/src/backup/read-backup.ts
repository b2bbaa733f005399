import { PassThrough, pipeline, type Readable } from 'node:stream';
import { createZstdDecompress } from 'node:zlib';
import { SophiaError } from '@sophia/shared';
import { BACKUP_FORMAT, type BackupHeader, type BackupLine } from './backup-line.ts';

/** A backup being read. */
export interface OpenedBackup {
  readonly header: BackupHeader;
  /** The lines behind the header: parsed, but for rows, whose text PostgreSQL parses. */
  readonly lines: AsyncIterable<BackupLine | string>;
}

/** A row begins with a column, every other line with one of these. */
const MARKED = /^\{"(model|sequence|table|log|end)":/;

/** Errors: `backup_damaged`, `backup_newer`. */
export const readBackup = async (bytes: Readable): Promise<OpenedBackup> => {
  const text = new PassThrough();
  pipeline(bytes, createZstdDecompress(), text, () => undefined);
  const lines = textLines(text);
  const first = await lines.next();
  if (first.done === true) throw damaged('it is empty');
  const header = parse<Partial<BackupHeader>>(first.value);
  if (typeof header.sophia_backup !== 'number') throw damaged('it does not begin like one');
  if (header.sophia_backup > BACKUP_FORMAT) {
    throw new SophiaError('backup_newer', `The backup was written by Sophia ${header.version}, in a form that this version does not know.`);
  }
  // Written by `writeBackup`.
  return { header: header as BackupHeader, lines: bodyLines(lines) };
};

async function* textLines(text: Readable): AsyncGenerator<string> {
  try {
    // Not by readline: to it U+2028 ends a line, which JSON holds as it is.
    let rest = '';
    for await (const chunk of text.setEncoding('utf8')) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
    if (rest !== '') yield rest;
  } catch (error) {
    throw damaged(error instanceof Error ? error.message : String(error));
  }
}

async function* bodyLines(lines: AsyncIterable<string>): AsyncGenerator<BackupLine | string> {
  for await (const line of lines) yield MARKED.test(line) ? parse<BackupLine>(line) : line;
}

const parse = <Line>(text: string): Line => {
  try {
    // Lines of the kind that the place has.
    return JSON.parse(text) as Line;
  } catch {
    throw damaged(`a line is no JSON: ${text.slice(0, 100)}`);
  }
};

export const damaged = (what: string): SophiaError => new SophiaError('backup_damaged', `The backup is damaged: ${what}.`);
