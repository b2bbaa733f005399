/** One stable error code: what a client may rely on. The reference page is generated from these. */
export interface ErrorCode {
  /** HTTP status of the problem document. */
  readonly status: number;
  /** Short title, the same for every occurrence. */
  readonly title: string;
  /** When it happens and the way out, one or two sentences. */
  readonly help: string;
}
