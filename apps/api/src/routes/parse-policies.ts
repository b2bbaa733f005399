import { SophiaError } from '@sophia/shared';
import { PolicyRule } from '@sophia/types';
import Type from 'typebox';
import { Compile } from 'typebox/compile';

const schema = Compile(
  Type.Object(
    { rules: Type.Array(PolicyRule, { maxItems: 500 }), if_version: Type.Optional(Type.Integer({ minimum: 0, maximum: 2 ** 31 - 1 })) },
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
  const problems = schema.Errors(body).slice(0, 10);
  throw new SophiaError('invalid_policy', problems.map(({ instancePath, message }) => `${instancePath || '/'} ${message}`).join('; '));
};
