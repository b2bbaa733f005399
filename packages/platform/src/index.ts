export { createPlatform, type Platform, type PlatformOptions } from './create-platform.ts';
export type { DependencyHealth, HealthReport } from './health.ts';
export { loadSample, type SampleOptions } from './load-sample.ts';
export { observe } from './observe.ts';
