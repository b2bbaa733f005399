/** Most periods that are shown for each group of the other dimensions. */
export const MAX_PERIODS = 20_000;

/** Most cells that filling may give. */
export const MAX_FILLED_CELLS = 1_000_000;

/** Most aggregates that one query may need. */
export const MAX_AGGREGATES = 200;
