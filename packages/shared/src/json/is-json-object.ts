import type { JsonObject } from '@sophia/types';

/** Whether a value that was read from JSON, or from YAML, has members by name. */
export const isJsonObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);
