// What a run is evaluated on after each epoch, as a word for people.

export type EvaluatedOn = 'test' | 'validation';

/** @param config of a run; nothing is held out where none is known. */
export function evaluatedOn({ validation }: { readonly validation?: number } = {}): EvaluatedOn {
  return validation === undefined ? 'test' : 'validation';
}
