export { BUILT_IN_RULES } from './built-in-rules.ts';
export { attributesOf } from './resolve-filter.ts';
export * from './resolve-policy.ts';
export { EXTRA } from './rule-ability.ts';
