import type { AnswerColumn, Cell } from '@sophia/types';

/** Shown for a group or value that is not there. */
export const NONE = '–';

/** What a row is grouped by, as it can be asked for again: a year is no amount. */
export const formatKey = (cell: Cell): string => (cell === null ? NONE : String(cell));

/** A metric's cell as people read it: thousands apart, percentages, days; other outputs give it raw. */
export const formatCell = (cell: Cell, { type, format }: Pick<AnswerColumn, 'type' | 'format'>): string => {
  if (cell === null) return NONE;
  if (type !== 'decimal' && type !== 'number' && type !== 'integer') return String(cell);
  if (format === 'percent') return `${grouped((Number(cell) * 100).toFixed(2))} %`;
  if (typeof cell === 'string') return grouped(withoutZeros(cell, format === 'currency' ? 2 : 0));
  if (format === 'days') return grouped(withoutZeros(Number(cell).toFixed(1), 0));
  if (type === 'integer') return grouped(String(cell));
  return grouped(withoutZeros(Number(cell).toFixed(2), format === 'currency' ? 2 : 0));
};

export const isNumeric = ({ type }: Pick<AnswerColumn, 'type'>): boolean => type === 'decimal' || type === 'number' || type === 'integer';

/** What a column is called for people. */
export const titleOf = ({ label, name }: Pick<AnswerColumn, 'label' | 'name'>): string => label ?? name;

/** Cuts zeros at the end of the fraction, but for so many of its digits. */
const withoutZeros = (text: string, digits: number): string => {
  const [whole = '', fraction = ''] = text.split('.');
  const kept = fraction.slice(0, digits).padEnd(digits, '0') + fraction.slice(digits).replace(/0+$/, '');
  return kept === '' ? whole : `${whole}.${kept}`;
};

const grouped = (text: string): string => {
  const [whole = '', ...rest] = text.split('.');
  return [whole.replace(/\B(?=(\d{3})+$)/g, ','), ...rest].join('.');
};
