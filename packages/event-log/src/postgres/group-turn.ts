import type { Database } from '@sophia/database';
import type { Transaction } from '@sophia/types';
import { type LockedGroup, lockGroup } from './consumer-group.ts';
import { type Select, selectIn } from './select.ts';
import { type Silence, watchSilence } from './silence.ts';

/** A group in the hands of one member, for one transaction. */
export interface GroupTurn {
  readonly group: LockedGroup;
  readonly transaction: Transaction;
  /** In the transaction. */
  readonly select: Select;
  readonly watched: Silence;
}

export interface TurnOptions {
  readonly log: Database;
  readonly groupId: number;
  /** Milliseconds for all of the turn. */
  readonly deadline: number;
  /** Milliseconds that the database may be silent when it is asked. */
  readonly silence: number;
}

/** Does the work with the group locked; not at all while another member is `busy` with it. */
export async function takeTurn<Outcome>(
  { log, groupId, deadline, silence }: TurnOptions,
  work: (turn: GroupTurn) => Promise<Outcome>,
): Promise<Outcome | { readonly kind: 'busy' }> {
  const watched = watchSilence(silence);
  try {
    const { value } = await log.write(
      [],
      async (transaction) => {
        const select = selectIn(log, transaction);
        const group = await lockGroup(select, groupId);
        return group === undefined ? ({ kind: 'busy' } as const) : work({ group, transaction, select, watched });
      },
      { deadline, signal: watched.signal, idempotent: false },
    );
    return value;
  } finally {
    watched.end();
  }
}
