import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { measure } from './protocol.ts';
import { ROWS } from './rows.ts';

/** Client tools that rows compare with; CI has them. */
const TOOLS: Readonly<Record<number, readonly string[]>> = {
  1: ['taskset'],
  2: ['taskset', 'pgbench', 'psql'],
  4: ['taskset', 'psql'],
  5: ['taskset', 'pgbench', 'psql'],
};
const run = promisify(execFile);
const isMissing = async (tool: string): Promise<boolean> => {
  try {
    await run(tool, ['--version']);
    return false;
  } catch {
    return true;
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
