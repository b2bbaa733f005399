import { trace as api, ROOT_CONTEXT, type SpanContext, SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  SimpleSpanProcessor,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { SpanPlace, Trace } from './trace-context.ts';
import type { Span, SpanOptions } from './tracer.ts';

/** A span in the making. */
export interface OpenSpan extends Span {
  readonly place: SpanPlace;
  end(error?: unknown): void;
}

/** Makes spans as children of the trace that they are begun in. */
export interface SpanFactory {
  start(name: string, options: SpanOptions, trace: Trace): OpenSpan;
  /** Sends what is waiting. */
  close(): Promise<void>;
}

export interface SpanExportOptions {
  readonly service: string;
  readonly version: string;
  /** An OTLP/HTTP collector, or an exporter that takes each span at once (tests). */
  readonly target: string | SpanExporter;
  /** Share of the traces begun here that are kept; a caller's decision holds for its trace. */
  readonly sampleRatio: number;
}

/** Spans by OpenTelemetry's SDK, without its globals: several may live in one process. */
export function createSpanFactory({ service, version, target, sampleRatio }: SpanExportOptions): SpanFactory {
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': service, 'service.version': version }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(sampleRatio) }),
    spanProcessors: [
      typeof target === 'string'
        ? new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url: target }), exportTimeoutMillis: 5_000 })
        : new SimpleSpanProcessor({ exporter: target }),
    ],
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
    close: () => provider.shutdown(),
  };
}

const KINDS = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const;

function parentContext({ parent }: Trace) {
  if (parent === undefined) return ROOT_CONTEXT;
  const { traceId, spanId, sampled } = parent;
  return api.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: sampled ? TraceFlags.SAMPLED : TraceFlags.NONE, isRemote: true });
}

const placeOf = ({ traceId, spanId, traceFlags }: SpanContext): SpanPlace => ({
  traceId,
  spanId,
  sampled: (traceFlags & TraceFlags.SAMPLED) !== 0,
});
