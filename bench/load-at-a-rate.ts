import autocannon from 'autocannon';
import type { RatedJob, RatedResult } from './load.ts';

/** A process of its own: takes a job as its argument, prints its result. */
const { address, method, path, headers, connections, seconds, rate }: RatedJob = JSON.parse(process.argv[2] ?? '{}');
const result = await autocannon({
  url: address,
  connections,
  duration: seconds,
  overallRate: rate,
  requests: [{ method, path, headers: { ...headers } }],
});
const { non2xx, errors, timeouts, latency, requests, duration } = result;
const found: RatedResult = {
  requests: requests.total,
  seconds: duration,
  failed: non2xx + errors + timeouts,
  p50: latency.p50,
  p99: latency.p99,
};
process.stdout.write(JSON.stringify(found));
