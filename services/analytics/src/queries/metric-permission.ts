import type { ResolvedPolicy } from '@sophia/core';
import { SophiaError } from '@sophia/shared';

export const mayAsk = (policy: ResolvedPolicy, metrics: readonly string[]): boolean => metrics.every((metric) => policy.metric(metric));

/** Throws `forbidden`. */
export const requireMetrics = (policy: ResolvedPolicy, metrics: readonly string[]): void => {
  const forbidden = metrics.filter((metric) => !policy.metric(metric));
  if (forbidden.length > 0) throw new SophiaError('forbidden', `This role may not ask for ${forbidden.join(', ')}.`);
};
