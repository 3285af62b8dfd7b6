/** A refusal in the venue's words: HTTP status (also the `status` of the websocket API), code and text. Thrown by whatever handles a request. */
export class BinanceRefusal extends Error {
  readonly status: number;
  readonly code: number;
  /** Milliseconds to wait, for refusals by rate. */
  readonly retryAfterMs: number | null;

  constructor(status: number, code: number, text: string, retryAfterMs: number | null = null) {
    super(text);
    this.name = 'BinanceRefusal';
    this.status = status;
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

/** The request was taken in or dropped, and nothing is ever answered (a fault). `cut`: the connection goes as well. */
export class NoAnswer extends Error {
  readonly cut: boolean;

  constructor(cut: boolean) {
    super('no answer');
    this.name = 'NoAnswer';
    this.cut = cut;
  }
}

export function mandatory(name: string): BinanceRefusal {
  return new BinanceRefusal(400, -1102, `Mandatory parameter '${name}' was not sent, was empty/null, or malformed.`);
}

export function badValue(name: string): BinanceRefusal {
  return new BinanceRefusal(400, -1130, `Data sent for parameter '${name}' is not valid.`);
}
