import { expect, test } from 'vitest';
import { securityHeaders } from './security-headers.ts';

test('every answer says what a browser may do with it', () => {
  expect(securityHeaders()).toMatchObject({
    'content-security-policy': expect.stringContaining("default-src 'self'"),
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'SAMEORIGIN',
    'referrer-policy': 'no-referrer',
    'strict-transport-security': expect.stringContaining('max-age='),
  });
});
