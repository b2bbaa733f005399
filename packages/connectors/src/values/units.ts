import type { Scale } from './decimal.ts';

/** Units that a mapping may name, by what they are in the field: an amount, a share of one, or seconds. */
export const UNITS = {
  thousands: { factor: 1n, shift: 3 },
  millions: { factor: 1n, shift: 6 },
  billions: { factor: 1n, shift: 9 },
  cents: { factor: 1n, shift: -2 },
  percent: { factor: 1n, shift: -2 },
  basis_points: { factor: 1n, shift: -4 },
  milliseconds: { factor: 1n, shift: -3 },
  minutes: { factor: 60n, shift: 0 },
  hours: { factor: 3600n, shift: 0 },
  days: { factor: 86_400n, shift: 0 },
} as const satisfies Record<string, Scale>;

export type Unit = keyof typeof UNITS;

export const isUnit = (name: string): name is Unit => Object.hasOwn(UNITS, name);
