import type { FastifyRequest } from 'fastify';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { shapeError } from './shape-error.ts';

/** Holds a body to its schema as it was sent: the framework, which reads numbers in addresses, would make one of a text or of true. */
export interface UncoercedBody {
  /** To be called before the framework validates. */
  note(request: FastifyRequest): void;
  /** To be called afterwards, when all that is wrong may be types. Errors: `invalid_request`. */
  require(request: FastifyRequest): void;
}

export const uncoercedBody = (schema: TSchema): UncoercedBody => {
  const compiled = Compile(schema);
  const unfit = new WeakMap<FastifyRequest, unknown>();
  return {
    note(request) {
      if (!compiled.Check(request.body)) unfit.set(request, structuredClone(request.body));
    },
    require(request) {
      if (unfit.has(request)) throw shapeError('invalid_request', '', compiled.Errors(unfit.get(request)));
    },
  };
};
