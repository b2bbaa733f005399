import Type, { type Static } from 'typebox';
import type { Filter } from './metric-query.ts';
import { FILTER_OPERATORS, FilterValue } from './metric-query.ts';
import { ACTIONS, ROLES } from './principal.ts';

const Names = Type.Array(Type.String({ minLength: 1, maxLength: 200 }), { minItems: 1, maxItems: 200 });

/** An attribute of the asking principal's user record, for example `{ "principal": "team" }`; null where there is none. */
export const PrincipalAttribute = Type.Object(
  { principal: Type.String({ minLength: 1, maxLength: 200, description: 'Field of the user record, or its source_system or source_id' }) },
  { additionalProperties: false, title: 'PrincipalAttribute' },
);
export type PrincipalAttribute = Static<typeof PrincipalAttribute>;

export const PolicyFieldFilter = Type.Object(
  {
    field: Type.String({
      minLength: 1,
      maxLength: 200,
      description:
        'A field of the record type, a path over references (owner.team), or one from the owner that the type names ($owner.team)',
    }),
    operator: Type.Enum(FILTER_OPERATORS),
    values: Type.Optional(Type.Array(Type.Union([FilterValue, PrincipalAttribute]), { maxItems: 1000 })),
  },
  { additionalProperties: false, title: 'PolicyFieldFilter' },
);
export type PolicyFieldFilter = Static<typeof PolicyFieldFilter>;

/** A filter whose values may be attributes of the principal. */
export type PolicyFilter =
  | PolicyFieldFilter
  | { readonly and: readonly PolicyFilter[] }
  | { readonly or: readonly PolicyFilter[] }
  | { readonly not: PolicyFilter };

export const PolicyFilter = Type.Cyclic(
  {
    PolicyFilter: Type.Union([
      PolicyFieldFilter,
      Type.Object(
        { and: Type.Array(Type.Ref('PolicyFilter'), { maxItems: 100 }) },
        { additionalProperties: false, title: 'PolicyAndFilter' },
      ),
      Type.Object(
        { or: Type.Array(Type.Ref('PolicyFilter'), { maxItems: 100 }) },
        { additionalProperties: false, title: 'PolicyOrFilter' },
      ),
      Type.Object({ not: Type.Ref('PolicyFilter') }, { additionalProperties: false, title: 'PolicyNotFilter' }),
    ]),
  },
  'PolicyFilter',
);

const Who = { roles: Type.Array(Type.Enum(ROLES), { minItems: 1, maxItems: ROLES.length }) };

/**
 * One sentence of a policy. Rules are read in order, and of those that concern a record, action and
 * field the last one decides; a workspace's rules stand behind the built-in ones.
 */
export const PolicyRule = Type.Union([
  Type.Object(
    {
      ...Who,
      rule: Type.Enum(['allow', 'forbid']),
      actions: Type.Array(Type.Enum(ACTIONS), { minItems: 1, maxItems: ACTIONS.length }),
      record_types: Type.Optional(Names),
      metrics: Type.Optional(Names),
      rows: Type.Optional(PolicyFilter),
      smallest_group: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: 1_000_000,
          description: 'Aggregates only, over at least so many records, by nothing identifying',
        }),
      ),
    },
    { additionalProperties: false, title: 'AccessRule', description: 'Without record_types and metrics it concerns all of both' },
  ),
  Type.Object(
    {
      ...Who,
      rule: Type.Enum(['mask', 'unmask']),
      record_types: Type.Optional(Names),
      fields: Type.Optional(Names),
      kinds: Type.Optional(
        Type.Array(Type.Enum(['contact', 'money']), { minItems: 1, maxItems: 2, description: 'Contact details, amounts of money' }),
      ),
      rows: Type.Optional(PolicyFilter),
    },
    {
      additionalProperties: false,
      title: 'MaskRule',
      description: 'Fields that are null, or are not, in all rows or in those of the filter',
    },
  ),
]);
export type PolicyRule = AccessRule | MaskRule;

export interface AccessRule {
  readonly rule: 'allow' | 'forbid';
  readonly roles: readonly (typeof ROLES)[number][];
  readonly actions: readonly (typeof ACTIONS)[number][];
  readonly record_types?: readonly string[] | undefined;
  readonly metrics?: readonly string[] | undefined;
  /** Only these rows; all, unless told. */
  readonly rows?: PolicyFilter | undefined;
  /** Aggregates only, over at least so many records, by nothing identifying. */
  readonly smallest_group?: number | undefined;
}

export interface MaskRule {
  readonly rule: 'mask' | 'unmask';
  readonly roles: readonly (typeof ROLES)[number][];
  readonly record_types?: readonly string[] | undefined;
  readonly fields?: readonly string[] | undefined;
  readonly kinds?: readonly ('contact' | 'money')[] | undefined;
  /** Only in these rows; in all, unless told. */
  readonly rows?: PolicyFilter | undefined;
}

/** What one principal may see, already resolved to values: no attribute of the principal is left open. */
export interface PolicyScope {
  /** By record type; a type that is not named is seen whole. */
  readonly types: Readonly<Record<string, TypeScope>>;
}

/**
 * Fields in these filters are paths of reference fields that end in a field, from the record itself:
 * `status`, `owner.office`, `call_id.host_id.team`. `{and: []}` is true, `{or: []}` is false.
 */
export interface TypeScope {
  /** Rows for which this is not true are not there. */
  readonly rows?: Filter | undefined;
  readonly masks?: readonly FieldMask[] | undefined;
  /** Whatever reads the type: aggregates only, over at least so many records, without identifying dimensions. */
  readonly smallestGroup?: number | undefined;
}

/** These fields are null in the scan, but for rows that `visible` holds for. */
export interface FieldMask {
  readonly fields: readonly string[];
  readonly visible?: Filter | undefined;
}
