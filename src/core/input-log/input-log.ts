import type { FrameSink } from '../events/publisher-port.ts';
import type { Now } from '../lanes/now.ts';

/**
 * Kinds of lines. Market frames take a number too, but their bytes are in the market records. What a kind's body holds stands beside whoever writes it: inputs of lanes in
 * `lane-input.ts`, everything else in `lease-log.ts`.
 */
export type InputKind =
  /** Of the engine: it begins, it has another configuration, it ends in order. */
  | 'start'
  | 'configuration'
  | 'end'
  /** What there is to give inputs to: units under a lease, their lanes and what limits them together. */
  | 'unit'
  | 'lane'
  | 'policy'
  | 'breakers'
  /** What shapes a book beside the frames. */
  | 'feed'
  | 'socket'
  | 'book'
  | 'drop'
  /** Inputs of a lane. */
  | 'open'
  | 'adopt'
  | 'unfound'
  | 'keepHalted'
  | 'timer'
  | 'gate'
  | 'desired'
  | 'drain'
  | 'accountReport'
  | 'answer'
  | 'resolution'
  | 'verification'
  | 'feePrice'
  | 'agreed'
  /** A scanner took a sample. */
  | 'scan'
  /** What the change of a lane's symbol was told, or what it found. */
  | 'switch'
  | 'leave'
  | 'stay'
  | 'hold'
  | 'release'
  /** No input: what a lane's inputs since its last such line led to. */
  | 'effects';

/** One line of the input log: JSON in UTF-8, published on the `market` stream under the pseudo-venue `engine`. */
export interface InputLine {
  /** Engine-wide number of the input; frames fill the numbers between. `effects` and `drop` take none: theirs is that of the last input. */
  readonly n: number;
  /** Parts of the last frame that had begun: messages that reach lanes, and lanes that were given a book. What a frame led to while it was read finds its place by it. */
  readonly part?: number;
  readonly mono: number;
  readonly epoch: number;
  readonly kind: InputKind;
  /** A unit's id, `feed/<name>` or `engine`. */
  readonly unit: string;
  readonly lane: string | null;
  /** Of the unit or the feed; absent: of neither. */
  readonly lease?: number;
  /** Which lane of that name under that lease, from 1; absent: the first. */
  readonly instance?: number;
  readonly body: unknown;
}

/** Whose line it is, beyond the names. */
export interface LineOrigin {
  readonly lease: number;
  readonly instance?: number;
}

/** Lines that say what an input led to or how it was taken, and are no input themselves. */
const NO_INPUTS: ReadonlySet<InputKind> = new Set(['effects', 'drop']);

/**
 * Numbers every input of the engine in the order in which it is taken, and records those that are not market frames (invariant 8). With the frames of the
 * market records it is all that is needed to take the same decisions again.
 */
export class InputLog {
  #last = 0;
  #part = 0;
  readonly #sink: FrameSink;
  readonly #encoder = new TextEncoder();
  /** Lines that the publisher shed or that could not be written: a window without them cannot be replayed. */
  shed = 0;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** The number of a market frame that is taken now. */
  frame(): number {
    this.#last += 1;
    this.#part = 0;
    return this.#last;
  }

  /** Hot: a message that reaches lanes is read from the frame, or a lane is given its book. */
  part(): void {
    this.#part += 1;
  }

  record(kind: InputKind, unit: string, lane: string | null, body: unknown, now: Now, origin?: LineOrigin): void {
    if (!NO_INPUTS.has(kind)) this.#last += 1;
    const { mono, epoch } = now;
    const line: InputLine = { n: this.#last, part: this.#part, mono, epoch, kind, unit, lane, ...origin, body };
    const text = textOf(line);
    if (text === null) {
      // A number without a line: nobody is to take the window for whole.
      this.#last += 1;
      this.shed += 1;
    } else if (!this.#sink.frame(this.#encoder.encode(text), mono, this.#last)) this.shed += 1;
  }

  get last(): number {
    return this.#last;
  }
}

/** Null where JSON has no way to say it: an input must reach its lane all the same. */
function textOf(line: InputLine): string | null {
  try {
    return JSON.stringify(line);
  } catch {
    return null;
  }
}
