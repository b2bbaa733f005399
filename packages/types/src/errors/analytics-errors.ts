import type { ErrorCode } from './error-code.ts';

/** Answers and what they contain. */
export const ANALYTICS_ERRORS = {
  not_applied_yet: {
    status: 503,
    title: 'Not applied yet',
    help: 'The write named by Sophia-After, a change that the answer was already read from, or the past moment that as_of names, is not part of what answers state within two seconds; retry after the seconds in Retry-After.',
  },
  as_of_in_future: {
    status: 400,
    title: 'As-of time not reached',
    help: 'as_of is a moment to come; the detail says up to when the answers are complete.',
  },
  result_too_large: {
    status: 422,
    title: 'Result too large',
    help: 'The answer has more rows than one response may carry: filter, use a coarser grain, or set a limit.',
  },
  rebuild_differs: {
    status: 500,
    title: 'Rebuild differs',
    help: 'The warehouse made anew from the log does not equal the one in use, which stays; the detail names the tables. Stop Sophia, move the folder of the warehouse away, and start again: it is made from the log.',
  },
  rebuild_running: { status: 409, title: 'Rebuild running', help: 'The warehouse is being made anew already; wait for its end.' },
} as const satisfies Record<string, ErrorCode>;
