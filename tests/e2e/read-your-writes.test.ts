import { Agent, request } from 'node:http';
import { expect, it } from 'vitest';
import { createKey, startSophia, temporaryDataFolder } from '../fixtures/sophia-process.ts';

const CLIENTS = 5;
const TIMES = 200;
/** Of each client: its answer is the sum of its own. */
const DEALS = 20;

it(`${CLIENTS * TIMES} times without waiting: a metric contains the write whose token is sent, cached or computed anew`, async () => {
  const folder = await temporaryDataFolder();
  const sophia = await startSophia({ dataDirectory: folder.path, args: ['--no-sample'] });
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
  try {
    const call = createCaller(agent, sophia.address, await createKey(sophia, 'admin'));
    const tiers = await Promise.all(Array.from({ length: CLIENTS }, (_, client) => writeAndRead(call, `client ${client}`)));
    // Answers out of memory are among those that were right.
    expect(tiers.flat()).toContain('L1');
  } finally {
    agent.destroy();
    await sophia.kill();
    await folder.remove();
  }
});

/** Changes a deal and asks at once, again and again, while the others do the same; resolves to where answers came from. */
const writeAndRead = async (call: Caller, client: string): Promise<string[]> => {
  const query = { metrics: ['revenue', 'deals_won'], filters: [{ field: 'deal.name', operator: 'eq', values: [client] }] };
  const path = `/metrics/query?q=${encodeURIComponent(JSON.stringify(query))}`;
  const ids = await createDeals(call, client);
  // In hundredths, so that sums are exact.
  const amounts = ids.map(() => 100);
  const tiers: string[] = [];
  for (let time = 1; time <= TIMES; time += 1) {
    const index = time % DEALS;
    amounts[index] = time * 37;
    const { token } = await call('PATCH', `/records/deal/${ids[index]}`, { body: { amount: decimal(time * 37) } });
    const expected = [[decimal(amounts.reduce((sum, each) => sum + each, 0)), DEALS]];
    const isComputed = time % 2 === 0;
    const headers = { 'sophia-after': token };
    const answer = await call('GET', path, { headers: isComputed ? { ...headers, 'sophia-cache': 'bypass' } : headers });
    expect(answer.rows, `${client}, time ${time}`).toEqual(expected);
    if (isComputed) continue;
    const again = await call('GET', path, { headers });
    expect(again.rows, `${client}, time ${time}, asked again`).toEqual(expected);
    tiers.push(again.cache.tier);
  }
  return tiers;
};

interface Call {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}
type Caller = ReturnType<typeof createCaller>;

/** One connection for all: what comes back is parsed, and anything but 200 fails. */
const createCaller =
  (agent: Agent, address: string, key: string) =>
  (method: string, path: string, { headers = {}, body }: Call = {}) =>
    // biome-ignore lint/suspicious/noExplicitAny: the answers of three routes, judged by the test
    new Promise<any>((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const type = text === undefined ? {} : { 'content-type': 'application/json' };
      const options = { method, agent, timeout: 30_000, headers: { authorization: `Bearer ${key}`, ...type, ...headers } };
      const sent = request(`${address}/api/v1${path}`, options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk)).once('error', reject);
        response.once('end', () => {
          const found = Buffer.concat(chunks).toString();
          if (response.statusCode === 200) resolve(JSON.parse(found));
          else reject(new Error(`${method} ${path}: ${response.statusCode} ${found}`));
        });
      });
      sent.once('timeout', () => sent.destroy(new Error(`${method} ${path}: no answer`)));
      sent.once('error', reject).end(text);
    });

const createDeals = async (call: Caller, client: string): Promise<string[]> => {
  const body = Array.from({ length: DEALS }, (_, index) => ({
    source_id: `${client}, deal ${index}`,
    name: client,
    status: 'won',
    amount: '1.00',
    currency: 'USD',
    close_date: '2017-06-01',
  }));
  await call('POST', '/records/deal?source_system=test', { body });
  const filter = encodeURIComponent(JSON.stringify({ field: 'name', operator: 'eq', values: [client] }));
  const { records } = await call('GET', `/records/deal?limit=${DEALS}&filter=${filter}`);
  return records.map(({ id }: { id: string }) => id);
};

const decimal = (hundredths: number): string => `${Math.floor(hundredths / 100)}.${String(hundredths % 100).padStart(2, '0')}00`;
