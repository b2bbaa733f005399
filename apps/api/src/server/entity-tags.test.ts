import { describe, expect, it } from 'vitest';
import { isKnown } from './entity-tags.ts';

describe('If-None-Match', () => {
  const etag = 'W/"abc"';

  it.each([etag, '"abc"', '*', ' * ', '"x", W/"abc"', '"x","abc","y"', 'W/"a,b" , W/"abc"'])('%s names the answer', (header) => {
    expect(isKnown(header, etag)).toBe(true);
    expect(isKnown(header, '"abc"')).toBe(true);
  });

  it.each([undefined, '', 'abc', 'W/"ab"', '"abcd"', '"x", "y"', '"a*"', 'W/abc', '"x,abc"'])('%s does not', (header) => {
    expect(isKnown(header, etag)).toBe(false);
  });
});
