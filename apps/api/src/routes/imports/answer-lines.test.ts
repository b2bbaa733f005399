import type { RunningImport } from '@sophia/catalog';
import { createTestObservability } from '@sophia/observability/testing';
import { SophiaError } from '@sophia/shared';
import Fastify from 'fastify';
import { afterAll, expect, test } from 'vitest';
import { openAnswerLines } from './answer-lines.ts';

const observability = createTestObservability();
const app = Fastify({ genReqId: () => 'request-1' });
const running = (finished: RunningImport['finished']): RunningImport => ({ id: 'import-1', origin: 'new', lastState: null, finished });
app.get('/defect', (_, reply) =>
  openAnswerLines(reply, observability.logger).follow(running(Promise.reject(new TypeError('no such column')))),
);
app.get('/refused', (_, reply) =>
  openAnswerLines(reply, observability.logger).follow(running(Promise.reject(new SophiaError('payload_too_large', 'It is too long.')))),
);
app.get('/tap/:code', ({ params }, reply) =>
  openAnswerLines(reply, observability.logger).follow(
    running(Promise.reject(new SophiaError((params as { code: 'tap_failed' | 'tap_stalled' }).code, 'It ended.'))),
  ),
);
app.get('/stopped', (_, reply) =>
  openAnswerLines(reply, observability.logger).follow(running(Promise.reject(new SophiaError('unavailable', 'This instance is closing.')))),
);
app.get('/early', (_, reply) => {
  const lines = openAnswerLines(reply, observability.logger);
  lines.state({ seen: 1 });
  lines.progress({ read: 1 });
  return lines.follow(running(Promise.reject(new SophiaError('payload_too_large', 'It is too long.'))));
});
afterAll(() => app.close());

const lines = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

test('a defect that ends a streamed answer is logged once with its request, of which the answer tells alone; a refusal is not', async () => {
  const defect = lines((await app.inject('/defect')).body);
  expect(defect).toMatchObject([{ import: { id: 'import-1' } }, { problem: { code: 'internal_error', instance: 'request-1' } }]);
  expect(JSON.stringify(defect)).not.toContain('no such column');
  expect(lines((await app.inject('/refused')).body)[1]).toMatchObject({ problem: { code: 'payload_too_large' } });
  expect(observability.lines()).toMatchObject([{ request_id: 'request-1', import: 'import-1', err: { message: 'no such column' } }]);
});

test('a tap that failed, as its sender says, is no defect', async () => {
  const before = observability.lines().length;
  for (const code of ['tap_failed', 'tap_stalled']) {
    expect(lines((await app.inject(`/tap/${code}`)).body)[1]).toMatchObject({ problem: { code, detail: 'It ended.' } });
  }
  expect(observability.lines().slice(before)).toMatchObject([
    { level: 'info', err: { code: 'tap_failed' } },
    { level: 'info', err: { code: 'tap_stalled' } },
  ]);
});

test('an import that ends because the instance stops is no defect', async () => {
  const before = observability.lines().length;
  expect(lines((await app.inject('/stopped')).body)[1]).toMatchObject({ problem: { code: 'unavailable' } });
  expect(observability.lines().slice(before)).toMatchObject([{ level: 'warn', err: { code: 'unavailable' } }]);
});

test('what comes before the answer has begun stands behind the line that says which import it is of', async () => {
  expect(lines((await app.inject('/early')).body)).toMatchObject([
    { import: { id: 'import-1' } },
    { state: { seen: 1 } },
    { progress: { read: 1 } },
    { problem: { code: 'payload_too_large' } },
  ]);
});
