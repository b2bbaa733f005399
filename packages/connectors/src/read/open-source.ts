import { basename } from 'node:path';
import { SophiaError } from '@sophia/shared';
import { decompress } from '../bytes/decompress.ts';
import { markedEncoding } from '../bytes/detect-encoding.ts';
import { openBytes } from '../bytes/open-bytes.ts';
import { type OpenedText, openText, openUtf8 } from '../bytes/open-text.ts';
import type { SourceInput } from '../bytes/source-input.ts';
import { assumptionsOf } from './assumptions.ts';
import { foreignContent, hintedFormat, isHtml, isParquet, type SourceFormat, sniffFormat } from './detect-format.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import type { OpenOptions } from './open-options.ts';
import { openParquet } from './open-parquet.ts';
import type { OpenedInput } from './opened-input.ts';
import { type CsvOptions, readCsv } from './read-csv.ts';
import { readJson } from './read-json.ts';
import { readNdjson } from './read-ndjson.ts';
import { takeSample } from './sampled.ts';
import type { Source, SourceDescription } from './source.ts';
import type { SourceRow } from './source-row.ts';

const SAMPLE_ROWS = 10_000;
const MAGIC_BYTES = 4;

/**
 * Opens a file or stream: unpacks gzip and zstd, and finds out format, encoding, dialect and header where they are not
 * set. Errors: `source_not_found`, `source_unreadable`, `source_damaged`, `unknown_encoding`, `unknown_format`,
 * `too_many_columns`, `unsupported_column_type`.
 */
export async function openSource(input: SourceInput, options: OpenOptions = {}): Promise<Source> {
  const { bytes, progress } = await openBytes(input);
  const { compression, content } = await decompress(bytes);
  const name = input.kind === 'file' ? basename(input.path) : input.name;
  const opened: OpenedInput = { input, name, compression, content, progress };
  try {
    const format = options.format ?? hintedFormat(name, input.kind === 'file' ? undefined : input.contentType);
    if (isParquet(await content.peek(MAGIC_BYTES))) return await openParquet(opened, options, SAMPLE_ROWS);
    const foreign = await foreignContent(content);
    if (foreign !== undefined) throw new SophiaError('unknown_format', `This is ${foreign}.`);
    if (format === 'parquet') throw new SophiaError('unknown_format', 'This is no Parquet file: it does not begin with PAR1.');
    return await openTextSource(opened, format, options);
  } catch (error) {
    await content.close();
    throw error;
  }
}

async function openTextSource(opened: OpenedInput, hinted: SourceFormat | undefined, options: OpenOptions): Promise<Source> {
  const isJson = hinted === 'ndjson' || hinted === 'json';
  const isSentJson = isJson && opened.input.kind === 'stream' && options.encoding === undefined && !(await isWideFile(opened));
  const text = isSentJson ? await openUtf8(opened.content) : await openText(opened.content, options.encoding);
  if (isHtml(text.sample)) {
    throw new SophiaError('unknown_format', 'This is an HTML page. It may be what a server sent instead of the file, such as its login.');
  }
  const { rows, columns, description } = readText(opened, text, hinted ?? sniffFormat(text.sample), options);
  const { sample, rows: all } = await takeSample(rows, options.sampleRows ?? SAMPLE_ROWS);
  return {
    name: opened.name,
    description,
    columns,
    sample,
    rows: all,
    progress: opened.progress,
    async close() {
      await text.content.close();
      await opened.content.close();
    },
  };
}

/** What has a name is a file, however it came, and may say by its mark that it is not UTF-8. */
async function isWideFile({ name, content }: OpenedInput): Promise<boolean> {
  const encoding = name === undefined ? undefined : markedEncoding(await content.peek(MAGIC_BYTES));
  return encoding !== undefined && encoding !== 'utf-8';
}

interface TextRows {
  readonly rows: AsyncIterable<readonly SourceRow[]>;
  readonly columns: readonly string[] | undefined;
  readonly description: SourceDescription;
}

function readText(opened: OpenedInput, text: OpenedText, format: SourceFormat, options: OpenOptions): TextRows {
  const limits = { ...DEFAULT_LIMITS, ...options.limits, transcoded: text.encoding.name !== 'utf-8' };
  const found = { format, compression: opened.compression, encoding: text.encoding };
  const plain = { columns: undefined, description: { ...found, assumptions: assumptionsOf(found) } };
  if (format === 'ndjson') return { ...plain, rows: readNdjson(text.content.bytes, limits) };
  if (format === 'json') return { ...plain, rows: readJson(text.content.bytes, limits) };
  const tabs = format === 'tsv' ? { delimiter: '\t' } : {};
  const table = readCsv(text.content.bytes, text.sample, { ...tabs, ...csvOptions(options) }, limits);
  const { dialect, header, guessed } = table;
  const description = { ...found, dialect, header, assumptions: assumptionsOf({ ...found, dialect, header, guessed }) };
  return { columns: table.columns, description, rows: table.rows };
}

/** Those that are set. */
function csvOptions({ delimiter, quote, escaping, header, expected }: OpenOptions): CsvOptions {
  return {
    ...(delimiter === undefined ? {} : { delimiter }),
    ...(quote === undefined ? {} : { quote }),
    ...(escaping === undefined ? {} : { escaping }),
    ...(header === undefined ? {} : { header }),
    ...(expected === undefined ? {} : { expected }),
  };
}
