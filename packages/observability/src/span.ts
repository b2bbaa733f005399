export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanOptions {
  readonly attributes?: SpanAttributes | undefined;
  readonly kind?: 'internal' | 'server' | 'client' | 'producer' | 'consumer' | undefined;
  /** Begins a trace of its own, whatever trace the caller is in. */
  readonly root?: boolean | undefined;
}

/** A piece of work in a trace. Where nothing is exported, its methods do nothing. */
export interface Span {
  setAttribute(name: string, value: string | number | boolean): void;
}
