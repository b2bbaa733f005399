import { FIELD_TYPES, type RecordTypeDefinition } from '@sophia/types';
import Type from 'typebox';
import { answerOf } from './answer-of.ts';

const FieldSchema = answerOf<RecordTypeDefinition['fields'][number]>()(
  Type.Object(
    {
      name: Type.String(),
      type: Type.Enum(FIELD_TYPES),
      description: Type.Optional(Type.String()),
      values: Type.Optional(Type.Array(Type.String(), { description: 'Allowed values, for text' })),
      references: Type.Optional(Type.String({ description: 'The record type that a reference points to' })),
      currency: Type.Optional(Type.String({ description: 'The field that holds the currency, for money' })),
      contact: Type.Optional(Type.Boolean({ description: 'Contact details, masked for analysts' })),
      identifying: Type.Optional(Type.Boolean({ description: 'Names one record or person: no dimension for viewers' })),
      maxLength: Type.Optional(Type.Integer({ description: 'Longest text in characters' })),
      minimum: Type.Optional(Type.Number()),
      maximum: Type.Optional(Type.Number()),
      required: Type.Optional(Type.Boolean()),
    },
    { title: 'Field' },
  ),
);

const DerivedFieldSchema = answerOf<NonNullable<RecordTypeDefinition['derived']>[number]>()(
  Type.Object(
    {
      name: Type.String(),
      type: Type.Enum(FIELD_TYPES),
      description: Type.String(),
      expression: Type.String({ description: 'In the language of semantic models' }),
    },
    { title: 'DerivedField', description: 'Computed from the fields when asked, never stored' },
  ),
);

const RecordTypeSchema = answerOf<RecordTypeDefinition>()(
  Type.Object(
    {
      name: Type.String(),
      description: Type.String(),
      origin: Type.Enum(['builtin', 'workspace']),
      fields: Type.Array(FieldSchema),
      derived: Type.Optional(Type.Array(DerivedFieldSchema)),
      owner: Type.Optional(Type.Array(Type.String(), { description: 'Path of reference fields from a record to its owning user' })),
      revision: Type.Integer({ description: 'Grows with each change of the definition' }),
    },
    { title: 'RecordType' },
  ),
);

export const RecordTypesAnswerSchema = Type.Object({ record_types: Type.Array(RecordTypeSchema) }, { title: 'RecordTypesAnswer' });

export const RecordTypeAnswerSchema = Type.Object(
  {
    ...RecordTypeSchema.properties,
    schema: Type.Record(Type.String(), Type.Unknown(), { description: 'JSON Schema (draft 2020-12) of its rows' }),
  },
  { title: 'RecordTypeAnswer' },
);

export const DefinedRecordTypeSchema = Type.Object(
  { ...RecordTypeSchema.properties, token: Type.String({ description: 'Send it back as Sophia-After to read by this definition' }) },
  { title: 'DefinedRecordType' },
);
