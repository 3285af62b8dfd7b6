import { createErrorClassifier, errorRows } from '../binance/errors.ts';

/** Error codes of spot by class (the venue's "Error codes" page; the classing is ours). */
export const ERROR_CLASSES = errorRows({
  // "Internal error; unable to process your request": of answers of class 5xx spot says only that the execution is unknown.
  unknown: [-1001],
  // An order of more than 90 days ago that never filled: the venue has put it away.
  notFound: [-2026],
  keys: [-1031, -2017],
  // Amendments that raise the size, ids that name two orders, what the market has of its own.
  reject: [
    -1010, -1108, -1112, -1120, -1122, -1125, -1127, -1131, -1134, -1135, -1139, -1145, -1151, -2016, -2021, -2022,
    -2036, -2038, -2039,
  ],
});

export const binanceSpotErrors = createErrorClassifier(ERROR_CLASSES);
