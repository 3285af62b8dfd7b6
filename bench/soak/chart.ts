/** One line of a panel; `at` in seconds. */
export interface Series {
  readonly name: string;
  readonly colour: string;
  readonly points: readonly (readonly [at: number, value: number])[];
}

export interface Panel {
  readonly title: string;
  readonly series: readonly Series[];
  /** A bar that the lines are to stay below, if any. */
  readonly bar?: number;
}

const WIDTH = 960;
const PANEL = 150;
const HEAD = 44;
const LEFT = 64;
const RIGHT = 16;
const TOP = 26;
const BOTTOM = 20;
const TIME_TICKS = 6;
const VALUE_TICKS = 2;

/** Panels one under the other on one axis of time, as SVG. `shadedSeconds`: the warm-up. */
export function drawChart(title: string, panels: readonly Panel[], shadedSeconds: number): string {
  const last = Math.max(1, ...panels.flatMap(({ series }) => series.flatMap(({ points }) => points.map(([at]) => at))));
  const height = HEAD + panels.length * PANEL;
  const x = (at: number) => LEFT + (at / last) * (WIDTH - LEFT - RIGHT);
  const body = panels.map((panel, index) => drawPanel(panel, HEAD + index * PANEL, x, last, shadedSeconds));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="11">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    `<text x="${LEFT}" y="24" font-size="14" font-weight="bold">${escaped(title)}</text>`,
    ...body,
    '</svg>\n',
  ].join('\n');
}

function drawPanel(panel: Panel, top: number, x: (at: number) => number, last: number, shaded: number): string {
  const values = panel.series.flatMap(({ points }) => points.map(([, value]) => value));
  const most = niceCeiling(Math.max(panel.bar ?? 0, ...values));
  const [high, low] = [top + TOP, top + PANEL - BOTTOM];
  const y = (value: number) => low - (value / most) * (low - high);
  const parts = [
    `<rect x="${x(0)}" y="${high}" width="${x(Math.min(shaded, last)) - x(0)}" height="${low - high}" fill="#f1f1f1"/>`,
  ];
  for (let tick = 0; tick <= VALUE_TICKS; tick += 1) {
    const value = (most * tick) / VALUE_TICKS;
    parts.push(
      `<line x1="${x(0)}" x2="${x(last)}" y1="${y(value)}" y2="${y(value)}" stroke="#dddddd"/>`,
      `<text x="${LEFT - 6}" y="${y(value) + 4}" text-anchor="end">${shortened(value)}</text>`,
    );
  }
  for (let tick = 0; tick <= TIME_TICKS; tick += 1) {
    const at = (last * tick) / TIME_TICKS;
    parts.push(`<text x="${x(at)}" y="${low + 14}" text-anchor="middle" fill="#777777">${Math.round(at)} s</text>`);
  }
  if (panel.bar !== undefined)
    parts.push(
      `<line x1="${x(0)}" x2="${x(last)}" y1="${y(panel.bar)}" y2="${y(panel.bar)}" stroke="#bb3333" stroke-dasharray="5 4"/>`,
    );
  let legend = WIDTH - RIGHT;
  for (const { name, colour, points } of [...panel.series].reverse()) {
    const line = points.map(([at, value]) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
    parts.push(
      `<polyline points="${line}" fill="none" stroke="${colour}" stroke-width="1.4"/>`,
      `<text x="${legend}" y="${top + 18}" text-anchor="end" fill="${colour}">${escaped(name)}</text>`,
    );
    legend -= name.length * 6.5 + 16;
  }
  parts.push(`<text x="${LEFT}" y="${top + 18}" font-weight="bold">${escaped(panel.title)}</text>`);
  return parts.join('\n');
}

/** 1, 2, 3 or 5 times a power of ten, not below `value`. */
function niceCeiling(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 3, 5].find((step) => step * power >= value) ?? 10) * power;
}

function shortened(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en-GB') : String(Math.round(value * 100) / 100);
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
