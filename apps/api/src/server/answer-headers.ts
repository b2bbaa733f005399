import type { Answer } from '@sophia/analytics';
import type { SentHeaders } from './described-headers.ts';

/** Headers of an answer, in pairs: the entity tag, how fresh it is, and what shared caches need. */
export const answerHeaders = (answer: Answer): string[] => [
  'etag',
  answer.etag,
  'sophia-complete-to',
  answer.readPoint.completeTo,
  'sophia-position',
  answer.readPoint.position,
  'surrogate-key',
  answer.tags.join(' '),
  'cache-control',
  'private, no-cache',
  'vary',
  'authorization, accept-encoding',
  'x-content-type-options',
  'nosniff',
];

/** Those of them that are this interface's own, for the documents. */
export const answerHeadersSent = (when: 'always' | 'maybe'): SentHeaders => ({
  etag: when,
  'sophia-complete-to': when,
  'sophia-position': when,
  'surrogate-key': when,
});
