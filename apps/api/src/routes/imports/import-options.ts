import { SOURCE_FORMATS } from '@sophia/connectors';
import { SophiaError } from '@sophia/shared';
import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { parseJsonText } from '../parse-json-text.ts';

const YAML = Type.String({ maxLength: 1_000_000 });
const Character = Type.String({ minLength: 1, maxLength: 1 });

/** What is said of an import before its bytes: the form's field `options`, as JSON. */
export const ImportOptionsSchema = Type.Object(
  {
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 500, description: 'For people; the file’s name unless told' })),
    kind: Type.Optional(Type.Enum(['file', 'singer'])),
    source_system: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
    record_type: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
    mapping: Type.Optional({ ...YAML, description: 'How columns become fields: YAML' }),
    mapping_name: Type.Optional(Type.String({ maxLength: 500, description: 'What messages call the mapping' })),
    mappings: Type.Optional(Type.Array(YAML, { maxItems: 100, description: 'Of a Singer tap: the first that fits a stream is used' })),
    resume: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: 'Id of the import to go on with' })),
    path: Type.Optional(Type.String({ maxLength: 4000, description: 'Where the sender has the file; kept for whoever resumes' })),
    bytes_total: Type.Optional(Type.Integer({ minimum: 0 })),
    answers: Type.Optional(
      Type.Record(Type.String({ maxLength: 200 }), Type.String({ maxLength: 100 }), {
        description: 'Formats of columns that can be read in two ways',
      }),
    ),
    format: Type.Optional(Type.Enum(SOURCE_FORMATS)),
    encoding: Type.Optional(Type.String({ maxLength: 40 })),
    delimiter: Type.Optional(Character),
    quote: Type.Optional(Character),
    escaping: Type.Optional(Type.Enum(['double', 'backslash'], { description: 'How a quote stands within a cell' })),
    header: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false, title: 'ImportOptions' },
);
export type ImportRequestOptions = Static<typeof ImportOptionsSchema>;

const schema = Compile(ImportOptionsSchema);

/** Errors: `invalid_request`, with each problem's place. */
export const parseImportOptions = (text: string): ImportRequestOptions => {
  const value = parseJsonText('options', text, 'invalid_request');
  if (schema.Check(value)) return checkMappings(value);
  const problems = schema.Errors(value).slice(0, 10);
  throw new SophiaError('invalid_request', problems.map(({ instancePath, message }) => `options${instancePath} ${message}`).join('; '), {
    details: { problems: problems.map(({ instancePath, message }) => ({ path: `/options${instancePath}`, message })) },
  });
};

/** Mappings are parsed at once, before the file is read. */
const MAPPINGS_LENGTH = 2 * 2 ** 20;

const checkMappings = (options: ImportRequestOptions): ImportRequestOptions => {
  const length = [options.mapping ?? '', ...(options.mappings ?? [])].reduce((sum, text) => sum + text.length, 0);
  if (length <= MAPPINGS_LENGTH) return options;
  throw new SophiaError('invalid_request', `The mappings have ${length} characters together; allowed are ${MAPPINGS_LENGTH}.`);
};
