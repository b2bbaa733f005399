import { createDuckDbWarehouse } from '../duckdb-warehouse.ts';

/** A process that opens the warehouse of its argument and closes it again; prints why it could not. */
try {
  const warehouse = await createDuckDbWarehouse(JSON.parse(process.argv[2] ?? ''));
  await warehouse.close();
} catch (error) {
  const { code, message } = error as { code: string; message: string };
  process.stdout.write(JSON.stringify({ code, message }));
  process.exitCode = 1;
}
