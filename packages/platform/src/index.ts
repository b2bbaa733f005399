export { createPlatform, type Platform, type PlatformOptions } from './create-platform.ts';
export type { DependencyHealth, HealthReport } from './health.ts';
export { loadSample, SAMPLE_FOLDER, type SampleOptions } from './load-sample.ts';
export { observe } from './observe.ts';
