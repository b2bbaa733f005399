import type { JsonValue } from '@sophia/types';

const BEYOND_ASCII = /[\u0080-\uffff]/;

export const isAscii = (text: string): boolean => !BEYOND_ASCII.test(text);

/** The text that a value is compared by: in NFC, as the mapping's own are. ASCII is so as it is; to look takes half the time. */
export const comparable = (value: JsonValue | undefined): string => {
  const text = String(value);
  return isAscii(text) ? text : text.normalize('NFC');
};
