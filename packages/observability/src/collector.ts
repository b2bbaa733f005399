import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import type { SpanExporter } from '@opentelemetry/sdk-trace';

/** Sends spans to a collector by OTLP over HTTP. */
export interface Collector {
  readonly exporter: SpanExporter;
  /** Ends what is under way and lets nothing begin: an open request would keep the process from ending. */
  cutOff(): void;
}

/** Milliseconds that one batch may take, with the exporter's own attempts. */
export const EXPORT_DEADLINE = 5_000;

export function createCollector(url: string): Collector {
  const agent = url.startsWith('https:') ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true });
  return {
    exporter: new OTLPTraceExporter({ url, timeoutMillis: EXPORT_DEADLINE, httpAgentOptions: () => agent }),
    cutOff() {
      agent.createConnection = refuse;
      // An error that the exporter does not take for one of the network, after which it would try again.
      for (const socket of Object.values(agent.sockets).flat()) socket?.destroy(new Error(CUT_OFF));
      agent.destroy();
    },
  };
}

const CUT_OFF = 'The collector of traces took too long.';

const refuse = (): never => {
  throw new Error(CUT_OFF);
};
