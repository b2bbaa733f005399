import { defineConfig } from 'vitest/config';

const workspaces = '{packages,services,apps}/*/src/**';

/**
 * Four projects, told apart by file name: `*.test.ts` needs no engine, `*.engine.test.ts` talks to
 * PostgreSQL, DuckDB and the like, `tests/architecture` reads the repository, `tests/e2e` drives the
 * real process.
 */
export default defineConfig({
  test: {
    // Bounds on what never comes, not on slow machines.
    expect: { poll: { timeout: 30_000 } },
    coverage: {
      provider: 'v8',
      include: [`${workspaces}/*.ts`],
      exclude: ['**/*.test.ts', '**/*.contract.ts', '**/testing/**', '**/testing.ts'],
      // What was reached before a test failed is reached.
      reportOnFailure: true,
      reportsDirectory: '.cache/coverage',
      reporter: ['text-summary', 'json'],
    },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          // Files share the modules of their process: loading them anew for each file takes four times as long as all tests.
          isolate: false,
          // The second core takes a third of the time away, although each worker loads the modules for itself.
          maxWorkers: 2,
          // A bound on tests that hang, not on slow machines.
          testTimeout: 60_000,
          hookTimeout: 60_000,
          include: [`${workspaces}/*.test.ts`, 'scripts/**/*.test.ts'],
          exclude: ['**/*.engine.test.ts', '**/node_modules/**'],
        },
      },
      {
        extends: true,
        test: {
          name: 'engine',
          include: [`${workspaces}/*.engine.test.ts`, 'bench/*.engine.test.ts'],
          globalSetup: ['tests/fixtures/postgres-cluster.ts', 'tests/fixtures/singer-taps.ts'],
          // They wait most of their time: two files at once take two thirds of it on two cores.
          maxWorkers: 2,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: { name: 'architecture', include: ['tests/architecture/**/*.test.ts'], testTimeout: 60_000 },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['tests/e2e/**/*.test.ts'],
          globalSetup: ['tests/fixtures/singer-taps.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          maxWorkers: 1,
        },
      },
    ],
  },
});
