import type { FieldMask, JsonObject, JsonValue } from '@sophia/types';

/** The data as a principal sees it: masked fields that are there become null. `isVisible` judges a mask's rows for this record. */
export function maskRecord(data: JsonObject, masks: readonly FieldMask[], isVisible: (mask: FieldMask) => boolean): JsonObject {
  const hidden = masks.filter((mask) => mask.visible === undefined || !isVisible(mask)).flatMap(({ fields }) => fields);
  if (!hidden.some((field) => field in data)) return data;
  const masked: Record<string, JsonValue> = { ...data };
  for (const field of hidden) if (field in masked) masked[field] = null;
  return masked;
}
