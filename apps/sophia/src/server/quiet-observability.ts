import { createObservability, type Observability } from '@sophia/observability';
import type { Configuration } from '@sophia/shared';
import { VERSION } from '../version.ts';

/** Of a command, and of a start that a person watches: errors only, and not on standard output, which is for results. */
export const quietObservability = ({ tracing, slowQueryMilliseconds }: Configuration): Observability =>
  createObservability({
    service: 'sophia',
    version: VERSION,
    logLevel: 'error',
    destination: { write: (line) => process.stderr.write(line) },
    tracing,
    slowQueryMilliseconds,
    processMetrics: true,
  });
