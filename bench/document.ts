import os from 'node:os';
import { type Bar, type Benchmark, type BenchmarkRow, isMet } from './benchmark.ts';

/** A benchmark's outcome, and the machine as it was when it began. */
export interface Measured {
  readonly benchmark: Benchmark;
  readonly rows: readonly BenchmarkRow[];
  readonly environment: string;
}

/** What a figure depends on: processor, Node, and how busy the machine was. */
export function environment(): string {
  const cores = os.cpus();
  const load = (os.loadavg()[0] ?? 0).toFixed(1);
  return `Node ${process.version}, ${cores.length} × ${cores[0]?.model.trim() ?? 'unknown processor'}, load average ${load}, ${new Date().toISOString().slice(0, 16)}Z`;
}

/** For the terminal. */
export function lineOf(measured: Measured): readonly string[] {
  const [head = [], ...body] = cellsOf(measured.rows);
  const widths = head.map((_, column) => Math.max(...[head, ...body].map((cells) => cells[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `  ${cells.map((cell, column) => (column === 0 || column === cells.length - 1 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  ')}`.trimEnd();
  return [line(head), ...body.map(line), ...barsOf(measured).map((bar) => `  ${barText(bar)}`)];
}

/** The document's sections by their names: a table of each benchmark, and one of all bars. */
export function sectionsOf(results: readonly Measured[]): ReadonlyMap<string, string> {
  return new Map(results.map((measured) => [measured.benchmark.name, sectionOf(measured)]));
}

/** Puts sections between their marks, `<!-- measured: name -->` and `<!-- end of name -->`. Throws for one that has no place in the document. */
export function withSections(document: string, sections: ReadonlyMap<string, string>): string {
  let text = document;
  for (const [name, section] of sections) {
    const [open, close] = [`<!-- measured: ${name} -->`, `<!-- end of ${name} -->`];
    const [from, to] = [text.indexOf(open), text.indexOf(close)];
    if (from < 0 || to < from) throw new Error(`the document has no place for "${name}": ${open} … ${close}`);
    text = `${text.slice(0, from + open.length)}\n${section}\n${text.slice(to)}`;
  }
  return text;
}

function sectionOf(measured: Measured): string {
  const [head = [], ...body] = cellsOf(measured.rows);
  const bars = barsOf(measured);
  const table = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [
    `${measured.environment}. Times in ns.`,
    '',
    table(head),
    table(head.map((_, column) => (column === 0 || column === head.length - 1 ? '---' : '---:'))),
    ...body.map(table),
    ...(bars.length === 0
      ? []
      : [
          '',
          table(['bar', 'measured', 'asked', 'met']),
          table(['---', '---:', '---:', '---']),
          ...bars.map((bar) => table(barCells(bar))),
        ]),
  ].join('\n');
}

function barsOf({ benchmark, rows }: Measured): readonly Bar[] {
  return benchmark.bars?.(rows) ?? [];
}

function barText(bar: Bar): string {
  const [what, measured, asked, met] = barCells(bar);
  return `bar: ${what}: ${measured}, asked ${asked}: ${met}`;
}

function barCells(bar: Bar): readonly string[] {
  const asked = [
    ...(bar.least === undefined ? [] : [`≥ ${figure(bar.least)}`]),
    ...(bar.most === undefined ? [] : [`≤ ${figure(bar.most)}`]),
  ];
  return [bar.what, figure(bar.measured), asked.join(', '), isMet(bar) ? 'yes' : '**no**'];
}

/** The head first; only columns that some row has. */
function cellsOf(rows: readonly BenchmarkRow[]): readonly (readonly string[])[] {
  const figures = [...new Set(rows.flatMap((row) => Object.keys(row.figures ?? {})))];
  const columns: readonly (readonly [string, (row: BenchmarkRow) => string])[] = [
    ['what', ({ label }) => label],
    ['mean', ({ meanNs }) => figure(meanNs)],
    ['p50', ({ p50Ns }) => figure(p50Ns)],
    ['p99', ({ p99Ns }) => figure(p99Ns)],
    ...figures.map((name) => [name, (row: BenchmarkRow) => figure(row.figures?.[name])] as const),
    ['note', ({ note }) => note ?? ''],
  ];
  const shown = columns.filter(([name, cell]) => name === 'what' || rows.some((row) => cell(row) !== ''));
  return [shown.map(([name]) => name), ...rows.map((row) => shown.map(([, cell]) => cell(row)))];
}

/** Three digits that say something; whole from a hundred on. */
function figure(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '';
  return value >= 100 ? Math.round(value).toLocaleString('en-GB') : String(Number(value.toPrecision(3)));
}
