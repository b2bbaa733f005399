const TAG = /(?:W\/)?("[\x21\x23-\x7e\x80-\xff]*")/g;

/**
 * Whether `If-None-Match` names the answer, by the weak comparison that RFC 9110 (sections 8.8.3.2 and
 * 13.1.2) asks for: one tag, a list of them, or `*`. The tag itself, as clients send it, costs one comparison.
 */
export const isKnown = (ifNoneMatch: string | undefined, etag: string): boolean => {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch === etag || ifNoneMatch.trim() === '*') return true;
  const opaque = opaqueOf(etag);
  for (const [, tag] of ifNoneMatch.matchAll(TAG)) if (tag === opaque) return true;
  return false;
};

const opaqueOf = (etag: string): string => (etag.startsWith('W/') ? etag.slice(2) : etag);
