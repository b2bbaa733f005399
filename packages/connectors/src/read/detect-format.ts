import type { Peekable } from '../bytes/peekable.ts';

export const SOURCE_FORMATS = ['csv', 'tsv', 'ndjson', 'json', 'parquet'] as const;
export type SourceFormat = (typeof SOURCE_FORMATS)[number];

/** Parquet begins with this. */
const PARQUET_MAGIC = 'PAR1';

/**
 * How files begin that are none of the formats, in latin1, and what to do with them. Of the control characters a text may have
 * white space, and in an old encoding letters and signs from 0x80 on.
 */
const FOREIGN: readonly (readonly [begin: RegExp, what: string])[] = [
  [/^PK[^\P{Cc}\s\x80-\x9f]/u, 'a zip archive, as an Excel workbook is one; unpack it, or save the sheet as CSV'],
  [/^\xd0\xcf\p{Cc}\xe0/u, 'an old Office document; save the sheet as CSV'],
  [/^PARE.{0,3}\0/s, 'a Parquet file with an encrypted footer; write it without encryption'],
  [/^ORC.{0,12}[^\P{Cc}\s\x80-\x9f]/su, 'an ORC file; write it as Parquet'],
  [/^Obj[^\P{Cc}\s\x80-\x9f]/u, 'an Avro file; write it as Parquet or NDJSON'],
  [/^(?:ARROW1|FEA1)\0|^\xff{4}.{2}\0\0/s, 'an Arrow or Feather file; write it as Parquet'],
  [/^SQLite format 3\0/, 'an SQLite database; export its tables as CSV'],
  [/^BZh\d1AY&SY|^\xfd7zXZ\0|^7z\xbc\xaf|^[^\P{Cc}\s]"M[^\P{Cc}\s]/u, 'compressed in a way that is not read; gzip and zstd are'],
  [/^[^\P{Cc}\s]\x8b\p{Cc}|^\(\xb5\/\xfd/u, 'compressed twice; unpack it once'],
  [/^%PDF-\d/, 'a PDF document'],
];
const MAY_BE_FOREIGN = /^(?:PK|\xd0\xcf|PARE|ORC|Obj|ARRO|FEA1|\xff{4}|SQLi|BZh|\xfd7z|7z|[^\P{Cc}\s]["\x8b]|\(\xb5|%PDF)/u;
const FOREIGN_BYTES = 16;

/** What the content is, where that is nothing that has rows. More than four bytes are waited for only where these are suspicious. */
export async function foreignContent(content: Pick<Peekable, 'peek'>): Promise<string | undefined> {
  const begin = async (bytes: number): Promise<string> => (await content.peek(bytes)).toString('latin1');
  if (!MAY_BE_FOREIGN.test(await begin(4))) return undefined;
  const head = await begin(FOREIGN_BYTES);
  return FOREIGN.find(([sign]) => sign.test(head))?.[1];
}

/** A page instead of a file is what a server sends for a download that needs a login. */
export const isHtml = (text: string): boolean => /^\s*<(?:!doctype\s+html|html[\s>])/i.test(text);

const EXTENSIONS: ReadonlyMap<string, SourceFormat> = new Map([
  ['csv', 'csv'],
  ['tsv', 'tsv'],
  ['tab', 'tsv'],
  ['ndjson', 'ndjson'],
  ['jsonl', 'ndjson'],
  ['json', 'json'],
  ['parquet', 'parquet'],
]);

const MEDIA_TYPES: ReadonlyMap<string, SourceFormat> = new Map([
  ['text/csv', 'csv'],
  ['text/tab-separated-values', 'tsv'],
  ['application/x-ndjson', 'ndjson'],
  ['application/ndjson', 'ndjson'],
  ['application/jsonl', 'ndjson'],
  ['application/json', 'json'],
  ['application/vnd.apache.parquet', 'parquet'],
]);

export const isParquet = (head: Buffer): boolean => head.subarray(0, PARQUET_MAGIC.length).toString('latin1') === PARQUET_MAGIC;

/** The format by media type, else by the ending of the name (behind that of a compression), else undefined. */
export function hintedFormat(name: string | undefined, contentType: string | undefined): SourceFormat | undefined {
  const mediaType = contentType?.split(';', 1)[0]?.trim().toLowerCase();
  const byType = mediaType === undefined ? undefined : MEDIA_TYPES.get(mediaType);
  const ending = name
    ?.toLowerCase()
    .replace(/\.(gz|gzip|zst|zstd)$/, '')
    .split('.')
    .at(-1);
  return byType ?? (ending === undefined ? undefined : EXTENSIONS.get(ending));
}

/** The format of a text by its beginning: an array or one object is JSON, objects line by line NDJSON, all else a table. */
export function sniffFormat(sample: string): SourceFormat {
  const text = sample.trimStart();
  if (text.startsWith('[')) return 'json';
  if (!text.startsWith('{')) return 'csv';
  const feed = text.indexOf('\n');
  return feed !== -1 && text.slice(feed).trim() !== '' && isJson(text.slice(0, feed)) ? 'ndjson' : 'json';
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false; // Which is the answer.
  }
}
