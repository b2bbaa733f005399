import type { TypeAccess } from '@sophia/core';
import { SophiaError } from '@sophia/shared';
import type { Action, Call } from '@sophia/types';
import type { Collaborators } from '../collaborators.ts';
import { type WriteAccess, writeAccess } from './write-access.ts';

/** Lets through what the principal's policy allows; what it refuses is audited. */
export interface Gate {
  /** May do this with records of the type, one by one. Errors: `forbidden`. */
  records(call: Call, action: Action, recordType: string): Promise<TypeAccess>;
  /** May write records of the type by their keys. Errors: `forbidden`. */
  writes(call: Call, recordType: string): Promise<WriteAccess>;
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
  const hold = async <Access extends TypeAccess>(access: Access, call: Call, action: Action, recordType: string): Promise<Access> => {
    if (access.access === 'records') return access;
    const reason = access.access === 'aggregates' ? ' record by record, only in aggregates' : '';
    return refuse(call, action, `record:${recordType}`, reason);
  };
  return {
    async records(call, action, recordType) {
      return hold((await policy.resolve(call.principal)).records(recordType, action), call, action, recordType);
    },
    async writes(call, recordType) {
      return hold(writeAccess(await policy.resolve(call.principal), recordType), call, 'write', recordType);
    },
    async administer(call, object) {
      if (!(await policy.resolve(call.principal)).can('administer')) await refuse(call, 'administer', object);
    },
    refuse: (call, action, object) => refuse(call, action, object),
  };
}
