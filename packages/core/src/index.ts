export * from './record-types/index.ts';
