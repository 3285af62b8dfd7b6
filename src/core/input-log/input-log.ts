import type { FrameSink } from '../events/publisher-port.ts';
import type { Now } from '../lanes/now.ts';

/** Kinds of inputs that are no market frames. Market frames take a number too, but their bytes are in the market records. */
export type InputKind =
  | 'start'
  | 'open'
  | 'timer'
  | 'gate'
  | 'desired'
  | 'drain'
  | 'accountReport'
  | 'answer'
  | 'resolution'
  | 'verification'
  | 'policy';

/** One line of the input log: JSON in UTF-8, published on the `market` stream under the pseudo-venue `engine`. */
export interface InputLine {
  /** Engine-wide number of the input; frames fill the numbers between. */
  readonly n: number;
  readonly mono: number;
  readonly epoch: number;
  readonly kind: InputKind;
  readonly unit: string;
  readonly lane: string | null;
  readonly body: unknown;
}

/**
 * Numbers every input of the engine in the order in which it is taken, and records those that are not market frames (invariant 8). With the frames of the
 * market records it is all that is needed to take the same decisions again.
 */
export class InputLog {
  #last = 0;
  readonly #sink: FrameSink;
  readonly #encoder = new TextEncoder();
  /** Lines that the publisher shed: a window with shed lines cannot be replayed. */
  shed = 0;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** The number of a market frame that is taken now. */
  frame(): number {
    this.#last += 1;
    return this.#last;
  }

  record(kind: InputKind, unit: string, lane: string | null, body: unknown, now: Now): void {
    this.#last += 1;
    const line: InputLine = { n: this.#last, mono: now.mono, epoch: now.epoch, kind, unit, lane, body };
    if (!this.#sink.frame(this.#encoder.encode(JSON.stringify(line)), now.mono, this.#last)) this.shed += 1;
  }

  get last(): number {
    return this.#last;
  }
}
