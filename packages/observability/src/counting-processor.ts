import { BatchSpanProcessor, type ReadableSpan, type SpanExporter, type SpanProcessor } from '@opentelemetry/sdk-trace';
import { type Collector, EXPORT_DEADLINE } from './collector.ts';
import type { SpanLoss } from './span-loss.ts';

export interface CountingProcessor extends SpanProcessor {
  /** What was not sent is lost: nothing is under way any more. */
  giveUp(): void;
}

/** Spans that wait for a collector which takes none. */
const MAXIMUM_QUEUED = 2_048;

/** What an exporter answers for a batch that was taken; OpenTelemetry's `ExportResultCode.SUCCESS`. */
const SUCCESS = 0;

/** Sends spans in batches and counts those that are lost, which OpenTelemetry's own processor does not tell. */
export function createCountingProcessor({ exporter, cutOff }: Collector, loss: SpanLoss): CountingProcessor {
  let queued = 0;
  let unsent = 0;
  let isGivenUp = false;
  const counted: SpanExporter = {
    export(spans, tell) {
      queued -= spans.length;
      exporter.export(spans, (result) => {
        tell(result);
        if (isGivenUp) return;
        unsent -= spans.length;
        if (result.code === SUCCESS) loss.onSent();
        else loss.onLost(spans.length, String(result.error?.message));
      });
    },
    shutdown: () => exporter.shutdown(),
  };
  const batches = new BatchSpanProcessor({ exporter: counted, exportTimeoutMillis: EXPORT_DEADLINE, maxQueueSize: MAXIMUM_QUEUED });
  const enqueue = batches.onEnd.bind(batches);

  return Object.assign(batches, {
    onEnd(span: ReadableSpan) {
      if (queued >= MAXIMUM_QUEUED) return loss.onLost(1, `${MAXIMUM_QUEUED} wait already`);
      queued++;
      unsent++;
      enqueue(span);
    },
    giveUp() {
      isGivenUp = true;
      if (unsent > 0) loss.onLost(unsent, 'the process ends');
      cutOff();
    },
  });
}
