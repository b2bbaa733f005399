import type { EventFact, RecordTypeDefinition, WorkspaceId } from '@sophia/types';
import type { Warehouse } from '@sophia/warehouse';
import { distinctValues } from './distinct-values.ts';

/** The one currency that all records of a type, now and in the past, name: statements need no check for mixed ones then. */
export interface Currencies {
  /** Null where none is named; undefined where there may be several. */
  only(workspace: WorkspaceId, recordType: string, field: string): string | null | undefined;
  /** Learns the currencies of a type's field that are there already; until then it may have several. */
  learn(workspace: WorkspaceId, recordType: string, field: string): Promise<void>;
  /** Looks at events that are about to be applied; returns the workspaces in which a field then has a first or a second currency. */
  learnFrom(events: readonly EventFact[]): ReadonlySet<WorkspaceId>;
}

/** The field that holds the currency of a type's amounts. */
const CURRENCY_FIELD = 'currency';
export const currencyFieldOf = ({ fields }: Pick<RecordTypeDefinition, 'fields'>): string | undefined =>
  fields.some(({ name, type }) => name === CURRENCY_FIELD && type === 'text') ? CURRENCY_FIELD : undefined;

interface Seen {
  readonly known: Set<string>;
  /** Whether those that were there before are among them. */
  complete: boolean;
}

export const createCurrencies = (warehouse: Warehouse): Currencies => {
  const seen = new Map<string, Seen>();
  const keyOf = (workspace: WorkspaceId, recordType: string, field: string): string => `${workspace} ${recordType} ${field}`;
  const seenOf = (key: string): Seen => {
    const found = seen.get(key) ?? { known: new Set(), complete: false };
    seen.set(key, found);
    return found;
  };

  return {
    only: (workspace, recordType, field) => onlyOf(seen.get(keyOf(workspace, recordType, field))),
    async learn(workspace, recordType, field) {
      const key = keyOf(workspace, recordType, field);
      const layout = warehouse.layout(workspace, recordType);
      const entry = seenOf(key);
      const held = layout?.fields.get(field);
      if (entry.complete || layout === undefined || held === undefined) return;
      const columns = held.columns.map((column) => ({ ...column, extension: held.extension }));
      for (const currency of await distinctValues(warehouse, workspace, layout, columns)) entry.known.add(currency);
      entry.complete = true;
    },
    learnFrom(events) {
      const changed = new Set<WorkspaceId>();
      for (const { workspace, record, data } of events) {
        const value = data?.[CURRENCY_FIELD];
        if (record === null || value === undefined || value === null) continue;
        // Kept also before the type is learnt: the statement that learns it may not see the event yet.
        const { known, complete } = seenOf(keyOf(workspace, record.record_type, CURRENCY_FIELD));
        if (known.size > 1) continue;
        // A field that is no text now may be one again, and reads then what came meanwhile as its text.
        const currency = typeof value === 'string' ? value : JSON.stringify(value);
        if (known.has(currency)) continue;
        known.add(currency);
        if (complete) changed.add(workspace);
      }
      return changed;
    },
  };
};

const onlyOf = (entry: Seen | undefined): string | null | undefined => {
  if (entry?.complete !== true || entry.known.size > 1) return undefined;
  return [...entry.known][0] ?? null;
};
