declare module 'asciichart' {
  /** Draws a line of values, each one column wide. */
  export function plot(
    series: readonly number[],
    options?: { readonly height?: number; readonly format?: (value: number) => string },
  ): string;
}
