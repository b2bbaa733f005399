import type { EventLog, Handler } from '@sophia/event-log';
import type { Tracer } from '@sophia/observability';
import type { EventFact } from '@sophia/types';

/**
 * The event log with a trace for each batch that a group's handler takes. It belongs to nobody's
 * request, also where somebody's request began to consume: a batch holds the events of many.
 */
export const traceEventLog = (eventLog: EventLog, tracer: Tracer): EventLog => {
  if (!tracer.enabled) return eventLog;
  const traced =
    <Event extends EventFact>(group: string, handler: Handler<Event>): Handler<Event> =>
    (batch, delivery) => {
      // Ticks come every second when nothing happens.
      if (batch.events.length === 0) return handler(batch, delivery);
      const attributes = {
        'sophia.group': group,
        'sophia.tick': batch.tick,
        'sophia.events': batch.events.length,
        'sophia.replay': delivery.replay,
      };
      return tracer.span('log.batch', { kind: 'consumer', root: true, attributes }, () => handler(batch, delivery));
    };
  return {
    ...eventLog,
    consume: (group, handler, options) => eventLog.consume(group, traced(group, handler), options),
    consumeFacts: (group, handler, options) => eventLog.consumeFacts(group, traced(group, handler), options),
  };
};
