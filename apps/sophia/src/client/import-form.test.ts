import { once } from 'node:events';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { openStandIn } from '../testing/stand-in.ts';
import { importForm } from './import-form.ts';

/** What a server gets of a form whose file fails after its first bytes. */
const sendFailing = async (failure: Error): Promise<string> => {
  const got = Promise.withResolvers<string>();
  const standIn = await openStandIn((received, response) => {
    text(received).then(got.resolve, got.reject);
    response.end();
  });
  got.promise.catch(() => undefined);
  try {
    const form = importForm({
      options: {},
      fileName: 'tap',
      bytes: (async function* () {
        yield Buffer.from('one line\n');
        throw failure;
      })(),
    });
    const sent = request(standIn.url, { method: 'POST', headers: form.headers });
    sent.on('error', got.reject);
    await form.send(sent);
    sent.end();
    await once(sent, 'response');
    return await got.promise;
  } finally {
    await standIn.close();
  }
};

test.each(['tap_failed', 'tap_stalled'])('%s is told behind what the tap wrote, and the form is whole', async (code) => {
  const form = await sendFailing(Object.assign(new Error('It "ended".'), { code }));
  const [boundary = ''] = form.split('\r\n');
  expect(form.split(`${boundary}\r\n`).at(-2)).toContain('\r\n\r\none line\n\r\n');
  expect(form.split(`${boundary}\r\n`).at(-1)).toBe(
    `content-disposition: form-data; name="failure"\r\n\r\n{"code":"${code}","message":"It \\"ended\\"."}\r\n${boundary}--\r\n`,
  );
});

test('any other failure of the file is thrown to whoever sends it', async () => {
  await expect(sendFailing(Object.assign(new Error('no disk'), { code: 'EIO' }))).rejects.toThrow('no disk');
});
