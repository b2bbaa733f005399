import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { measure } from './protocol.ts';
import { ROWS } from './rows.ts';

/** Client tools that rows compare with; CI has them. */
const TOOLS: Readonly<Record<number, readonly string[]>> = {
  1: ['taskset', 'wrk'],
  2: ['taskset', 'pgbench', 'psql', 'wrk'],
  4: ['taskset', 'psql'],
  5: ['taskset', 'pgbench', 'psql', 'wrk'],
};
const run = promisify(execFile);
const isMissing = async (tool: string): Promise<boolean> => {
  try {
    await run(tool, ['--version']);
    return false;
  } catch (error) {
    // wrk tells its version and ends with 1.
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
};
const missing = new Set<string>();
for (const tool of new Set(Object.values(TOOLS).flat())) if (await isMissing(tool)) missing.add(tool);

describe('a benchmark', () => {
  for (const row of ROWS) {
    const lacking = (TOOLS[row.number] ?? []).filter((tool) => missing.has(tool));
    it.skipIf(lacking.length > 0)(
      `${row.number} ${row.name} runs from its beginning to its end${lacking.length > 0 ? ` (not here: ${lacking.join(', ')})` : ''}`,
      { timeout: 180_000 },
      async () => {
        const result = await measure(row, { smoke: true, rounds: 1, seconds: 1 }, () => undefined);
        expect(result.ratio).toBeGreaterThan(0);
        expect(result.ours).toBeGreaterThan(0);
        expect(result.reference).toBeGreaterThan(0);
      },
    );
  }
});
