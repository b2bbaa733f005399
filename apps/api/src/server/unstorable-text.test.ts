import { expect, test } from 'vitest';
import { unstorablePlace } from './unstorable-text.ts';

test.each([
  ['"\\ud800"', ''],
  ['{"a":[1,{"b":"x\\uDC00"}]}', '/a/1/b'],
  ['{"a":{"\\u0000":1}}', '/a'],
  ['{"filters":[null,"\\ud83d\\ude00","\\ude00\\ud83d"]}', '/filters/2'],
])('a text that can be kept nowhere is found in %s', (text, place) => {
  expect(unstorablePlace(JSON.parse(text), text)).toBe(place);
});

test.each(['{"a":"\\ud83d\\ude00 \\\\u0000","b":[5,null,true]}', '{"a":"b"}'])('and none in %s', (text) => {
  expect(unstorablePlace(JSON.parse(text), text)).toBeUndefined();
});

test('however deep it is', () => {
  const text = `${'['.repeat(50_000)}"\\ud800"${']'.repeat(50_000)}`;
  expect(unstorablePlace(JSON.parse(text), text)).toHaveLength(100_000);
});
