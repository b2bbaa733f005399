/** A header of answers, as the documents describe it. */
export interface DescribedHeader {
  readonly description: string;
  /** Whether a page of another origin may read it; what browsers show in any case needs no leave. */
  readonly exposed: boolean;
}

/** The headers of answers beside those of HTTP itself, of caches and of browsers' security. */
export const DESCRIBED_HEADERS = {
  etag: { exposed: true, description: 'Entity tag of the answer: sent back in If-None-Match, it answers 304 while nothing has changed' },
  'sophia-complete-to': { exposed: true, description: 'The instant up to which all that was committed is in the answer' },
  'sophia-position': { exposed: true, description: 'The place of the log up to which the answer goes' },
  'sophia-token': { exposed: true, description: 'Token of the write: sent back in Sophia-After, the answer contains it' },
  'surrogate-key': { exposed: false, description: 'What the answer was made of, for caches along the way' },
  ratelimit: {
    exposed: true,
    description: 'Requests that remain (r) and seconds until there are more (t); none for the owner of the data folder',
  },
  'ratelimit-policy': { exposed: true, description: 'Requests allowed (q) in so many seconds (w)' },
  'retry-after': { exposed: true, description: 'Seconds after which it may be tried again, where that helps' },
  'x-request-id': { exposed: true, description: 'Id of the request, as in the audit and in problem documents' },
  allow: { exposed: false, description: 'Methods that the address takes, with 405' },
  'www-authenticate': { exposed: false, description: 'How to say who is there, with 401' },
} as const satisfies Readonly<Record<string, DescribedHeader>>;

export type DescribedHeaderName = keyof typeof DESCRIBED_HEADERS;

/** By name, whether each is always there. */
export type SentHeaders = Readonly<Partial<Record<DescribedHeaderName, 'always' | 'maybe'>>>;

const OF_LIMITS: SentHeaders = { ratelimit: 'maybe', 'ratelimit-policy': 'maybe' };
const OF_PROBLEMS: SentHeaders = { 'retry-after': 'maybe', allow: 'maybe', 'www-authenticate': 'maybe' };

/** What an answer of a route has: `own` stands at those that are no problem documents. */
export const headersOfAnswer = (status: string, { isOpen, own }: { readonly isOpen: boolean; readonly own: SentHeaders }): SentHeaders => ({
  ...(status === 'default' ? OF_PROBLEMS : own),
  ...(isOpen ? {} : OF_LIMITS),
  'x-request-id': 'always',
});
