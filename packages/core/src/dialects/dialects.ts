import type { DialectName } from '../query/compile-context.ts';
import type { Dialect } from './dialect.ts';
import { duckdb } from './duckdb.ts';
import { snowflake } from './snowflake.ts';

export const dialects: Readonly<Record<DialectName, Dialect>> = { duckdb, snowflake };
