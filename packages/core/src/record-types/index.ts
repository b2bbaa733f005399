export { FieldFailure, type Normalized } from './field-failure.ts';
export { nameProblem } from './field-names.ts';
export { compileFieldNormalizer, type FieldNormalizer } from './field-normalizer.ts';
export { type JsonSchemaReading, recordTypeFromJsonSchema } from './json-schema.ts';
export type { SchemaProblem } from './json-schema-problem.ts';
export { MAX_SOURCE_ID_LENGTH, MAX_SOURCE_SYSTEM_LENGTH, type Reference } from './normalize-reference.ts';
export { compileRecordValidator, type RecordValidator, type ValidatedFields } from './record-validator.ts';
export { compileRowValidator, type RowValidation, type ValidatedRow } from './row-validator.ts';
export { recordTypeToJsonSchema } from './to-json-schema.ts';
