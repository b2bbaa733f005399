import type { FieldMask, JsonObject } from '@sophia/types';

/** Judges a mask's rows for one record. */
type IsVisible = (mask: FieldMask) => boolean;

/**
 * A record's data as a principal sees it. Masked fields are null and stand last, whether the record has them or not:
 * that it has one would tell something of its value.
 */
export function maskRecord(data: JsonObject, masks: readonly FieldMask[], isVisible: IsVisible): JsonObject {
  const hidden = hiddenFields(masks, isVisible);
  return hidden.length === 0 ? data : { ...without(data, hidden), ...Object.fromEntries(hidden.map((field) => [field, null])) };
}

/** Some of a record's fields, those that changed for example, as a principal sees them: masked ones are not named. */
export function omitMasked(fields: JsonObject, masks: readonly FieldMask[], isVisible: IsVisible): JsonObject {
  const hidden = hiddenFields(masks, isVisible);
  return hidden.length === 0 ? fields : without(fields, hidden);
}

const hiddenFields = (masks: readonly FieldMask[], isVisible: IsVisible): readonly string[] =>
  masks.filter((mask) => mask.visible === undefined || !isVisible(mask)).flatMap(({ fields }) => fields);

const without = (data: JsonObject, hidden: readonly string[]): JsonObject =>
  Object.fromEntries(Object.entries(data).filter(([field]) => !hidden.includes(field)));
