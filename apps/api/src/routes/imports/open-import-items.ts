import type { Catalog, ImportItem } from '@sophia/catalog';
import {
  columnsOf,
  createStreamOpener,
  type FormatQuestion,
  mapSource,
  openSource,
  PLAIN_COLUMNS,
  parseMapping,
  plainItems,
  readSinger,
  type Source,
  type StreamOpener,
} from '@sophia/connectors';
import { SophiaError } from '@sophia/shared';
import type { Call } from '@sophia/types';
import type { ImportRequestOptions } from './import-options.ts';
import type { ImportForm } from './read-import-form.ts';

export interface OpenedItems {
  readonly items: AsyncIterable<ImportItem>;
  readonly sourceSystem: string;
  /** What was assumed of the file and could be otherwise, each a sentence that says how to set it. */
  readonly assumed: readonly string[];
}

/** Where a Parquet stream is kept while it is read, and how much of it at most. */
export interface ItemsSpool {
  readonly directory: string;
  readonly maxBytes: number;
}

/** Told what may be otherwise than was meant. */
type Warn = (text: string) => void;

/** Makes a form's file the rows of an import: mapped, or by the fields' own names. Errors: those of mappings and sources. */
export const openImportItems = (catalog: Catalog, call: Call, form: ImportForm, spool: ItemsSpool, warn?: Warn): Promise<OpenedItems> =>
  form.options.kind === 'singer' ? openSinger(catalog, call, form, warn) : openFile(catalog, call, form, spool);

/** Opens a form's file as its options say; what they leave open is found out, the header by the columns that are expected. */
export const openFormFile = (
  { options, file, fileName }: ImportForm,
  spool: ItemsSpool,
  expected: readonly string[] = [],
): Promise<Source> => {
  const { format, encoding, delimiter, quote, escaping, header } = options;
  const input = { kind: 'stream', stream: file, name: fileName, size: options.bytes_total } as const;
  return openSource(input, { spool, expected, ...defined({ format, encoding, delimiter, quote, escaping, header }) });
};

const openFile = async (catalog: Catalog, call: Call, form: ImportForm, spool: ItemsSpool): Promise<OpenedItems> => {
  const { options } = form;
  const { mapping: text, mapping_name: mappingName = 'the mapping', record_type: recordType, source_system: sourceSystem } = options;
  if (text === undefined) {
    const target = plainTarget(recordType, sourceSystem);
    await catalog.recordTypes.get(call, target.recordType);
    const source = await openFormFile(form, spool, PLAIN_COLUMNS);
    return { items: plainItems(source, target), sourceSystem: target.sourceSystem, assumed: source.description.assumptions };
  }
  const mapping = parseMapping(text, mappingName, await catalog.recordTypes.list(call));
  const definition = await catalog.recordTypes.get(call, mapping.record_type);
  const source = await openFormFile(form, spool, columnsOf(mapping));
  const { items } = await mapSource(source, mapping, definition, askOf(options));
  return { items, sourceSystem: mapping.source_system, assumed: source.description.assumptions };
};

const openSinger = async (catalog: Catalog, call: Call, { options, file }: ImportForm, warn: Warn | undefined): Promise<OpenedItems> => {
  const { source_system: sourceSystem, mappings = [] } = options;
  if (sourceSystem === undefined) throw new SophiaError('invalid_request', 'A Singer import needs source_system in its options.');
  const recordTypes = await catalog.recordTypes.list(call);
  const streams = createStreamOpener({
    sourceSystem,
    recordTypes,
    mappings: mappings.map((text, index) => parseMapping(text, `mapping ${index + 1}`, recordTypes)),
    define: async (name, schema) => (await catalog.recordTypes.extend(call, name, schema)).definition,
  });
  return { items: withUnusedTold(readSinger(file, { openStream: streams.open }), streams, warn), sourceSystem, assumed: [] };
};

/** At the end it is known which mappings were for nothing. */
async function* withUnusedTold(
  items: AsyncIterable<ImportItem>,
  streams: StreamOpener,
  warn: Warn | undefined,
): AsyncGenerator<ImportItem> {
  yield* items;
  for (const text of streams.unused()) warn?.(text);
}

const plainTarget = (recordType: string | undefined, sourceSystem: string | undefined) => {
  if (recordType === undefined || sourceSystem === undefined) {
    throw new SophiaError(
      'invalid_request',
      'Give a mapping, or record_type and source_system where the columns are called like the fields of the type; POST /api/v1/imports/suggest writes a first mapping.',
    );
  }
  return { recordType, sourceSystem };
};

/** Answers that came with the request; what they leave open is an error that asks. */
const askOf = ({ answers = {} }: ImportRequestOptions) => {
  return (question: FormatQuestion): Promise<string> => Promise.resolve(answers[question.column] ?? '');
};

/** Options that are undefined would stand before what is found out. */
const defined = <Options extends object>(options: Options): Partial<Options> =>
  // Only members are left out.
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<Options>;
