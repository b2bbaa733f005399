import type { PolicyScope } from '@sophia/core';
import type { Principal } from '@sophia/types';

/** What a principal may see in metric answers, resolved to values. */
export interface ResolvedPolicy {
  /** Hash of rule-set version, role and resolved attributes: part of every cache key. */
  readonly hash: string;
  readonly scope: PolicyScope;
}

/** The policy of metric answers, as the platform gives it. */
export interface PolicyReader {
  /** Errors: `forbidden`. */
  resolve(principal: Principal): Promise<ResolvedPolicy>;
  /** The same without waiting, where it is known and still in force. */
  peek(principal: Principal): ResolvedPolicy | undefined;
}
