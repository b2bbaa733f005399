export { bindRecordFilter, bindVisibleRecords, isRecordField, RECORD_FIELDS, type RecordFilterContext } from './bind-record-filter.ts';
export { BUILT_IN_RULES } from './built-in-rules.ts';
export { evaluateCondition, type ReadField } from './evaluate-condition.ts';
export { maskRecord, omitMasked } from './mask-record.ts';
export { type PolicyProblem, policyProblems } from './policy-problems.ts';
export { type PostgresCondition, type PostgresConditionOptions, postgresCondition } from './postgres-condition.ts';
export { attributesOf } from './resolve-filter.ts';
export * from './resolve-policy.ts';
export { EXTRA } from './rule-ability.ts';
