import { parseMicros } from '@sophia/shared';
import type { WorkspaceId } from '@sophia/types';
import type { Warehouse } from '@sophia/warehouse';

/** When records of a type first changed: answers as of earlier moments are empty and say so. */
export interface FirstChanges {
  /** Of any of these types, in microseconds since 1970; null where none ever changed. */
  of(workspace: WorkspaceId, recordTypes: readonly string[]): Promise<bigint | null>;
  /** The past changed: what was known is looked up again. */
  forget(): void;
}

/** Each type's first change is read once; a later one moves it no more. */
export const createFirstChanges = (warehouse: Warehouse): FirstChanges => {
  let known = new Map<string, bigint>();

  const read = async (workspace: WorkspaceId, recordType: string): Promise<bigint | null> => {
    const layout = warehouse.layout(workspace, recordType);
    if (layout === undefined) return null;
    const { values } = await warehouse.query({
      text: `select min(valid_from) from (
          select min(valid_from) as valid_from from "${layout.table}" where workspace = $1
          union all select min(valid_from) from "${layout.table}_history" where workspace = $1)`,
      parameters: [workspace],
    });
    const at = values[0]?.[0];
    return typeof at === 'string' ? (parseMicros(at) ?? null) : null;
  };

  const find = async (workspace: WorkspaceId, recordType: string): Promise<bigint | null> => {
    const key = `${warehouse.applied().generation} ${workspace} ${recordType}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    // What is read while the past changes is kept where nobody looks any more.
    const keptIn = known;
    const first = await read(workspace, recordType);
    if (first !== null) keptIn.set(key, first);
    return first;
  };

  return {
    async of(workspace, recordTypes) {
      let first: bigint | null = null;
      for (const recordType of recordTypes) {
        const at = await find(workspace, recordType);
        if (at !== null && (first === null || at < first)) first = at;
      }
      return first;
    },
    forget() {
      known = new Map();
    },
  };
};
