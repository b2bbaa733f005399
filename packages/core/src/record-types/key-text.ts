/** A source system or a source id as keys have it: whoever looks for one may write it as it was sent. */
export const keyText = (text: string): string => text.trim().normalize('NFC');
