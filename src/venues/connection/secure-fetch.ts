import { requireSecure } from './ws-transport.ts';

/**
 * `fetch` that refuses anything but `https:`, unless `insecureAllowed` (the `local` environment alone, R7). Redirects are refused: a signed
 * request is for one address. Rejects with `CONNECTION_INSECURE` or `CONNECTION_URL_INVALID` (class configuration).
 */
export function createSecureFetch(options: { readonly insecureAllowed: boolean }): typeof globalThis.fetch {
  return async (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    requireSecure(url, ['https:'], ['http:'], options.insecureAllowed);
    return globalThis.fetch(input, { redirect: 'error', ...init });
  };
}
