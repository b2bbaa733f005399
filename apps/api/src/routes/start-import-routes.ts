import multipart from '@fastify/multipart';
import { suggestMapping } from '@sophia/connectors';
import type { Call, JsonObject, RecordTypeDefinition } from '@sophia/types';
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import type { ApiServices } from '../services.ts';
import { ImportAnswer, SuggestionSchema } from './answers/import-answers.ts';
import { defineRoute } from './define-route.ts';
import { openAnswerLines } from './imports/answer-lines.ts';
import { ImportOptionsSchema, type ImportRequestOptions } from './imports/import-options.ts';
import { IMPORT_DEADLINE, inPlace, unlessStopped } from './imports/in-place.ts';
import { openFormFile, openImportItems } from './imports/open-import-items.ts';
import { readImportForm } from './imports/read-import-form.ts';
import { SenderFailureSchema } from './imports/sender-failure.ts';
import { idempotencyOf } from './request-headers.ts';
import { IdempotencyHeaders } from './schemas.ts';

const WholeFile = Type.Object({ failure: Type.Optional(Type.Never()) }, { title: 'WholeFile' });
const FileCutOff = Type.Object(
  { failure: { ...SenderFailureSchema, description: 'Why the file ends before it is whole' } },
  { title: 'FileCutOff' },
);

const Form = Type.Object(
  { options: Type.Optional(ImportOptionsSchema), file: Type.String({ format: 'binary' }) },
  {
    description: 'The field options as JSON first, then the file; behind it the field failure as JSON, where there is one',
    // Apart from the others: pages that send examples fill in every field beside them, and this one ends an import.
    allOf: [Type.Union([WholeFile, FileCutOff])],
  },
);

const BOUNDARY = 'example';
/** A form by its fields, and as it is sent. */
const formOf = (options: object, file: string, fileName: string) => ({
  headers: { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` },
  form: { options, file },
  body: [
    `--${BOUNDARY}`,
    'content-disposition: form-data; name="options"',
    '',
    JSON.stringify(options),
    `--${BOUNDARY}`,
    `content-disposition: form-data; name="file"; filename="${fileName}"`,
    'content-type: application/octet-stream',
    '',
    file,
    `--${BOUNDARY}--`,
    '',
  ].join('\r\n'),
});
const CSV = 'source_id,name,status\nD-10,First,open\nD-11,Second,won\n';

export const registerStartImportRoutes = async (app: FastifyInstance, services: ApiServices): Promise<void> => {
  // In a scope of its own: other routes take no form.
  await app.register(async (scope) => {
    await scope.register(multipart);
    registerStart(scope, services);
    registerSuggest(scope, services);
  });
};

const registerStart = (app: FastifyInstance, { catalog, configuration, spoolDirectory, observability }: ApiServices): void => {
  defineRoute(app, {
    method: 'POST',
    url: '/imports',
    operation: 'startImport',
    summary: 'Imports a file of any format, or what a Singer tap writes, and reports counts that add up',
    description:
      'CSV, TSV, NDJSON, JSON or Parquet, plain or packed with gzip or zstd, are told apart by themselves. With `Accept: application/x-ndjson` ' +
      'the answer is written while the import runs: a line `import` with its id, lines `progress`, `state` and `warning`, and a last line `report` or `problem`. ' +
      'A sender whose source failed says so in a field `failure` behind the file: rows that came before are kept, but for Parquet, which is ' +
      'read when it is whole, and the import ends with it. ' +
      'An import that is cut off goes on with `resume`, or with the same Idempotency-Key, and the same file.',
    tag: 'imports',
    deadline: IMPORT_DEADLINE,
    headers: IdempotencyHeaders,
    body: Form,
    checksBody: true,
    consumes: ['multipart/form-data'],
    responses: { 200: ImportAnswer },
    examples: [
      {
        summary: 'A small table whose columns are called like the fields',
        path: '/api/v1/imports',
        ...formOf({ record_type: 'deal', source_system: 'example' }, CSV, 'deals.csv'),
        status: 200,
      },
      { summary: 'Without saying what the rows are', path: '/api/v1/imports', ...formOf({}, CSV, 'deals.csv'), status: 400 },
    ],
    handle: ({ raw, call }, reply) =>
      inPlace(catalog, call, async (place) => {
        const sent = await unlessStopped(place, () => readImportForm(raw, configuration.limits.importBytes));
        const options = await withKept(sent.options, (id) => catalog.imports.get(call, id));
        const spool = { directory: spoolDirectory, maxBytes: configuration.limits.importBytes };
        const lines =
          raw.headers.accept?.includes('application/x-ndjson') === true ? openAnswerLines(reply, observability.logger) : undefined;
        const { items, sourceSystem, assumed } = await unlessStopped(place, () =>
          openImportItems(catalog, call, { ...sent, options }, spool, lines?.warning),
        );
        const { kind = 'file', name = sent.fileName ?? sourceSystem, resume, bytes_total: bytesTotal } = options;
        const running = await catalog.imports.start(
          call,
          {
            name,
            kind,
            sourceSystem,
            resume,
            idempotency: idempotencyOf(raw),
            bytesTotal,
            parameters: keptOf(options),
            assumed,
            onProgress: lines?.progress,
            onState: lines?.state,
          },
          items,
          place,
        );
        if (lines === undefined) return reply.send(await running.finished);
        return lines.follow(running);
      }),
  });
};

const registerSuggest = (app: FastifyInstance, { catalog, policies, configuration, spoolDirectory }: ApiServices): void => {
  defineRoute(app, {
    method: 'POST',
    url: '/imports/suggest',
    operation: 'suggestMapping',
    summary: 'Writes a first mapping for a file: which type its rows are, which column is which field, what looks misspelt',
    tag: 'imports',
    deadline: IMPORT_DEADLINE,
    body: Form,
    checksBody: true,
    consumes: ['multipart/form-data'],
    responses: { 200: SuggestionSchema },
    examples: [
      {
        summary: 'A table of deals',
        path: '/api/v1/imports/suggest',
        ...formOf({ source_system: 'example' }, CSV, 'deals.csv'),
        status: 200,
      },
    ],
    handle: ({ raw, call }) =>
      inPlace(catalog, call, async (place) => {
        const form = await unlessStopped(place, () => readImportForm(raw, configuration.limits.importBytes));
        const definitions = await catalog.recordTypes.list(call);
        const spool = { directory: spoolDirectory, maxBytes: configuration.limits.importBytes };
        const source = await unlessStopped(place, () => openFormFile(form, spool));
        try {
          const policy = await policies.resolve(call.principal);
          const readable = definitions.filter(({ name }) => policy.records(name).access === 'records');
          const known = await knownIds(idsOf(catalog, call), definitions, readable);
          const mapping = await suggestMapping(source, definitions, {
            sourceSystem: form.options.source_system,
            recordType: form.options.record_type,
            known,
          });
          return { mapping, assumptions: source.description.assumptions };
        } finally {
          await source.close();
        }
      }),
  });
};

/** What is kept with an import, for whoever resumes it. */
const keptOf = ({ resume: _resume, bytes_total: _bytes, ...kept }: ImportRequestOptions): JsonObject => kept;

/** Options of an import that goes on are those it was begun with, but for what is told anew. */
const withKept = async (
  options: ImportRequestOptions,
  read: (id: string) => Promise<{ readonly name: string; readonly parameters: JsonObject }>,
): Promise<ImportRequestOptions> => {
  if (options.resume === undefined) return options;
  const { name, parameters } = await read(options.resume);
  // Kept by this route.
  return { name, ...(parameters as ImportRequestOptions), ...options };
};

/** Ids of at most so many records of a type are held against what a file refers to. */
const MOST_IDS = 1_000;

const idsOf = (catalog: ApiServices['catalog'], call: Call) => async (type: string) => {
  const { items, nextCursor } = await catalog.records.list(call, type, { limit: MOST_IDS });
  return nextCursor === null ? items.map(({ source_id }) => source_id) : undefined;
};

/** Ids of the types that others refer to and the caller may read, where there are few enough to compare with. */
const knownIds = async (
  idsOf: (type: string) => Promise<readonly string[] | undefined>,
  definitions: readonly RecordTypeDefinition[],
  readable: readonly RecordTypeDefinition[],
): Promise<ReadonlyMap<string, readonly string[]>> => {
  const types = new Set(definitions.flatMap(({ fields }) => fields.flatMap(({ references }) => references ?? [])));
  const known = new Map<string, readonly string[]>();
  for (const { name } of readable) {
    const ids = types.has(name) ? await idsOf(name) : undefined;
    if (ids !== undefined && ids.length > 0) known.set(name, ids);
  }
  return known;
};
