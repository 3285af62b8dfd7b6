import { createHash, type Hash } from 'node:crypto';

/** Over all effects as they were recorded, and over those of the replay. */
export interface HashPair {
  readonly recorded: string;
  readonly replayed: string;
}

/** Both hashes after so many inputs. */
export interface HashMark extends HashPair {
  /** Number of the input. */
  readonly n: number;
}

/** A hash over all effects as they were recorded and one over those of the replay, with a mark every so many inputs. */
export class EffectHashes {
  readonly #recorded: Hash = createHash('sha256');
  readonly #replayed: Hash = createHash('sha256');
  readonly #every: number;
  readonly marks: HashMark[] = [];
  #inputs = 0;
  count = 0;

  /** `every`: inputs between two marks. */
  constructor(every: number) {
    this.#every = every;
  }

  input(n: number): void {
    this.#inputs += 1;
    if (this.#inputs % this.#every === 0) this.marks.push({ n, ...this.digests() });
  }

  /** One effect of `owner` (unit, lease, lane), as canonical text. */
  effect(owner: string, recorded: string, replayed: string): void {
    this.count += 1;
    this.#recorded.update(`${owner} ${recorded}\n`);
    this.#replayed.update(`${owner} ${replayed}\n`);
  }

  digests(): HashPair {
    return { recorded: digestOf(this.#recorded), replayed: digestOf(this.#replayed) };
  }
}

function digestOf(hash: Hash): string {
  return hash.copy().digest('hex').slice(0, 32);
}
