import { PolicyRule } from '@sophia/types';
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import { fewMembers } from './filter-faults.ts';
import { requireBounded } from './require-bounded.ts';
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
  // It is told at once that something is wrong; what, takes it long.
  requireBounded(body, 'invalid_policy', 'list of rules');
  throw shapeError('invalid_policy', '', faultsOf(body));
};

const MEMBERS = new Set(['rules', 'if_version']);

/** A rule is one of two kinds: what is wrong is told of the first that is none, for the kind that it names. */
const faultsOf = (body: unknown): readonly SchemaProblem[] => {
  const rules: unknown = Object(body).rules;
  if (!Array.isArray(rules)) return schema.Errors(body);
  const judged = rules.slice(0, MOST_RULES + 1);
  const at = judged.findIndex((rule) => !anyRule.Check(rule));
  const rest = fewMembers(body, MEMBERS, (name, member) => (name === 'rules' ? judged.map(() => SOUND) : member));
  const beside = schema.Errors(rest);
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
