import type { Catalog, ImportItem } from '@sophia/catalog';
import {
  createStreamOpener,
  type FormatQuestion,
  mapSource,
  openSource,
  parseMapping,
  plainItems,
  readSinger,
  type Source,
} from '@sophia/connectors';
import { SophiaError } from '@sophia/shared';
import type { Call } from '@sophia/types';
import type { ImportRequestOptions } from './import-options.ts';
import type { ImportForm } from './read-import-form.ts';

export interface OpenedItems {
  readonly items: AsyncIterable<ImportItem>;
  readonly sourceSystem: string;
}

/** Where a Parquet stream is kept while it is read, and how much of it at most. */
export interface ItemsSpool {
  readonly directory: string;
  readonly maxBytes: number;
}

/** Makes a form's file the rows of an import: mapped, or by the fields' own names. Errors: those of mappings and sources. */
export const openImportItems = (catalog: Catalog, call: Call, form: ImportForm, spool: ItemsSpool): Promise<OpenedItems> =>
  form.options.kind === 'singer' ? openSinger(catalog, call, form) : openFile(catalog, call, form, spool);

const openFile = async (catalog: Catalog, call: Call, { options, file, fileName }: ImportForm, spool: ItemsSpool): Promise<OpenedItems> => {
  const { mapping: text, mapping_name: mappingName = 'the mapping', record_type: recordType, source_system: sourceSystem } = options;
  const open = (): Promise<Source> => {
    const { format, encoding, delimiter, quote, header } = options;
    const input = { kind: 'stream', stream: file, name: fileName, size: options.bytes_total } as const;
    return openSource(input, { spool, ...defined({ format, encoding, delimiter, quote, header }) });
  };
  if (text === undefined) {
    const target = plainTarget(recordType, sourceSystem);
    await catalog.recordTypes.get(call, target.recordType);
    return { items: plainItems(await open(), target), sourceSystem: target.sourceSystem };
  }
  const mapping = parseMapping(text, mappingName, await catalog.recordTypes.list(call));
  const definition = await catalog.recordTypes.get(call, mapping.record_type);
  const { items } = await mapSource(await open(), mapping, definition, askOf(options));
  return { items, sourceSystem: mapping.source_system };
};

const openSinger = async (catalog: Catalog, call: Call, { options, file }: ImportForm): Promise<OpenedItems> => {
  const { source_system: sourceSystem, mappings = [] } = options;
  if (sourceSystem === undefined) throw new SophiaError('invalid_request', 'A Singer import needs source_system in its options.');
  const recordTypes = await catalog.recordTypes.list(call);
  const openStream = createStreamOpener({
    sourceSystem,
    recordTypes,
    mappings: mappings.map((text, index) => parseMapping(text, `mapping ${index + 1}`, recordTypes)),
    define: async (name, schema) => (await catalog.recordTypes.define(call, name, schema)).definition,
  });
  return { items: readSinger(file, { openStream }), sourceSystem };
};

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
