import type { SimulatedMarketEvent } from '../exchange/simulated-exchange.ts';
import type { AlpacaContext } from './alpaca-context.ts';
import type { AlpacaDataSockets, DataList } from './alpaca-data-sockets.ts';
import { MinuteBars, quoteFrame, statusFrame, tradeFrame } from './alpaca-market-frames.ts';

/** What the market says, to those who have subscribed to it. */
export interface AlpacaMarketHub {
  onMarket(event: SimulatedMarketEvent): void;
  /** Every symbol is halted, then trades again, as the status channel tells it. */
  haltAndResume(): void;
  close(): void;
}

const BAR_LOOK_MS = 250;

/** The list that carries each channel of a recording. */
const LIST_OF: Readonly<Record<string, DataList>> = {
  book: 'quotes',
  quotes: 'quotes',
  trades: 'trades',
  candles: 'bars',
  status: 'statuses',
};

export function createAlpacaMarketHub(context: AlpacaContext, sockets: AlpacaDataSockets): AlpacaMarketHub {
  const { exchange, faults } = context;
  const bars = new MinuteBars();
  const lastQuotes = new Map<string, string>();
  const looking = setInterval(() => {
    for (const [symbol, frame] of bars.take(context.now(), context.instrument)) send('bars', symbol, frame);
  }, BAR_LOOK_MS);

  function send(list: DataList, symbol: string, frame: string | Uint8Array): void {
    if (faults.isPublicPaused(symbol) || !sockets.hasSubscribers(list, symbol)) return;
    if (list === 'quotes' && faults.take('dropPublicFrame')) return;
    sockets.broadcast(list, [symbol], frame, faults.take('duplicatePublicFrame') ? 2 : 1);
  }

  /** Only a change of the best bid or offer is told. */
  function onBook(symbol: string, time: number): void {
    if (!sockets.hasSubscribers('quotes', symbol)) return;
    const instrument = context.requireInstrument(symbol);
    const book = exchange.book(symbol, 1);
    const top = JSON.stringify([book.bids[0], book.asks[0]]);
    if (lastQuotes.get(symbol) === top) return;
    lastQuotes.set(symbol, top);
    send('quotes', symbol, quoteFrame(book, instrument, time));
  }

  return {
    onMarket(event) {
      switch (event.kind) {
        // Beside a recording nothing is made up.
        case 'bookChange':
          if (exchange.origin === 'generated') onBook(event.symbol, event.time);
          return;
        case 'trade':
          if (exchange.origin === 'recorded') return;
          bars.add(event);
          send('trades', event.symbol, tradeFrame(event, context.requireInstrument(event.symbol)));
          return;
        case 'raw': {
          const list = LIST_OF[event.channel];
          if (list !== undefined) send(list, event.symbol, event.frame);
          return;
        }
        case 'ticker':
        case 'end':
          return;
      }
    },
    haltAndResume() {
      for (const { symbol } of exchange.instruments) {
        send('statuses', symbol, statusFrame(symbol, false, context.now()));
        send('statuses', symbol, statusFrame(symbol, true, context.now()));
      }
    },
    close: () => clearInterval(looking),
  };
}
