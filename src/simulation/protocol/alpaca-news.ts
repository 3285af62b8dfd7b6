import { seededRandom } from '#core/time/seeded-random.ts';
import type { AlpacaContext } from './alpaca-context.ts';
import type { AlpacaDataSockets } from './alpaca-data-sockets.ts';
import type { Row } from './alpaca-rows.ts';

/** A trickle of made-up news about the symbols of the market. */
export interface AlpacaNews {
  /** The last item once more, changed: the same id, a later `updated_at`. */
  update(): void;
  /** Newest first. */
  recent(limit: number): readonly Row[];
  close(): void;
}

interface Item {
  readonly id: number;
  readonly headline: string;
  readonly summary: string;
  readonly symbol: string;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** On average so often. */
const EVERY_MS = 4_000;
const KEPT = 200;
const FIRST_ID = 24_918_784;

const SUBJECTS = ['guidance', 'a buyback', 'quarterly results', 'a new product line', 'a supply agreement'] as const;
const VERBS = ['raises', 'lowers', 'confirms', 'announces', 'delays'] as const;

/** Equal seeds give equal items, at times of their own. */
export function createAlpacaNews(context: AlpacaContext, sockets: AlpacaDataSockets, seed = 1): AlpacaNews {
  const random = seededRandom(seed);
  const items: Item[] = [];
  let timer: NodeJS.Timeout | null = null;

  const pick = <Value>(values: readonly Value[]): Value | undefined =>
    values[Math.floor(random.next() * values.length)];

  function tell(item: Item): void {
    sockets.broadcast('news', [item.symbol], JSON.stringify([{ T: 'n', ...rowOf(item) }]));
  }

  function add(): void {
    const symbol = pick(context.exchange.instruments)?.symbol;
    if (symbol === undefined) return;
    const said = `${symbol} ${pick(VERBS)} ${pick(SUBJECTS)}`;
    const at = context.now();
    const id = FIRST_ID + items.length;
    const item = { id, headline: said, summary: `${said}, the company says.`, symbol, createdAt: at, updatedAt: at };
    items.push(item);
    if (items.length > KEPT) items.splice(0, items.length - KEPT);
    tell(item);
  }

  function schedule(): void {
    timer = setTimeout(
      () => {
        add();
        schedule();
      },
      EVERY_MS * (0.5 + random.next()),
    );
  }
  schedule();

  return {
    update() {
      if (items.length === 0) add();
      const last = items.at(-1);
      if (last === undefined) return;
      const headline = `${last.headline} (corrected)`;
      const changed = { ...last, headline, updatedAt: Math.max(context.now(), last.updatedAt + 1_000) };
      items[items.length - 1] = changed;
      tell(changed);
    },
    recent: (limit) => items.slice(-limit).reverse().map(rowOf),
    close() {
      if (timer !== null) clearTimeout(timer);
    },
  };
}

/** Times of news are whole seconds. */
function rowOf(item: Item): Row {
  const time = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;
  return {
    id: item.id,
    headline: item.headline,
    summary: item.summary,
    author: 'Simulated Newsdesk',
    created_at: time(item.createdAt),
    updated_at: time(item.updatedAt),
    url: `https://news.invalid/${item.id}`,
    content: `<p>${item.summary}</p>`,
    symbols: [item.symbol],
    source: 'simulated',
  };
}
