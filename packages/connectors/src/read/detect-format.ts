export const SOURCE_FORMATS = ['csv', 'tsv', 'ndjson', 'json', 'parquet'] as const;
export type SourceFormat = (typeof SOURCE_FORMATS)[number];

/** Parquet begins with this. */
const PARQUET_MAGIC = 'PAR1';

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
