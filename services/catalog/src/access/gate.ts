import type { TypeAccess } from '@sophia/core';
import { SophiaError } from '@sophia/shared';
import type { Action, Call } from '@sophia/types';
import type { Collaborators } from '../collaborators.ts';

/** Lets through what the principal's policy allows; what it refuses is audited. */
export interface Gate {
  /** May do this with records of the type, one by one. Errors: `forbidden`. */
  records(call: Call, action: Action, recordType: string): Promise<TypeAccess>;
  /** May administer. Errors: `forbidden`. */
  administer(call: Call, object: string): Promise<void>;
  /** Audits the denial and throws `forbidden`. */
  refuse(call: Call, action: Action, object: string): Promise<never>;
}

export function createGate({ policy, audit }: Pick<Collaborators, 'policy' | 'audit'>): Gate {
  const refuse = async (call: Call, action: Action, object: string, reason = ''): Promise<never> => {
    await audit.write({ call, action, object, result: 'forbidden', milliseconds: 0 });
    throw new SophiaError('forbidden', `The role ${call.principal.role} may not ${action} ${object}${reason}.`, {
      details: { action, object },
    });
  };
  return {
    async records(call, action, recordType) {
      const access = (await policy.resolve(call.principal)).records(recordType, action);
      if (access.access === 'records') return access;
      const reason = access.access === 'aggregates' ? ' record by record, only in aggregates' : '';
      return refuse(call, action, `record:${recordType}`, reason);
    },
    async administer(call, object) {
      if (!(await policy.resolve(call.principal)).can('administer')) await refuse(call, 'administer', object);
    },
    refuse: (call, action, object) => refuse(call, action, object),
  };
}
