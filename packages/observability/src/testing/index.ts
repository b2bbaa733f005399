import { InMemorySpanExporter, type ReadableSpan } from '@opentelemetry/sdk-trace';
import type { Clock } from '@sophia/shared';
import { createObservability, type Observability } from '../observability.ts';

export interface TestObservability extends Observability {
  /** The lines logged so far. */
  lines(): Readonly<Record<string, unknown>>[];
  /** The spans ended so far. */
  spans(): ReadableSpan[];
}

/** Observability that keeps its lines and spans in memory, for tests. */
export function createTestObservability(
  options: { traces?: boolean; clock?: Clock; slowQueryMilliseconds?: number } = {},
): TestObservability {
  const written: string[] = [];
  const exporter = new InMemorySpanExporter();
  const observability = createObservability({
    service: 'test',
    version: '0',
    logLevel: 'trace',
    destination: { write: (line) => written.push(line) },
    tracing: { endpoint: options.traces === true ? exporter : null },
    clock: options.clock,
    slowQueryMilliseconds: options.slowQueryMilliseconds,
  });
  return { ...observability, lines: () => written.map((line) => JSON.parse(line)), spans: () => exporter.getFinishedSpans() };
}
