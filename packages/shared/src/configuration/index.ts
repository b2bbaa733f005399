export * from './configuration.ts';
export * from './describe-configuration.ts';
export { nearest } from './nearest.ts';
export * from './parse-configuration.ts';
export type { Setting } from './setting.ts';
export { SETTINGS } from './settings.ts';
