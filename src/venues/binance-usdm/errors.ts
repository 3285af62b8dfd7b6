import { createErrorClassifier, errorRows } from '../binance/errors.ts';

/** Error codes of USD-M futures by class (the venue's "Error Code" page; the classing is ours). */
export const ERROR_CLASSES = errorRows({
  // -1001 ("Internal error; unable to process your request") is a failed request here, by the "General Info" page on HTTP 503.
  retry: [-1001, -1125, -5028, -5043],
  alreadySo: [-4046, -4059, -4116, -5027],
  keys: [-1005, -1011, -2017, -4056, -4061, -4087, -4088, -4109, -4531],
  // Margin, post-only, reduce-only, and the market's own filters.
  reject: [
    -1023, -1122, -2018, -2019, -2020, -2021, -2022, -2023, -2024, -2025, -2026, -2027, -4001, -4002, -4003, -4004,
    -4005, -4013, -4014, -4015, -4016, -4023, -4024, -4118, -4120, -4131, -4140, -4141, -4142, -4164, -4192, -4400,
    -4401, -5021, -5022, -5024, -5025, -5026, -5029,
  ],
});

export const binanceUsdmErrors = createErrorClassifier(ERROR_CLASSES);
