import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';

/** What is told of spans on their way to the collector. */
export interface SpanLoss {
  onSent(): void;
  onLost(spans: number, reason: string): void;
}

/** Counts spans that will never be sent; the log says it once, and once more when the collector takes spans again. */
export function createSpanLoss({ metrics, logger }: { readonly metrics: Metrics; readonly logger: Logger }): SpanLoss {
  const total = metrics.counter({ name: 'sophia_trace_spans_lost_total', help: 'Spans that the collector of traces did not take.' }).with();
  let lost = 0;
  return {
    onSent() {
      if (lost > 0) logger.info({ lost }, 'the collector of traces takes spans again');
      lost = 0;
    },
    onLost(spans, reason) {
      if (lost === 0) logger.warn({ reason }, 'spans are lost: the collector of traces does not take them');
      lost += spans;
      total.add(spans);
    },
  };
}
