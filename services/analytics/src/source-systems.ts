import type { EventFact, JsonValue, WorkspaceId } from '@sophia/types';
import type { TypeLayout, Warehouse } from '@sophia/warehouse';
import { distinctValues, type HeldColumn } from './distinct-values.ts';

/**
 * The one source system that all records of a type, now and in the past, are from and that their references lead to:
 * statements then join types of one system by the source id alone.
 */
export interface SourceSystems {
  /** Undefined where there may be several. */
  only(workspace: WorkspaceId, recordType: string): string | undefined;
  /** Learns the systems of a type's records that are there already; until then they may be several. */
  learn(workspace: WorkspaceId, recordType: string): Promise<void>;
  /** Looks at events that are about to be applied; returns the workspaces in which a type then has a second system. */
  learnFrom(events: readonly EventFact[]): ReadonlySet<WorkspaceId>;
}

interface Known {
  readonly systems: Set<string>;
  /** Whether those that were there before are among them. */
  complete: boolean;
}

export const createSourceSystems = (warehouse: Warehouse): SourceSystems => {
  const seen = new Map<string, Known>();
  const keyOf = (workspace: WorkspaceId, recordType: string): string => `${workspace} ${recordType}`;
  const seenOf = (key: string): Known => {
    const found = seen.get(key) ?? { systems: new Set(), complete: false };
    seen.set(key, found);
    return found;
  };

  return {
    only: (workspace, recordType) => onlyOf(seen.get(keyOf(workspace, recordType))),
    async learn(workspace, recordType) {
      const key = keyOf(workspace, recordType);
      const layout = warehouse.layout(workspace, recordType);
      const known = seenOf(key);
      if (known.complete || layout === undefined) return;
      for (const system of await distinctValues(warehouse, workspace, layout, systemColumns(layout))) known.systems.add(system);
      known.complete = true;
    },
    learnFrom(events) {
      const changed = new Set<WorkspaceId>();
      for (const { workspace, record, data } of events) {
        if (record === null) continue;
        // Kept also before the type is learnt: the statement that learns it may not see the event yet.
        const known = seenOf(keyOf(workspace, record.record_type));
        if (known.systems.size > 1) continue;
        const before = known.systems.size;
        known.systems.add(record.source_system);
        for (const system of Object.values(data ?? {}).flatMap(systemOf)) known.systems.add(system);
        // Statements that were compiled before the first one took several for possible.
        if (known.complete && before === 1 && known.systems.size > 1) changed.add(workspace);
      }
      return changed;
    },
  };
};

const onlyOf = (known: Known | undefined): string | undefined =>
  known?.complete === true && known.systems.size === 1 ? [...known.systems][0] : undefined;

/** The system that a reference names. JSON of the same shape counts as well: then there may seem to be more than there are. */
const systemOf = (value: JsonValue): readonly string[] =>
  typeof value === 'object' && value !== null && 'source_system' in value ? [String(value.source_system)] : [];

/** Where the systems stand that records of the type are from or refer to. */
const systemColumns = ({ fields }: TypeLayout): readonly HeldColumn[] => [
  { name: 'source_system', type: 'text', extension: false },
  ...[...fields.values()].flatMap(({ columns, extension }) =>
    columns
      .filter(({ type }) => type === 'reference')
      .map(({ name }): HeldColumn => ({ name: `${name}__system`, type: 'text', extension })),
  ),
];
