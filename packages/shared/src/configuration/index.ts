export * from './configuration.ts';
export * from './configuration-reference.ts';
export * from './describe-configuration.ts';
export { nearest } from './nearest.ts';
export * from './parse-configuration.ts';
