import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createKey, type SophiaProcess, startSophia, temporaryDataFolder } from '../fixtures/sophia-process.ts';

const ROUNDS = Number(process.env.KILL_ROUNDS ?? 20);
const HOT_KEYS = 100;
const SINGLE_WRITERS = 6;
const BULK_ROWS = 60;
const SEED = 20_171_231;

/** What the client knows: every value belongs to one request, so its place in the history tells what became of it. */
interface Ledger {
  /** Values whose write was acknowledged, by key. */
  readonly acknowledged: Map<string, Set<number>>;
  /** Values of bulk writes that had no answer: they may be there, once. */
  readonly unknown: Map<string, Set<number>>;
  /** Single writes that had no answer, by their `Idempotency-Key`: they are sent again until they have one. */
  readonly unanswered: Map<string, SingleWrite>;
  /** How many of those had their answer by being sent again. */
  repeated: number;
}

interface SingleWrite {
  readonly id: string;
  readonly amount: number;
}

it(`chaos: SIGKILL at ${ROUNDS} random moments under load loses nothing and repeats nothing`, { timeout: 600_000 }, async () => {
  const folder = await temporaryDataFolder();
  const random = seeded(SEED);
  const ledger: Ledger = { acknowledged: new Map(), unknown: new Map(), unanswered: new Map(), repeated: 0 };
  let sophia = await startSophia({ dataDirectory: folder.path, args: ['--no-sample'] });
  const key = await createKey(sophia, 'admin');
  let nextValue = 1;
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      const load = startLoad({ sophia, key, ledger, random, value: () => nextValue++ });
      await delay(100 + random() * 500);
      // Every third time it is PostgreSQL that dies: Sophia starts it again by itself.
      if (round % 3 === 2) {
        process.kill(await postmasterOf(folder.path), 'SIGKILL');
        await delay(300);
        await load.stop();
        await answering(sophia, key);
      } else {
        await sophia.kill('SIGKILL');
        await load.stop();
        sophia = await startSophia({ dataDirectory: folder.path, args: ['--no-sample'] });
      }
      await repeatUnanswered(sophia, key, ledger);
    }
    // Some of the deaths met a write in hand, so that repeating was put to the test.
    expect(ledger.repeated).toBeGreaterThan(0);
    await verify(sophia, key, ledger);
    await sophia.kill('SIGTERM');
  } finally {
    await sophia.kill('SIGKILL');
    await folder.remove();
  }
});

interface LoadOptions {
  readonly sophia: SophiaProcess;
  readonly key: string;
  readonly ledger: Ledger;
  readonly random: () => number;
  readonly value: () => number;
}

/** Single writes, bulk writes and queries at once, until it is stopped. */
const startLoad = ({ sophia, key, ledger, random, value }: LoadOptions) => {
  let running = true;
  const hotKey = (): string => `hot-${Math.floor(random() * HOT_KEYS)}`;
  const send = (path: string, body: string, type: string) =>
    fetch(`${sophia.address}/api/v1${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': type },
      body,
      signal: AbortSignal.timeout(15_000),
    });

  const single = async (): Promise<void> => {
    while (running) {
      const write = { id: hotKey(), amount: value() };
      const idempotencyKey = `write-${write.amount}`;
      const status = await sendSingle(sophia, key, idempotencyKey, write);
      if (status === 200) remember(ledger.acknowledged, write);
      else ledger.unanswered.set(idempotencyKey, write);
      if (status === undefined) await delay(20);
    }
  };

  const bulk = async (): Promise<void> => {
    while (running) {
      const rows = Array.from({ length: BULK_ROWS }, () => [hotKey(), value()] as const);
      const text = rows.map(([id, amount]) => row(id, amount)).join('\n');
      const outcome = await send('/records/deal?source_system=chaos', text, 'application/x-ndjson').then(
        async (response) => ({ status: response.status, body: await response.text() }),
        () => undefined,
      );
      const book = outcome?.status === 200 ? ledger.acknowledged : ledger.unknown;
      for (const [id, amount] of rows) remember(book, { id, amount });
      if (outcome === undefined) await delay(20);
    }
  };

  const query = async (): Promise<void> => {
    while (running) {
      await send('/metrics/query', JSON.stringify({ metrics: ['revenue'] }), 'application/json').then(
        (response) => response.text(),
        () => delay(20),
      );
    }
  };

  const working = [...Array.from({ length: SINGLE_WRITERS }, single), bulk(), bulk(), query()];
  return {
    async stop() {
      running = false;
      await Promise.all(working);
    },
  };
};

const remember = (book: Map<string, Set<number>>, { id, amount }: SingleWrite): void => {
  book.set(id, (book.get(id) ?? new Set()).add(amount));
};

/** The status of the answer; undefined where none came. */
const sendSingle = (sophia: SophiaProcess, key: string, idempotencyKey: string, { id, amount }: SingleWrite): Promise<number | undefined> =>
  fetch(`${sophia.address}/api/v1/records/deal?source_system=chaos`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
    body: row(id, amount),
    signal: AbortSignal.timeout(15_000),
  }).then(
    async (response) => {
      await response.text();
      return response.status;
    },
    () => undefined,
  );

/** What a client does that lost its answer: the same request with the same key until it is answered, and once more. */
const repeatUnanswered = async (sophia: SophiaProcess, key: string, ledger: Ledger): Promise<void> => {
  for (const [idempotencyKey, write] of ledger.unanswered) {
    for (let time = 0; time < 2; time += 1) {
      await expect
        .poll(() => sendSingle(sophia, key, idempotencyKey, write), { timeout: 60_000, message: `repetition of ${idempotencyKey}` })
        .toBe(200);
    }
    remember(ledger.acknowledged, write);
    ledger.repeated += 1;
  }
  ledger.unanswered.clear();
};

const row = (id: string, amount: number): string =>
  JSON.stringify({ source_id: id, status: 'won', amount: String(amount), currency: 'USD', close_date: '2017-06-01' });

/** Everything acknowledged is there once, nothing is there twice, versions are consecutive, and the answers equal the records. */
const verify = async (sophia: SophiaProcess, key: string, ledger: Ledger): Promise<void> => {
  const get = async (path: string) => {
    const response = await fetch(`${sophia.address}/api/v1${path}`, { headers: { authorization: `Bearer ${key}` } });
    const body = JSON.parse(await response.text());
    expect(response.status, JSON.stringify(body)).toBe(200);
    return body;
  };
  const records: { id: string; source_id: string; version: number; data: { amount: string } }[] = (await get('/records/deal?limit=1000'))
    .records;
  const feed = await versionsInFeed(get);
  expect(ledger.acknowledged.size).toBeGreaterThan(0);
  for (const id of ledger.acknowledged.keys()) expect(records.map(({ source_id }) => source_id)).toContain(id);

  for (const { id, source_id, version, data } of records) {
    const versions: { version: number; data: { amount: string } }[] = (await get(`/records/deal/${id}/history?limit=1000`)).versions;
    const numbers = versions.map((each) => each.version);
    expect(numbers, source_id).toEqual(Array.from({ length: version }, (_, index) => index + 1));
    expect(feed.get(source_id), `feed of ${source_id}`).toEqual(numbers);
    const amounts = versions.map((each) => Number(each.data.amount));
    expect(new Set(amounts).size, `${source_id} has a value twice`).toBe(amounts.length);
    const known = new Set([...(ledger.acknowledged.get(source_id) ?? []), ...(ledger.unknown.get(source_id) ?? [])]);
    for (const amount of ledger.acknowledged.get(source_id) ?? [])
      expect(amounts, `acknowledged ${amount} of ${source_id}`).toContain(amount);
    for (const amount of amounts) expect(known.has(amount), `${amount} of ${source_id} was never sent`).toBe(true);
    expect(Number(data.amount)).toBe(amounts.at(-1));
  }

  const revenue = await query(sophia, key, { metrics: ['revenue', 'deals_won'] });
  const sum = records.reduce((total, { data }) => total + Number(data.amount), 0);
  expect(revenue.rows).toEqual([[`${sum}.0000`, records.length]]);
  const rebuilt = await sophia.admin('POST', '/api/v1/projections/warehouse/rebuild');
  expect(rebuilt.status, rebuilt.body).toBe(200);
  expect((await query(sophia, key, { metrics: ['revenue', 'deals_won'] })).rows).toEqual(revenue.rows);
};

const query = async (sophia: SophiaProcess, key: string, body: object) => {
  // A token of a write is not at hand after a restart: the answer is awaited until the log's head is applied.
  const response = await fetch(`${sophia.address}/api/v1/metrics/query`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      'sophia-cache': 'bypass',
      'sophia-after': await writeToken(sophia, key),
    },
    body: JSON.stringify(body),
  });
  const answer = JSON.parse(await response.text());
  expect(response.status, JSON.stringify(answer)).toBe(200);
  return answer;
};

/** The token of a write that changes nothing that is asked for. */
const writeToken = async (sophia: SophiaProcess, key: string): Promise<string> => {
  const response = await fetch(`${sophia.address}/api/v1/records/company?source_system=chaos`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ source_id: 'marker', name: 'marker' }),
  });
  const { token }: { token: string } = JSON.parse(await response.text());
  return token;
};

/** Reads on until the feed is complete to this moment: a page may be empty before its end. */
const versionsInFeed = async (get: (path: string) => Promise<FeedPage>): Promise<Map<string, number[]>> => {
  const until = new Date().toISOString();
  const versions = new Map<string, number[]>();
  let page: FeedPage | undefined;
  do {
    page = await get(`/events?limit=1000${page === undefined ? '' : `&after=${page.cursor}`}`);
    for (const { record, version } of page.events) {
      if (record?.record_type === 'deal') versions.set(record.source_id, [...(versions.get(record.source_id) ?? []), version]);
    }
  } while (page.complete_to < until);
  return versions;
};

interface FeedPage {
  readonly events: readonly FeedEvent[];
  readonly cursor: string;
  readonly complete_to: string;
}

interface FeedEvent {
  readonly record: { readonly record_type: string; readonly source_id: string } | null;
  readonly version: number;
}

const postmasterOf = async (dataDirectory: string): Promise<number> => {
  const text = await readFile(join(dataDirectory, 'postgres', 'cluster', 'postmaster.pid'), 'utf8');
  return Number(text.split('\n', 1)[0]);
};

/** Waits until writes are taken again. */
const answering = async (sophia: SophiaProcess, key: string): Promise<void> => {
  await expect
    .poll(
      async () =>
        fetch(`${sophia.address}/api/v1/freshness`, {
          headers: { authorization: `Bearer ${key}` },
          signal: AbortSignal.timeout(5_000),
        }).then(
          ({ status }) => status,
          () => 0,
        ),
      { timeout: 60_000, interval: 100 },
    )
    .toBe(200);
};

/** Mulberry32: the same moments in every run. */
const seeded = (seed: number) => {
  let state = seed;
  return (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
};
