import type { Handler } from '../event-log.ts';
import { type Change, changeOf } from './ledger.ts';

/** A handler that refuses a batch with a poison event in it, and keeps what it took. */
export function createTaker({ poison = () => false }: { readonly poison?: (change: Change) => boolean } = {}) {
  const changes: Change[] = [];
  const state = { replayed: false };
  const handler: Handler = async ({ events }, { replay }) => {
    const batch = events.map(changeOf);
    const bad = batch.find(poison);
    if (bad !== undefined) throw new Error(`cannot take key ${bad.key} version ${bad.version}`);
    state.replayed ||= replay;
    changes.push(...batch);
  };
  return {
    handler,
    changes,
    get replayed() {
      return state.replayed;
    },
    versions: (key: number) => changes.filter((change) => change.key === key).map(({ version }) => version),
  };
}
