import type { FieldDefinition, FieldType, PolicyScope, WorkspaceId } from '@sophia/types';

export type { FieldMask, PolicyScope, TypeScope } from '@sophia/types';

/** What a query is compiled against, beside the semantic layer: where the records are, who asks, and which day it is. */
export interface CompileContext {
  readonly dialect: DialectName;
  readonly workspace: WorkspaceId;
  /** The physical tables of a record type; undefined where it has none yet (its records are then none). */
  readonly table: (recordType: string) => PhysicalTable | undefined;
  /** Milliseconds since 1970: the moment of the query, from which `today` follows. */
  readonly now: number;
  /** `YYYY-MM-DD`: stands for today, whatever the clock says. */
  readonly reportingDate?: string | undefined;
  /** Zone of queries that name none; UTC unless told. */
  readonly timeZone?: string | undefined;
  readonly weekStart?: 'monday' | 'sunday' | undefined;
  readonly policy?: PolicyScope | undefined;
  /** Whether the principal may ask for a metric of this name: errors name no others. All, unless told. */
  readonly mayAsk?: ((metric: string) => boolean) | undefined;
  /** Rollups that are kept and complete. */
  readonly rollups?: readonly AvailableRollup[] | undefined;
  /**
   * The one currency that all records of the type, now and in the past, have in this field: statements then need no
   * check for mixed ones. Null where they have none; undefined where they may have several.
   */
  readonly onlyCurrency?: ((recordType: string, field: string) => string | null | undefined) | undefined;
  /**
   * The one source system that all records of the type, now and in the past, are from and that their references lead to:
   * types of one system are then joined by the source id alone. Unless told, they may be from several.
   */
  readonly onlySourceSystem?: ((recordType: string) => string | undefined) | undefined;
}

export const DIALECT_NAMES = ['duckdb', 'snowflake'] as const;
export type DialectName = (typeof DIALECT_NAMES)[number];

/**
 * The structure of a warehouse's layout of one record type in one workspace. Each table has a history `<table>_history`
 * with `valid_to`; a column of type `reference` has `<name>__system` beside it.
 */
export interface PhysicalTable {
  readonly table: string;
  /** Table of the fields that this workspace added to a built-in type, joined by `id`. */
  readonly extensionTable?: string | undefined;
  readonly fields: ReadonlyMap<string, PhysicalField>;
}

export interface PhysicalField {
  readonly definition: FieldDefinition;
  readonly extension: boolean;
  /** Newest first; reads take the first that is not null, safely cast to the newest type. */
  readonly columns: readonly { readonly name: string; readonly type: FieldType }[];
}

export interface AvailableRollup {
  readonly model: string;
  readonly rollup: string;
  readonly table: string;
}
