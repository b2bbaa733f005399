/** How SQL writes comparisons, in every dialect. */
export const COMPARISON_SIGNS = { eq: '=', ne: '<>', lt: '<', lte: '<=', gt: '>', gte: '>=' } as const;
