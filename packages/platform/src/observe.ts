import { createObservability, type Observability } from '@sophia/observability';
import type { Configuration } from '@sophia/shared';

/** Logs, metrics and traces of this process, as configured. */
export const observe = (configuration: Configuration, version: string): Observability =>
  createObservability({
    service: 'sophia',
    version,
    logLevel: configuration.log.level,
    tracing: configuration.tracing,
    slowQueryMilliseconds: configuration.slowQueryMilliseconds,
    processMetrics: true,
  });
