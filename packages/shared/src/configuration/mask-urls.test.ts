import { expect, it } from 'vitest';
import { maskUrls } from './mask-urls.ts';

it.each([
  ['https://tok:geheim@otel.example/v1', 'https://***@otel.example/v1'],
  ['https://geheim@otel.example', 'https://***@otel.example'],
  ['http://u:ge"heim@h/x', 'http://***@h/x'],
  ['http://u:ge heim@h/x', 'http://***@h/x'],
  ['http://u:ge@heim/x@h?k=geheim', 'http://***@h?***'],
  ['https:/u:ge/heim@h', 'https:/***@h'],
  ['https:u:ge/heim@h', '***@h'],
  ['http//u:ge/heim@h', 'http//***@h'],
  ['//u:geheim@h', '***@h'],
  ['tok:ge\nheim@otel', '***@otel'],
  ['https://a.example, https://u:geheim@b.example', 'https://***@b.example'],
  ['https:/h/x?k=geheim heim', 'https:/h/x?***'],
  ['http//h/x#geheim', 'http//h/x?***'],
  ['"http://u:ge\\"heim@h"', '"http://***@h"'],
  ['[{"issuer": "https://a", "jwks_uri": "https:/u:ge/heim@h"}]', '[{"issuer":"https://a","jwks_uri":"https:/***@h"}]'],
  ['"[\\"http://u:ge heim@h\\", 1, null]"', '"[\\"http://***@h\\",1,null]"'],
  ['{"http://u:geheim@h": 1}', '{"http://***@h":1}'],
  ['[{"issuer": "https://u:ge/heim@h"', '***@h"'],
])('what may be a secret of a URL is masked in %s', (value, masked) => {
  expect(maskUrls(value)).toBe(masked);
});

it.each([
  'data',
  '/srv/@data',
  'a?b',
  '1e3',
  'null',
  'https://a.example/x',
  '["https://a", "b"]',
  '{ "a": 1 }',
  'ada@example.com',
  '12:30',
])('%s is as it is', (value) => {
  expect(maskUrls(value)).toBe(value);
});
