/** One line: latencies of one client, sorted, µs. */
export interface PercentileLine {
  readonly name: string;
  readonly colour: string;
  readonly sortedUs: Float64Array;
}

const WIDTH = 960;
const HEIGHT = 420;
const LEFT = 64;
const RIGHT = 190;
const TOP = 44;
const BOTTOM = 40;
/** Powers of ten of what is slower: 1 = all, 10 = one of ten, and so on. */
const NINES = 4;
const POINTS = 120;

/**
 * Latency by percentile as SVG, both axes logarithmic: to the right by the nines (50 %, 90 %, 99 %, …), upwards by the time. A client's tail is what sets it apart, and
 * on plain axes nobody would see it.
 */
export function drawPercentiles(title: string, lines: readonly PercentileLine[]): string {
  const values = lines.flatMap(({ sortedUs }) => [sortedUs[0] ?? 1, sortedUs.at(-1) ?? 1]).filter((value) => value > 0);
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.ceil(Math.log10(Math.max(...values)));
  const x = (share: number) => LEFT + (-Math.log10(1 - share) / NINES) * (WIDTH - LEFT - RIGHT);
  const y = (us: number) => HEIGHT - BOTTOM - ((Math.log10(us) - low) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  const parts: string[] = [];
  for (let power = low; power <= high; power += 1) {
    parts.push(
      `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(10 ** power)}" y2="${y(10 ** power)}" stroke="#dddddd"/>`,
      `<text x="${LEFT - 6}" y="${y(10 ** power) + 4}" text-anchor="end">${timeOf(10 ** power)}</text>`,
    );
  }
  for (const share of [0, 0.5, 0.9, 0.99, 0.999, 1 - 10 ** -NINES]) {
    parts.push(
      `<line x1="${x(share)}" x2="${x(share)}" y1="${TOP}" y2="${HEIGHT - BOTTOM}" stroke="#eeeeee"/>`,
      `<text x="${x(share)}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle" fill="#777777">${Number((share * 100).toFixed(4))} %</text>`,
    );
  }
  for (const [index, { name, colour, sortedUs }] of lines.entries()) {
    const points = Array.from({ length: POINTS + 1 }, (_, point) => {
      const share = 1 - 10 ** ((-NINES * point) / POINTS);
      const value = sortedUs[Math.min(sortedUs.length - 1, Math.floor(share * sortedUs.length))] ?? 1;
      return `${x(share).toFixed(1)},${y(Math.max(value, 10 ** low)).toFixed(1)}`;
    });
    parts.push(
      `<polyline points="${points.join(' ')}" fill="none" stroke="${colour}" stroke-width="1.6"/>`,
      `<text x="${WIDTH - RIGHT + 10}" y="${TOP + 14 + index * 18}" fill="${colour}">${name}</text>`,
    );
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" font-family="sans-serif" font-size="11">`,
    `<title>${title}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    `<text x="${LEFT}" y="24" font-size="14" font-weight="bold">${title}</text>`,
    ...parts,
    '</svg>\n',
  ].join('\n');
}

function timeOf(us: number): string {
  return us < 1_000 ? `${us} µs` : `${us / 1_000} ms`;
}
