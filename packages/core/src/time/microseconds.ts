/** Microseconds since 1970 of a canonical instant (`2017-03-01T12:00:00.000200Z`), which doubles do not hold exactly. */
export function microsecondsOf(instant: string): bigint {
  const fraction = /\.(\d+)Z$/.exec(instant)?.[1] ?? '';
  return BigInt(Date.parse(`${instant.slice(0, 19)}Z`)) * 1000n + BigInt(fraction.padEnd(6, '0'));
}
