import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { driveAtRate, driveServer, type LoadJob } from '../load.ts';
import { spawnPinned } from '../processes.ts';
import type { BenchRow } from '../protocol.ts';
import { startBenchServer } from '../sophia-server.ts';

const RAW_SERVER = fileURLToPath(new URL('../raw-server.ts', import.meta.url));
const QUERY = { metrics: ['revenue', 'win_rate'], dimensions: ['user.office'] };
const PATH = `/api/v1/metrics/query?q=${encodeURIComponent(JSON.stringify(QUERY))}`;
const OPEN_LOOP_RATE = 10_000;

/** Row 1: with key, rate limit, policy and audit on our side; the same bytes, headers too, on the other. */
export const cachedRead: BenchRow = {
  number: 1,
  name: 'cached-read',
  what: 'authenticated metric query answered from memory, over HTTP',
  reference: 'raw node:http writing the same bytes',
  unit: 'requests/s',
  async prepare({ smoke }) {
    const server = await startBenchServer({ sample: true });
    const headers = { authorization: `Bearer ${server.key}` };
    await fetch(server.address + PATH, { headers });
    const answer = await fetch(server.address + PATH, { headers });
    const body = await answer.text();
    if (JSON.parse(body).cache.tier !== 'L1') throw new Error(`not answered from memory: ${body}`);
    const sent = [...answer.headers].filter(([name]) => !['date', 'connection', 'keep-alive'].includes(name)).flat();
    const raw = spawnPinned('server', process.execPath, [
      '--disable-warning=ExperimentalWarning',
      RAW_SERVER,
      JSON.stringify({ body, headers: sent }),
    ]);
    const [port] = await once(raw.stdout?.setEncoding('utf8') ?? raw, 'data');
    const job = (address: string, seconds: number): LoadJob => ({
      address,
      method: 'GET',
      path: PATH,
      headers,
      connections: smoke ? 4 : 50,
      seconds,
    });
    const rawAddress = `http://127.0.0.1:${String(port).trim()}`;
    return {
      reference: (seconds) => driveServer(raw.pid ?? 0, job(rawAddress, seconds)),
      ours: (seconds) => driveServer(server.pid, job(server.address, seconds)),
      async figures() {
        const { p50, p99, requests, seconds } = await driveAtRate({
          ...job(server.address, smoke ? 1 : 10),
          rate: smoke ? 100 : OPEN_LOOP_RATE,
        });
        return [
          { name: 'at a constant rate', value: requests / seconds, unit: 'requests/s' },
          { name: 'p50', value: p50, unit: 'ms' },
          { name: 'p99', value: p99, unit: 'ms' },
          { name: 'start to ready', value: server.startMilliseconds / 1000, unit: 's' },
        ];
      },
      async close() {
        raw.kill();
        await server.close();
      },
    };
  },
};
