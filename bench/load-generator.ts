import { readFile } from 'node:fs/promises';
import autocannon from 'autocannon';
import type { LoadJob, LoadResult } from './load.ts';

/** A process of its own: takes a job as its argument, prints its result. */
const job: LoadJob = JSON.parse(process.argv[2] ?? '{}');
const ids: readonly string[] = job.idsFile === undefined ? [] : JSON.parse(await readFile(job.idsFile, 'utf8'));
let next = 0;

const setupRequest = (request: autocannon.Request): autocannon.Request => {
  next += 1;
  if (ids.length > 0) return { ...request, path: job.path.replace('{id}', ids[(next * 7919) % ids.length] ?? '') };
  if (job.row !== undefined) return { ...request, body: job.row.replaceAll('{n}', `${job.run}-${next}`) };
  return request;
};

const result = await autocannon({
  url: job.address,
  connections: job.connections,
  duration: job.seconds,
  ...(job.rate === undefined ? {} : { overallRate: job.rate }),
  requests: [{ method: job.method, path: job.path, headers: { ...job.headers }, setupRequest }],
});
const { non2xx, errors, timeouts, latency, requests, duration } = result;
const found: LoadResult = {
  requests: requests.total,
  seconds: duration,
  failed: non2xx + errors + timeouts,
  p50: latency.p50,
  p99: latency.p99,
};
process.stdout.write(JSON.stringify(found));
