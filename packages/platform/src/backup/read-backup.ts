import { PassThrough, pipeline, type Readable } from 'node:stream';
import { crc32, createZstdDecompress } from 'node:zlib';
import { isJsonObject, SophiaError } from '@sophia/shared';
import { BACKUP_FORMAT, type BackupHeader, type BackupLine } from './backup-line.ts';

/** A backup being read. */
export interface OpenedBackup {
  readonly header: BackupHeader;
  /** The lines behind the header: parsed, but for rows, whose text PostgreSQL parses. */
  readonly lines: AsyncIterable<BackupLine | string>;
}

/** A row begins with a column, every other line with one of these. */
const MARKED = /^\{"(model|sequence|table|log|end)":/;
/** Characters; a line is a row, an event or a file, each far below it. */
const LONGEST_LINE = 128 * 2 ** 20;

/** Errors: `backup_damaged`, `backup_newer`; those of the lines come when they are read. */
export const readBackup = async (bytes: Readable): Promise<OpenedBackup> => {
  const text = new PassThrough();
  pipeline(bytes, createZstdDecompress(), text, () => undefined);
  const lines = textLines(text);
  const first = await lines.next();
  if (first.done === true) throw damaged('it is empty');
  const header = parseObject(first.value);
  if (typeof header.sophia_backup !== 'number') throw damaged('it does not begin like one');
  if (header.sophia_backup > BACKUP_FORMAT) {
    throw new SophiaError('backup_newer', `The backup was written by Sophia ${header.version}, in a form that this version does not know.`);
  }
  const { sophia_backup, version, created_at, database_number } = header;
  if (!Number.isInteger(database_number)) throw damaged('its first line has no database_number');
  const whole = { sophia_backup, version: String(version), created_at: String(created_at), database_number: Number(database_number) };
  return { header: whole, lines: bodyLines(lines, checksumOf(first.value, 0)) };
};

async function* textLines(text: Readable): AsyncGenerator<string> {
  try {
    // Not by readline: to it U+2028 ends a line, which JSON holds as it is.
    let rest = '';
    for await (const chunk of text.setEncoding('utf8')) {
      const [head = '', ...lines] = String(chunk).split('\n');
      rest += head;
      if (rest.length > LONGEST_LINE) throw new Error(`a line is longer than ${LONGEST_LINE} characters`);
      for (const line of lines) {
        yield rest;
        rest = line;
      }
    }
    if (rest !== '') yield rest;
  } catch (error) {
    throw damaged(error instanceof Error ? error.message : String(error));
  }
}

const checksumOf = (line: string, before: number): number => crc32('\n', crc32(line, before));

async function* bodyLines(lines: AsyncIterable<string>, headerChecksum: number): AsyncGenerator<BackupLine | string> {
  let checksum = headerChecksum;
  for await (const line of lines) {
    const before = checksum;
    checksum = checksumOf(line, before);
    if (!MARKED.test(line)) yield line;
    else {
      const found = parseObject(line);
      if (!isBackupLine(found)) throw damaged(`a line is not well formed: ${line.slice(0, 100)}`);
      if ('end' in found && found.end.crc32 !== undefined && found.end.crc32 !== before) throw damaged('its checksum is another');
      yield found;
    }
  }
}

const isBackupLine = (line: Readonly<Record<string, unknown>>): line is BackupLine => {
  if ('model' in line) return isText(line.model) && isText(line.text);
  if ('sequence' in line) return isText(line.sequence) && isText(line.last) && typeof line.called === 'boolean';
  if ('table' in line) return isText(line.table) && Array.isArray(line.columns) && line.columns.every(isText);
  if ('end' in line) return isJsonObject(line.end) && [line.end.rows, line.end.events, line.end.crc32 ?? 0].every(Number.isInteger);
  return (
    isJsonObject(line.log) && ('tick' in line.log ? Number.isInteger(line.log.tick) && isText(line.log.at) : isJsonObject(line.log.event))
  );
};

const isText = (value: unknown): value is string => typeof value === 'string';

const parseObject = (text: string): Readonly<Record<string, unknown>> => {
  const value = parse(text);
  if (isJsonObject(value)) return value;
  throw damaged(`a line is no object: ${text.slice(0, 100)}`);
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    throw damaged(`a line is no JSON: ${text.slice(0, 100)}`);
  }
};

export const damaged = (what: string, cause?: unknown): SophiaError =>
  new SophiaError('backup_damaged', `The backup is damaged: ${what.replace(/\.$/, '')}.`, { cause });
