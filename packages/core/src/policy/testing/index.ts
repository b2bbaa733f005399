export * from './arbitrary-records.ts';
