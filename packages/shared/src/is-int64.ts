/** Whether the text is a whole number, in digits, that fits into 64 bits: what a database takes as a bigint. */
export const isInt64 = (text: string): boolean => /^-?\d{1,19}$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text);
