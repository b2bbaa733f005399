export * from './gate.ts';
export * from './test-clock.ts';
