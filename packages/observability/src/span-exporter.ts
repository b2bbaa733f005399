import { trace as api, createTraceState, ROOT_CONTEXT, type SpanContext, SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  ParentBasedSampler,
  SimpleSpanProcessor,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { withDeadline } from '@sophia/shared';
import { createCollector } from './collector.ts';
import { createCountingProcessor } from './counting-processor.ts';
import type { Span, SpanOptions } from './span.ts';
import type { SpanLoss } from './span-loss.ts';
import type { SpanPlace, Trace } from './trace-context.ts';

/** A span in the making. */
export interface OpenSpan extends Span {
  readonly place: SpanPlace;
  fail(): void;
  end(error?: unknown): void;
}

/** Makes spans as children of the trace that they are begun in. */
export interface SpanFactory {
  start(name: string, options: SpanOptions, trace: Trace): OpenSpan;
  /** Sends what is waiting; what was not sent within `milliseconds` is lost. */
  close(milliseconds: number): Promise<void>;
}

export interface SpanExportOptions {
  readonly service: string;
  readonly version: string;
  /** An OTLP/HTTP collector, or an exporter that takes each span at once (tests). */
  readonly target: string | SpanExporter;
  /** Share of the traces begun here that are kept; a caller's decision holds for its trace. */
  readonly sampleRatio: number;
  readonly loss: SpanLoss;
}

/** Spans by OpenTelemetry's SDK, without its globals: several may live in one process. */
export function createSpanFactory({ service, version, target, sampleRatio, loss }: SpanExportOptions): SpanFactory {
  const processor = typeof target === 'string' ? createCountingProcessor(createCollector(target), loss) : createSimpleProcessor(target);
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.name': service,
      'service.version': version,
      // Several may run over one database, and on one machine.
      'service.instance.id': crypto.randomUUID(),
    }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(sampleRatio) }),
    spanProcessors: [processor],
  });
  const tracer = provider.getTracer('sophia');

  return {
    start(name, { kind = 'internal', attributes = {} }, trace) {
      const span = tracer.startSpan(name, { kind: KINDS[kind], attributes }, parentContext(trace));
      return {
        place: placeOf(span.spanContext()),
        setAttribute: (key, value) => {
          span.setAttribute(key, value);
        },
        fail: () => {
          span.setStatus({ code: SpanStatusCode.ERROR });
        },
        end(error) {
          if (error !== undefined) {
            const thrown = error instanceof Error ? error : new Error(String(error));
            span.recordException(thrown);
            span.setStatus({ code: SpanStatusCode.ERROR, message: thrown.message });
          }
          span.end();
        },
      };
    },
    close: (milliseconds) =>
      // An attempt that failed is told already, and what is left is given up in either case.
      withDeadline(milliseconds, () => provider.shutdown(), { what: 'the collector of traces' })
        .catch(() => undefined)
        .finally(() => processor.giveUp()),
  };
}

const createSimpleProcessor = (exporter: SpanExporter) => Object.assign(new SimpleSpanProcessor({ exporter }), { giveUp: () => undefined });

const KINDS = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const;

function parentContext({ parent }: Trace) {
  if (parent === undefined) return ROOT_CONTEXT;
  const { traceId, spanId, sampled, tracestate } = parent;
  const place = { traceId, spanId, traceFlags: sampled ? TraceFlags.SAMPLED : TraceFlags.NONE, isRemote: true };
  return api.setSpanContext(ROOT_CONTEXT, tracestate === undefined ? place : { ...place, traceState: createTraceState(tracestate) });
}

const placeOf = ({ traceId, spanId, traceFlags, traceState }: SpanContext): SpanPlace => ({
  traceId,
  spanId,
  sampled: (traceFlags & TraceFlags.SAMPLED) !== 0,
  tracestate: traceState?.serialize(),
});
