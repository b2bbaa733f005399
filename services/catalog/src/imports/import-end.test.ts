import { SophiaError } from '@sophia/shared';
import { expect, test } from 'vitest';
import { endingOf } from './import-end.ts';

const aborted = (reason: SophiaError): AbortSignal => AbortSignal.abort(reason);
const gone = new SophiaError('deadline_exceeded', 'The caller has gone.');
const closing = new SophiaError('unavailable', 'This instance is closing.');
const broken = new Error('aborted');
const slow = new SophiaError('slow_body', 'It stopped.');

test.each<[string, unknown, AbortSignal, object]>([
  ['by what breaks it', broken, new AbortController().signal, broken],
  ['by a refusal', slow, new AbortController().signal, slow],
  ['by a refusal, whose caller has gone since', slow, aborted(gone), slow],
  ['because its sender went away', broken, aborted(gone), { code: 'source_unreadable', cause: gone }],
  ['because its sender went away, as the signal says', gone, aborted(gone), { code: 'source_unreadable' }],
  ['because this instance closes', broken, aborted(closing), closing],
])('an import ends %s', (_, error, signal, told) => {
  expect(endingOf(error, signal)).toMatchObject(told);
});
