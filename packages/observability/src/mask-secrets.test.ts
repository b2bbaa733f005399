import { describe, expect, it } from 'vitest';
import { maskSecrets } from './mask-secrets.ts';

describe('masking', () => {
  it.each([
    ['key sophia_11abcdefghijklmn_0123456789abcdefABCDEF_- was sent', 'key sophia_11abcdefghijklmn_*** was sent'],
    ['Bearer eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.abc-_d end', 'Bearer *** end'],
    ['postgres://owner:p%40ss@db:5432/sophia', 'postgres://owner:***@db:5432/sophia'],
    ['http://user:a@example.org and redis://:secret@cache', 'http://user:***@example.org and redis://:***@cache'],
  ])('takes secrets out of %s', (text, masked) => {
    expect(maskSecrets(text)).toBe(masked);
  });

  it.each(['sophia_requests_total 5', 'http://localhost:8080/a@b', 'eyJ', 'nothing secret', 'sophia_main_x'])('leaves %s', (text) => {
    expect(maskSecrets(text)).toBe(text);
  });
});
