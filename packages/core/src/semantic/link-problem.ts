/** A definition of the layer, and the key in it, that something is wrong with. */
export interface ProblemPlace {
  readonly definition: object;
  readonly key?: string | undefined;
  /** Offset in the text of that key's value. */
  readonly at?: number | undefined;
}

/** Takes note of a problem; linking goes on, so that all of them are found. */
export type Report = (place: ProblemPlace, message: string) => void;
