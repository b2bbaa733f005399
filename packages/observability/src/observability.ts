import { type Clock, createEventLoopDelay, type EventLoopDelay, type LogLevel, systemClock } from '@sophia/shared';
import { createLogger, type LogDestination, type Logger } from './logger.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { createSlowQueries, type SlowQueries } from './slow-queries.ts';
import { createSpanFactory, type SpanExportOptions } from './span-exporter.ts';
import { createSpanLoss } from './span-loss.ts';
import { createTracer, type Tracer } from './tracer.ts';

/** Logs, metrics and traces of one process: given to whoever does something worth seeing. */
export interface Observability {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly tracer: Tracer;
  readonly slowQueries: SlowQueries;
  /** How late the event loop is; also a metric. */
  readonly eventLoopDelay: EventLoopDelay;
  /** Sends the spans and writes the lines that are waiting. */
  close(): Promise<void>;
}

export interface ObservabilityOptions {
  /** Name of the process: `sophia`, `api`. */
  readonly service: string;
  readonly version: string;
  readonly logLevel?: LogLevel | undefined;
  readonly destination?: LogDestination | undefined;
  readonly tracing?:
    | { readonly endpoint?: SpanExportOptions['target'] | null | undefined; readonly sampleRatio?: number | undefined }
    | undefined;
  /** 200 unless told. */
  readonly slowQueryMilliseconds?: number | undefined;
  /** Whether the metrics of the process itself (memory, garbage collection, file descriptors) are kept: once in a process. */
  readonly processMetrics?: boolean | undefined;
  readonly clock?: Clock | undefined;
}

/** Milliseconds that the last spans have to be sent: a collector that is gone must not keep the process from ending. */
const CLOSE_DEADLINE = 2_000;

export function createObservability(options: ObservabilityOptions): Observability {
  const { service, version, tracing = {}, clock = systemClock } = options;
  const { endpoint = null, sampleRatio = 1 } = tracing;
  const metrics = createMetrics({ processMetrics: options.processMetrics });
  const linesLost = metrics.counter({ name: 'sophia_log_lines_lost_total', help: 'Lines of the log that could not be written.' }).with();
  const { logger, close: closeLogger } = createLogger({
    service,
    version,
    level: options.logLevel ?? 'info',
    destination: options.destination ?? 'stdout',
    context: () => traceFields(tracer),
    onLost: (lines) => linesLost.add(lines),
  });
  const loss = createSpanLoss({ metrics, logger });
  const spans = endpoint === null ? undefined : createSpanFactory({ service, version, target: endpoint, sampleRatio, loss });
  const tracer = createTracer(spans);
  const eventLoopDelay = createEventLoopDelay({ clock });
  metrics.observedGauge(
    { name: 'sophia_event_loop_delay_seconds', help: 'How late the event loop is at this moment.' },
    () => eventLoopDelay.current() / 1_000,
  );
  const slowQueries = createSlowQueries({ threshold: options.slowQueryMilliseconds ?? 200, clock, logger });

  return {
    logger,
    metrics,
    tracer,
    slowQueries,
    eventLoopDelay,
    async close() {
      eventLoopDelay.close();
      await spans?.close(CLOSE_DEADLINE);
      await closeLogger();
    },
  };
}

function traceFields(tracer: Tracer): object {
  const trace = tracer.current();
  if (trace === undefined) return {};
  return { trace_id: trace.traceId, span_id: trace.spanId, request_id: trace.requestId };
}
