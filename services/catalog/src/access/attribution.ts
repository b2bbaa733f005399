import type { Actor, Call, Cause } from '@sophia/types';

/** Who made a change, as its events tell. */
export const actorOf = ({ principal, via }: Pick<Call, 'principal' | 'via'>): Actor => ({
  principal: principal.id,
  via,
  ...(principal.onBehalfOf === undefined ? {} : { on_behalf_of: principal.onBehalfOf }),
});

/** What led to it: the request, and the proposal that was approved. */
export const causeOf = ({ request }: Pick<Call, 'request'>, proposal?: string | undefined): Cause => ({
  ...(request === undefined ? {} : { request }),
  ...(proposal === undefined ? {} : { proposal }),
});
