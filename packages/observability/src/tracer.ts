import { AsyncLocalStorage } from 'node:async_hooks';
import type { Span, SpanOptions } from './span.ts';
import type { OpenSpan, SpanFactory } from './span-exporter.ts';
import { createTrace, type ReadableTrace, type Trace } from './trace-context.ts';

export interface RequestOptions extends SpanOptions {
  readonly name: string;
  readonly requestId: string;
  /** The caller's W3C `traceparent` header: its trace goes on. */
  readonly traceparent?: string | undefined;
  /** What goes along with it. */
  readonly tracestate?: string | undefined;
}

/** The trace of one request: its root span stays open until `end`. */
export interface RequestTrace extends Span {
  readonly traceId: string;
  /** Everything that begins within `work`, also later, belongs to this request. */
  run<T>(work: () => T): T;
  /** Says that it failed, where no error was thrown to `end` with. */
  fail(): void;
  end(error?: unknown): void;
}

export interface Tracer {
  /** Whether spans are made at all. */
  readonly enabled: boolean;
  startRequest(options: RequestOptions): RequestTrace;
  /** A span around the work, ended with it; an error is noted on it and thrown on. */
  span<T>(name: string, options: SpanOptions | undefined, work: (span: Span) => Promise<T>): Promise<T>;
  /** The trace that the caller is in. */
  current(): ReadableTrace | undefined;
}

const NO_SPAN: Span = {
  setAttribute() {
    // Nothing is exported.
  },
};

/** Traces over asynchronous calls. Without a factory of spans only ids are kept, for logs and answers. */
export function createTracer(spans: SpanFactory | undefined): Tracer {
  const storage = new AsyncLocalStorage<Trace>();
  return {
    enabled: spans !== undefined,
    current: () => storage.getStore(),
    startRequest(options) {
      const trace = createTrace(options);
      const span = spans?.start(options.name, { kind: 'server', ...options }, trace);
      return new RunningRequest(storage, span === undefined ? trace : trace.within(span.place), span);
    },
    async span(name, options, work) {
      if (spans === undefined) return work(NO_SPAN);
      const trace = (options?.root === true ? undefined : storage.getStore()) ?? createTrace({});
      const span = spans.start(name, options ?? {}, trace);
      try {
        const value = await storage.run(trace.within(span.place), work, span);
        span.end();
        return value;
      } catch (error) {
        span.end(error);
        throw error;
      }
    },
  };
}

/** A class, since one is made for each request: its methods are not. */
class RunningRequest implements RequestTrace {
  readonly #storage: AsyncLocalStorage<Trace>;
  readonly #trace: Trace;
  readonly #span: OpenSpan | undefined;

  constructor(storage: AsyncLocalStorage<Trace>, trace: Trace, span: OpenSpan | undefined) {
    this.#storage = storage;
    this.#trace = trace;
    this.#span = span;
  }

  get traceId(): string {
    return this.#trace.traceId;
  }

  run<T>(work: () => T): T {
    return this.#storage.run(this.#trace, work);
  }

  setAttribute(name: string, value: string | number | boolean): void {
    this.#span?.setAttribute(name, value);
  }

  fail(): void {
    this.#span?.fail();
  }

  end(error?: unknown): void {
    this.#span?.end(error);
  }
}
