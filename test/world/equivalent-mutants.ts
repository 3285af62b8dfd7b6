/**
 * Mutants that no world can find, each with the reason why it changes nothing that anybody could see, or why another test is the one to see it. `match`: the beginning of their names. The program that
 * tries the mutants (`npm run mutants`) fails where one of these is found after all.
 */
export const EQUIVALENT_MUTANTS: readonly { readonly match: string; readonly because: string }[] = [];

/** Why a mutant is argued to be equivalent, or null. */
export function argumentFor(name: string): string | null {
  return EQUIVALENT_MUTANTS.find(({ match }) => name.startsWith(match))?.because ?? null;
}
