/** What others may know of the trace they are in. */
export interface ReadableTrace {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** The innermost span, 16 hexadecimal digits; absent where no spans are made and no caller gave one. */
  readonly spanId: string | undefined;
  readonly requestId: string | undefined;
  /** W3C header to send along. */
  readonly traceparent: string;
}

/** Where a span stands. */
export interface SpanPlace {
  readonly traceId: string;
  readonly spanId: string;
  /** Whether the trace is kept. */
  readonly sampled: boolean;
  /** W3C header of what others keep along the trace, as it came. */
  readonly tracestate?: string | undefined;
}

/** How a request's trace begins. */
export interface TraceOrigin {
  readonly traceparent?: string | undefined;
  /** Goes along with a `traceparent` that is well formed only. */
  readonly tracestate?: string | undefined;
  readonly requestId?: string | undefined;
}

export interface Trace extends ReadableTrace {
  /** The span that new ones are children of; undefined where none has begun and no caller gave one. */
  readonly parent: SpanPlace | undefined;
  /** The same request inside of a span. */
  within(span: SpanPlace): Trace;
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** A trace that goes on from a `traceparent` header, or begins here where there is none or it is not well formed. */
export function createTrace({ traceparent, tracestate, requestId }: TraceOrigin): Trace {
  return new RequestTrace(requestId, traceparent === undefined ? undefined : parseTraceparent(traceparent, tracestate));
}

/** W3C Trace Context, section 3.2: later versions are read by the rules of version 00, `ff` and zero ids are invalid. */
function parseTraceparent(header: string, tracestate: string | undefined): SpanPlace | undefined {
  const [, version, traceId, spanId, flags, rest] = TRACEPARENT.exec(header) ?? [];
  if (version === undefined || traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1, tracestate };
}

/** A trace's id is made when somebody asks: most requests that are not exported log nothing. */
class RequestTrace implements Trace {
  readonly requestId: string | undefined;
  readonly parent: SpanPlace | undefined;
  #ownId: string | undefined;

  constructor(requestId: string | undefined, parent: SpanPlace | undefined) {
    this.requestId = requestId;
    this.parent = parent;
  }

  get traceId(): string {
    if (this.parent !== undefined) return this.parent.traceId;
    this.#ownId ??= randomHex(16);
    return this.#ownId;
  }

  get spanId(): string | undefined {
    return this.parent?.spanId;
  }

  get traceparent(): string {
    return `00-${this.traceId}-${this.spanId ?? randomHex(8)}-${this.parent?.sampled === true ? '01' : '00'}`;
  }

  within(span: SpanPlace): Trace {
    return new RequestTrace(this.requestId, span);
  }
}

const randomHex = (bytes: number) => Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString('hex');
