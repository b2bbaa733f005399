import { keyText, MAX_SOURCE_SYSTEM_LENGTH } from '@sophia/core';
import { SophiaError } from '@sophia/shared';
import type { WriteTarget } from '../catalog.ts';

/** The target with its source system as the key has it. Errors: `invalid_request`. */
export function checkTarget(target: WriteTarget): WriteTarget {
  const { recordType, sourceSystem } = target;
  if (sourceSystem.length <= MAX_SOURCE_SYSTEM_LENGTH && PLAIN.test(sourceSystem)) return target;
  const trimmed = keyText(sourceSystem);
  if (trimmed !== '' && trimmed.length <= MAX_SOURCE_SYSTEM_LENGTH && trimmed.isWellFormed() && !trimmed.includes('\u0000')) {
    return { recordType, sourceSystem: trimmed };
  }
  throw new SophiaError('invalid_request', `source_system has 1 to ${MAX_SOURCE_SYSTEM_LENGTH} characters of well-formed text.`, {
    details: { source_system: sourceSystem.slice(0, MAX_SOURCE_SYSTEM_LENGTH) },
  });
}

/** What most names are: of characters that need no second look. */
const PLAIN = /^[\w.-]+$/;
