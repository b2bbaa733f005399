import { PolicyRule } from '@sophia/types';
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import { type SchemaProblem, shapeError } from './shape-error.ts';

const MOST_RULES = 500;

const schema = Compile(
  Type.Object(
    {
      rules: Type.Array(PolicyRule, { maxItems: MOST_RULES }),
      if_version: Type.Optional(Type.Integer({ minimum: 0, maximum: 2 ** 31 - 1 })),
    },
    { additionalProperties: false },
  ),
);

export interface PoliciesBody {
  readonly rules: readonly PolicyRule[];
  readonly if_version?: number | undefined;
}

/** Errors: `invalid_policy`, with each problem's place. */
export const parsePolicies = (body: unknown): PoliciesBody => {
  // The schema's static type is this interface, but for its recursion.
  if (schema.Check(body)) return body as PoliciesBody;
  throw shapeError('invalid_policy', '', faultsOf(body));
};

/** A rule is one of two kinds: what is wrong is told of the first that is none, for the kind that it names. */
const faultsOf = (body: unknown): readonly SchemaProblem[] => {
  const rules: unknown = Object(body).rules;
  if (!Array.isArray(rules)) return schema.Errors(body);
  const at = rules.slice(0, MOST_RULES).findIndex((rule) => !anyRule.Check(rule));
  const beside = schema.Errors({ ...Object(body), rules: rules.map(() => SOUND) });
  if (at === -1) return beside;
  const faults = kindOf(rules[at]).Errors(rules[at]);
  return [...faults.map((fault) => ({ ...fault, instancePath: `/rules/${at}${fault.instancePath}` })), ...beside];
};

const kindOf = (rule: unknown) => {
  const name: unknown = Object(rule).rule;
  return KINDS.find(({ names }) => names.some((known) => known === name))?.schema ?? noKind;
};

const [access, mask] = PolicyRule.anyOf;
const KINDS = [
  { names: ['allow', 'forbid'], schema: Compile(access) },
  { names: ['mask', 'unmask'], schema: Compile(mask) },
];
const anyRule = Compile(PolicyRule);
const noKind = Compile(Type.Object({ rule: Type.Enum(KINDS.flatMap(({ names }) => names)) }));

/** Stands for a rule that is judged apart. */
const SOUND: PolicyRule = { rule: 'allow', roles: ['admin'], actions: ['read'] };
