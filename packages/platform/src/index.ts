export { openBackup } from './backup/open-backup.ts';
export { type RestoreBackupOptions, restoreBackup } from './backup/restore.ts';
export { createPlatform, type Platform, type PlatformOptions } from './create-platform.ts';
export type { DependencyHealth, HealthReport } from './health.ts';
export { loadSample, SAMPLE_FOLDER, type SampleOptions } from './load-sample.ts';
export { observe } from './observe.ts';
