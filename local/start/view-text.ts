export const BOLD = '\u001b[1m';
export const DIM = '\u001b[2m';
export const GREEN = '\u001b[32m';
export const YELLOW = '\u001b[33m';
export const RED = '\u001b[31m';
export const PLAIN = '\u001b[0m';
/** Between the parts of one line. */
export const GREY_RULE = `${DIM}  ·  ${PLAIN}`;

const GAP = '  ';
const COLOUR = new RegExp(`${'\u001b'}\\[[0-9;]*m`, 'g');
const CONTROL = /\p{Cc}+/gu;

/** A cell of a table: text, or text in one colour. */
type Cell = string | { readonly text: string; readonly colour: string };
/** A cell for each column. */
export type Row = readonly Cell[];

interface Column {
  readonly title: string;
  readonly right?: boolean;
  /** The heavier, the sooner it is left out where the terminal is narrow; without: never. */
  readonly weight?: number;
}

/** Text of others on one line, without what would move a terminal's cursor. */
export function visibleText(text: string): string {
  return text.replace(COLOUR, '').replace(CONTROL, ' ');
}

/** Characters that a line takes on a terminal. */
export function visibleLength(line: string): number {
  return [...line.replace(COLOUR, '')].length;
}

/** Cuts a line at `width` visible characters. */
export function clip(line: string, width: number): string {
  if (visibleLength(line) <= width) return line;
  let room = width - 1;
  let kept = '';
  let end = 0;
  for (const colour of [...line.matchAll(COLOUR), null]) {
    const text = [...line.slice(end, colour?.index ?? line.length)];
    kept += text.slice(0, room).join('');
    room -= text.length;
    if (room < 0 || colour === null) break;
    kept += colour[0];
    end = colour.index + colour[0].length;
  }
  return `${kept}…${PLAIN}`;
}

/** Aligned columns under their titles, within `width`; columns that say nothing in any row are left out. Without rows: nothing. */
export function table(columns: readonly Column[], rows: readonly Row[], width: number): string[] {
  if (rows.length === 0) return [];
  let shown = columns.map((column, index) => {
    const cells = rows.map((row) => row[index] ?? '');
    const longest = Math.max(...cells.map((cell) => visibleLength(textOf(cell))));
    return { column, cells, width: longest === 0 ? 0 : Math.max(longest, column.title.length) };
  });
  shown = shown.filter((each) => each.width > 0);
  const total = () => shown.reduce((sum, each) => sum + each.width + GAP.length, -GAP.length);
  while (total() > width) {
    const heaviest = shown.toSorted((left, right) => (right.column.weight ?? 0) - (left.column.weight ?? 0))[0];
    if (heaviest?.column.weight === undefined) break;
    shown = shown.filter((each) => each !== heaviest);
  }
  const line = (cellOf: (index: number) => Cell) =>
    shown.map((each, index) => padded(cellOf(index), each.width, each.column.right === true)).join(GAP);
  return [
    `${BOLD}${line((index) => shown[index]?.column.title ?? '')}${PLAIN}`,
    ...rows.map((_, row) => line((index) => shown[index]?.cells[row] ?? '')),
  ].map((each) => clip(each, width));
}

function textOf(cell: Cell): string {
  return typeof cell === 'string' ? cell : cell.text;
}

function padded(cell: Cell, width: number, right: boolean): string {
  const text = textOf(cell);
  const space = ' '.repeat(Math.max(0, width - visibleLength(text)));
  const shown = typeof cell === 'string' || cell.colour === '' ? text : `${cell.colour}${text}${PLAIN}`;
  return right ? `${space}${shown}` : `${shown}${space}`;
}

/** Words after a title, over as many lines as they need; a word is never parted. */
export function wrapWords(title: string, words: readonly string[], width: number): string[] {
  const indent = ' '.repeat(visibleLength(title));
  const lines: string[] = [];
  let line = title;
  for (const word of words) {
    if (line !== title && visibleLength(line) + GAP.length + visibleLength(word) > width) {
      lines.push(line);
      line = indent;
    }
    line += `${GAP}${word}`;
  }
  lines.push(line);
  return lines;
}
