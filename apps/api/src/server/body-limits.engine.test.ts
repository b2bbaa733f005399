import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type ApiHarness, openApiHarness } from '../testing/api-harness.ts';

describe('a body that does not arrive', () => {
  let harness: ApiHarness;
  const sockets: Socket[] = [];

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await harness.close();
  });

  /** Sends the beginning of a request, and what else it is given; all that is answered, once the connection is closed. */
  const begin = (head: readonly string[], body: string, key = 'admin') => {
    const { port } = new URL(harness.address);
    const socket = connect(Number(port), '127.0.0.1');
    sockets.push(socket);
    const chunks: Buffer[] = [];
    const answer = new Promise<string>((resolve) => {
      socket.on('data', (chunk: Buffer) => chunks.push(chunk)).on('close', () => resolve(Buffer.concat(chunks).toString()));
    });
    socket.on('error', () => undefined);
    socket.write(`${[...head, 'host: test', `authorization: Bearer ${harness.keys.get(key)}`, '', ''].join('\r\n')}${body}`);
    return { socket, answer };
  };
  interface Limits {
    readonly request: number;
    readonly idle: number;
    readonly rest?: number;
    readonly concurrency?: number;
    /** What the environment sets. */
    readonly env?: Readonly<Record<string, string>>;
  }
  const open = async ({ request, idle, rest = 60_000, concurrency = 1_000, env = {} }: Limits): Promise<void> => {
    harness = await openApiHarness({
      env,
      services: { bodyIdleMilliseconds: idle, bodyRestMilliseconds: rest },
      http: { limits: { bodyBytes: 2 ** 20, importBytes: 2 ** 30, requestMilliseconds: request, concurrency, eventLoopDelay: 60_000 } },
    });
    await harness.makeKey('admin', { role: 'admin' });
  };
  const states = async (): Promise<string[]> =>
    (await harness.send('GET', '/api/v1/imports')).json.imports.map(({ state }: { state: string }) => state);
  const JSON_HEAD = ['POST /api/v1/metrics/query HTTP/1.1', 'content-type: application/json', 'content-length: 100'];
  const ROWS_HEAD = [
    'POST /api/v1/records/deal?source_system=slow HTTP/1.1',
    'content-type: application/x-ndjson',
    'transfer-encoding: chunked',
  ];
  const row = '{"source_id":"1"}\n';
  const chunk = `${row.length.toString(16)}\r\n${row}\r\n`;

  it('is answered with 408, and leaves its place to others', async () => {
    await open({ request: 3_000, idle: 60_000, concurrency: 1 });
    const { answer } = begin(JSON_HEAD, '{"metrics":');
    // The only place is taken.
    await expect.poll(async () => (await harness.send('GET', '/api/v1/metrics')).status).toBe(503);
    const text = await answer;
    expect(text).toMatch(/^HTTP\/1\.1 408 /);
    expect(text).toContain('"code":"slow_body"');
    expect((await harness.send('GET', '/api/v1/metrics')).status).toBe(200);
  });

  it('is given up where the server closes, unless it goes on', async () => {
    await open({ request: 60_000, idle: 60_000 });
    let arrived = 0;
    harness.api.app.server.on('request', () => {
      arrived += 1;
    });
    const rows = ['POST /api/v1/records/deal?source_system=slow HTTP/1.1', 'content-type: application/json', 'content-length: 19'];
    const replay = ['POST /api/v1/projections/warehouse/set-aside/replay HTTP/1.1', 'content-type: application/json', 'content-length: 2'];
    const quiet = [begin(JSON_HEAD, '{"metrics":'), begin(rows, '[{"so'), begin(replay, '{')];
    const goesOn = begin(rows, '[{"so');
    await expect.poll(() => arrived).toBe(4);
    const closed = harness.close();
    goesOn.socket.write('urce_id":"1"}]');
    for (const { answer } of quiet) {
      const text = await answer;
      expect(text).toMatch(/^HTTP\/1\.1 503 /);
      expect(text).toContain('"code":"unavailable"');
    }
    expect(await goesOn.answer).toMatch(/^HTTP\/1\.1 200 /);
    await closed;
  });

  it('is given up where it stops in the middle of a stream, however long the whole may take', async () => {
    await open({ request: 60_000, idle: 300 });
    const { answer } = begin(ROWS_HEAD, chunk);
    const text = await answer;
    expect(text).toMatch(/^HTTP\/1\.1 408 /);
    expect(text).toContain('"code":"slow_body"');
    await expect.poll(states).not.toContain('running');
  });

  it('is given up where its answer has begun, which is cut off then', async () => {
    await open({ request: 60_000, idle: 3_000 });
    // More than is looked at before an import begins.
    const rows = Array.from({ length: 12_000 }, (_, at) => `D-${at},a name of some length\n`).join('');
    const { socket, answer } = begin([...FORM_HEAD, 'accept: application/x-ndjson'], `${form.slice(0, form.indexOf('D-1'))}${rows}`);
    const goingOn = setInterval(() => socket.write('D-1,one\n'), 50);
    await once(socket, 'data');
    clearInterval(goingOn);
    const text = await answer;
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
    expect(text).toContain('{"import":');
    expect(text).not.toContain('"report"');
    await expect.poll(states, { timeout: 20_000 }).not.toContain('running');
  });

  const FORM_HEAD = ['POST /api/v1/imports HTTP/1.1', 'content-type: multipart/form-data; boundary=b', 'content-length: 1000000000'];
  const form = [
    '--b',
    'content-disposition: form-data; name="options"',
    '',
    JSON.stringify({ record_type: 'deal', source_system: 'slow', format: 'csv' }),
    '--b',
    'content-disposition: form-data; name="file"; filename="deals.csv"',
    '',
    `source_id,name\n${'D-1,one\n'.repeat(20_000)}`,
  ].join('\r\n');

  it('has a place among the imports of its key, which a further one does not get', async () => {
    await open({ request: 60_000, idle: 60_000, env: { SOPHIA_IMPORTS_PER_PRINCIPAL: '1' } });
    const takePlace = (): void => {
      // The options alone: nothing is imported yet. Where a further one is at work just then, it is this one that is refused.
      begin(FORM_HEAD, form.slice(0, form.indexOf('source_id,name'))).socket.once('data', takePlace);
    };
    takePlace();
    const csv = { headers: { 'content-type': 'text/csv' }, body: 'source_id\nD-2\n' };
    const further = () => harness.send('POST', '/api/v1/records/deal?source_system=other', csv);
    await expect.poll(async () => (await further()).status, { timeout: 20_000 }).toBe(429);
    const { headers, json } = await further();
    expect([json.code, Number(headers.get('retry-after')) >= 1]).toEqual(['too_many_imports', true]);
    const suggest = await harness.send('POST', '/api/v1/imports/suggest', {
      headers: { 'content-type': 'multipart/form-data; boundary=b' },
      body: `${form}\r\n--b--\r\n`,
    });
    expect(suggest.json.code).toBe('too_many_imports');
    await harness.makeKey('other', { role: 'admin' });
    expect((await harness.send('POST', '/api/v1/records/deal?source_system=other', { ...csv, key: 'other' })).status).toBe(200);
    for (const socket of sockets.splice(0)) socket.destroy();
    await expect.poll(async () => (await further()).status, { timeout: 20_000 }).toBe(200);
  });

  it('is given up where it is a form whose file stops, also while the answer is being written', async () => {
    await open({ request: 60_000, idle: 300 });
    for (const key of ['one', 'two', 'three']) await harness.makeKey(key, { role: 'admin' });
    // More than the eight imports that may run at once.
    const silent = ['one', 'two', 'three'].flatMap((key) =>
      [0, 1, 2].map((index) => begin(index % 2 === 0 ? FORM_HEAD : [...FORM_HEAD, 'accept: application/x-ndjson'], form, key)),
    );
    for (const { answer } of silent) expect(await answer).toMatch(/^$|^HTTP\/1\.1 (408|200) /);
    await expect.poll(states, { timeout: 20_000 }).not.toContain('running');
    const csv = { headers: { 'content-type': 'text/csv' }, body: 'source_id\nD-2\n' };
    expect((await harness.send('POST', '/api/v1/records/deal?source_system=other', csv)).json).toMatchObject({ created: 1 });
  });

  it('is not one that is there when its time is over, though nobody has read it, nor one that is longer than is held', async () => {
    const [request, idle] = [1_000, 2_000];
    await open({ request, idle });
    // Its credential is known from here on.
    await harness.send('GET', '/api/v1/metrics');
    const head = (type: string, length: number) => [
      'POST /api/v1/records/deal?source_system=late HTTP/1.1',
      `content-type: ${type}`,
      `content-length: ${length}`,
      'connection: close',
    ];
    /** Sends the beginning until its body is waited for: what is done without waiting is done an instant after it came. */
    const beginToWait = async (type: string, whole: string, beginning: string) => {
      const arrived = once(harness.api.app.server, 'request');
      const begun = begin(head(type, whole.length), beginning);
      await arrived;
      await new Promise((resolve) => setImmediate(resolve));
      return begun;
    };
    /** Timers of one process come in their order: those of the limits have come by then. */
    const beyond = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds + 100));

    const { imports } = harness.test.platform.catalog;
    const start = imports.start.bind(imports);
    vi.spyOn(imports, 'start').mockImplementationOnce(async (...args) => {
      await beyond(idle);
      return start(...args);
    });
    const unread = await beginToWait('application/x-ndjson', row, '');
    unread.socket.write(row);
    expect(await unread.answer).toMatch(/^HTTP\/1\.1 200 /);

    const many = JSON.stringify(Array.from({ length: 400 }, (_, at) => ({ source_id: `D-${at}`, name: 'n'.repeat(5_000) })));
    const long = await beginToWait('application/json', many, many.slice(0, 1_500_000));
    await beyond(request);
    long.socket.write(many.slice(1_500_000));
    const text = await long.answer;
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
    expect(text).toContain('"created":400');
  });

  it('is not what goes on: a stream may take longer than a request', async () => {
    await open({ request: 2_000, idle: 5_000 });
    const { socket, answer } = begin([...ROWS_HEAD, 'connection: close'], chunk);
    for (const until = Date.now() + 3_000; Date.now() < until; socket.write(chunk)) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    socket.write('0\r\n\r\n');
    expect(await answer).toMatch(/^HTTP\/1\.1 200 /);
  });

  it.each([
    ['/api/v1/imports', '400'],
    // A suggestion looks at the beginning of the file alone.
    ['/api/v1/imports/suggest', '200'],
  ])('is let go by where its request is answered before: the connection to %s serves another', async (path, status) => {
    await open({ request: 60_000, idle: 60_000 });
    const start = form.slice(0, form.indexOf('D-1')).replace('"deal"', status === '400' ? '5' : '"deal"');
    const rest = `${'D-1,one\n'.repeat(2 ** 20)}\r\n--b--\r\n`;
    const head = [
      `POST ${path} HTTP/1.1`,
      'content-type: multipart/form-data; boundary=b',
      `content-length: ${start.length + rest.length}`,
    ];
    const { socket, answer } = begin(head, start);
    // The answer is read when all is sent.
    socket.pause();
    await new Promise<void>((resolve) => socket.write(rest, () => resolve()));
    socket.write('GET /health/live HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n');
    socket.resume();
    const statuses = [...(await answer).matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, told]) => told);
    expect(statuses).toEqual([status, '200']);
  });

  const LARGE = '{"source_id":"1"}\n'.repeat(2 ** 19);
  it.each([
    ['whose key is not known', 'HTTP/1.1', 'application/x-ndjson', 'none', 401],
    ['of a proxy that speaks an older HTTP', 'HTTP/1.0', 'application/x-ndjson', 'none', 401],
    ['of a type that nobody reads', 'HTTP/1.1', 'text/weird', 'admin', 415],
  ])('is let go by also where the connection is closed with the answer: %s', async (_what, version, type, key, status) => {
    await open({ request: 60_000, idle: 60_000 });
    const head = [
      `POST /api/v1/records/deal?source_system=large ${version}`,
      `content-type: ${type}`,
      `content-length: ${LARGE.length}`,
      'connection: close',
    ];
    const { socket, answer } = begin(head, '', key);
    socket.pause();
    // A proxy that cannot send on gives the answer up.
    for (let at = 0; at < LARGE.length; at += 2 ** 20) {
      const failure = await new Promise((resolve) => socket.write(LARGE.slice(at, at + 2 ** 20), resolve));
      expect(failure ?? undefined).toBeUndefined();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    socket.resume();
    expect(await answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  });

  it('is not waited for without end where the connection is closed with the answer', async () => {
    await open({ request: 60_000, idle: 60_000, rest: 300 });
    const { answer } = begin([...FORM_HEAD, 'connection: close'], form.replace('"deal"', '5'));
    expect(await answer).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('is not waited for without end where its request is answered before', async () => {
    await open({ request: 60_000, idle: 60_000, rest: 300 });
    const { answer } = begin(FORM_HEAD, form.replace('"deal"', '5'));
    expect(await answer).toMatch(/^HTTP\/1\.1 400 /);
  });
});
