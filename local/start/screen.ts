import type { ViewSize } from './live-view.ts';
import { clip } from './view-text.ts';

/** Draws a view over the one before on a terminal; elsewhere prints one plain line each five seconds. */
export interface Screen {
  /** A step of the set-up or an event worth a line of its own; it stays, above the view. */
  line(text: string): void;
  /** `render` is asked for lines that fit. */
  draw(render: (size: ViewSize) => readonly string[], plain: string): void;
  /** Leaves what stands there and goes on below it. */
  end(): void;
}

/** What a screen needs of a stream. */
export type ScreenOutput = Pick<NodeJS.WriteStream, 'write' | 'isTTY' | 'rows' | 'columns'>;

const PLAIN_EVERY_MS = 5_000;
const UNSIZED: ViewSize = { rows: 30, columns: 100 };

export function createScreen(output: ScreenOutput): Screen {
  const terminal = output.isTTY === true;
  let drawn: readonly string[] = [];
  let drawnAt: ViewSize | null = null;
  let lastPlain = Number.NEGATIVE_INFINITY;

  const sizeNow = (): ViewSize => ({ rows: output.rows || UNSIZED.rows, columns: output.columns || UNSIZED.columns });
  /** To where the view begins. After a resize the terminal has broken lines anew, and nothing is known of where they are. */
  const toTop = (size: ViewSize): string => {
    if (drawnAt === null || drawn.length === 0) return '';
    const same = drawnAt.rows === size.rows && drawnAt.columns === size.columns;
    return same ? `\u001b[${drawn.length}A\r` : '\u001b[H\u001b[2J';
  };
  const text = () => drawn.map((line) => `${line}\u001b[K\n`).join('');

  return {
    line(line) {
      if (!terminal) {
        output.write(`${line}\n`);
        return;
      }
      output.write(`${toTop(sizeNow())}\u001b[0J${line}\n${text()}`);
      if (drawn.length > 0) drawnAt = sizeNow();
    },
    draw(render, plain) {
      if (!terminal) {
        if (performance.now() - lastPlain < PLAIN_EVERY_MS) return;
        lastPlain = performance.now();
        output.write(`${plain}\n`);
        return;
      }
      const size = sizeNow();
      const top = toTop(size);
      // The last row holds the cursor, and the last column would make some terminals begin a new line.
      const fits = { rows: Math.max(1, size.rows - 1), columns: Math.max(2, size.columns - 1) };
      drawn = render(fits)
        .slice(0, fits.rows)
        .map((line) => clip(line, fits.columns));
      drawnAt = size;
      output.write(`${top}${text()}\u001b[0J`);
    },
    end() {
      drawn = [];
      drawnAt = null;
    },
  };
}
