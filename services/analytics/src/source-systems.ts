import type { JsonValue, LogEvent, WorkspaceId } from '@sophia/types';
import type { Warehouse } from '@sophia/warehouse';

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
  learnFrom(events: readonly LogEvent[]): ReadonlySet<WorkspaceId>;
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
      const { values } = await warehouse.query({ text: systemsSql(layout), parameters: [workspace] });
      for (const system of values[0] ?? []) known.systems.add(String(system));
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

type Layout = NonNullable<ReturnType<Warehouse['layout']>>;

/** Every system that the records of the type are from or refer to, in the table, its extension and their histories. */
const systemsSql = ({ table, extensionTable, fields }: Layout): string => {
  const references = (extension: boolean): readonly string[] =>
    [...fields.values()]
      .filter((field) => field.extension === extension)
      .flatMap(({ columns }) => columns.filter(({ type }) => type === 'reference').map(({ name }) => `${name}__system`));
  const columns = [
    ...['source_system', ...references(false)].map((column) => ({ column, from: table })),
    ...(extensionTable === undefined ? [] : references(true).map((column) => ({ column, from: extensionTable }))),
  ];
  const selects = columns.flatMap(({ column, from }) =>
    [from, `${from}_history`].map((name) => `select ${quote(column)} as system from ${quote(name)} where workspace = $1`),
  );
  return `select distinct system from (${selects.join(' union all ')}) where system is not null limit 3`;
};

const quote = (identifier: string): string => `"${identifier.replaceAll('"', '""')}"`;
