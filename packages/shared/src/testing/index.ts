export * from './test-clock.ts';
