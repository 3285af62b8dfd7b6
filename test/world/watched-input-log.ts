import { InputLog } from '#core/input-log/input-log.ts';

type Recorded = Parameters<InputLog['record']>;
export type InputListener = (
  kind: Recorded[0],
  lane: Recorded[2],
  body: Recorded[3],
  now: Recorded[4],
  origin: Recorded[5],
) => void;

/** The product's input log, of which each line is heard before the input is taken. */
export class WatchedInputLog extends InputLog {
  readonly #hear: InputListener;

  constructor(sink: ConstructorParameters<typeof InputLog>[0], hear: InputListener) {
    super(sink);
    this.#hear = hear;
  }

  override record(...[kind, unit, lane, body, now, origin]: Recorded): void {
    this.#hear(kind, lane, body, now, origin);
    super.record(kind, unit, lane, body, now, origin);
  }
}
