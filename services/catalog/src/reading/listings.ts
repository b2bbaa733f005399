import { createBulkhead } from '@sophia/shared';
import type { Call } from '@sophia/types';
import { withinCall } from './within-call.ts';

/** Runs the reading of a page when its caller's turn has come. Errors: `overloaded`, `deadline_exceeded`. */
export type Listings = <T>(call: Call, read: () => Promise<T>) => Promise<T>;

/** More at once make no page faster: one thread makes the answers of all. Other reads and writes find connections beside them. */
const AT_ONCE = 8;
const WAITING = 1_000;

/** Pages are long: principals take turns, so that whoever asks for very many keeps nobody else waiting for all of them. */
export function createListings(): Listings {
  const places = createBulkhead({ name: 'Listing records', concurrency: AT_ONCE, queue: WAITING });
  return (call, read) => withinCall(call, 'the listing of records', ({ signal }) => places.run(read, signal, call.principal.id));
}
