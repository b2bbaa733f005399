import { isSophiaError } from '@sophia/shared';

/** Errors of a load that say nothing of the question: its caller had too much waiting, or began too long ago. */
export const isOfItsCaller = (error: unknown): boolean => isSophiaError(error, 'overloaded') || isSophiaError(error, 'deadline_exceeded');
