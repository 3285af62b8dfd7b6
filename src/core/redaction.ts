/** What stands in the place of a secret. */
export const REDACTED = '[redacted]';

/** Values shorter than this are not looked for: replacing them would tear ordinary words apart. No venue issues keys that short. */
const SHORTEST_SECRET = 8;

/** Names of fields that hold secrets, compared in lower case without dashes, underscores and blanks. */
const SECRET_NAME =
  /(apikey|apisecret|secretkey|privatekey|secretstring|clientsecret|signature|password|passphrase|authorization|credential|listenkey|tasktoken|accesstoken|sessiontoken|bearertoken)$|^(secret|token|sign|cookie|xbapisign)$/;

/** `name=value`, `name: value`, `"name":"value"` of a secret's name in running text. */
const SECRET_IN_TEXT =
  /((?:api[-_]?key|api[-_]?secret|secret[-_]?key|x-mbx-apikey|x-bapi-api-key|x-bapi-sign|private[-_]?key|client[-_]?secret|signature|password|passphrase|authorization|listen[-_]?key|(?:access|session|bearer|task)[-_]?token|secret)["']?\s*[=:]\s*["']?)(?:bearer\s+)?[^"'&\s,;}]+/gi;

/** Takes secrets out of what leaves the process by logs, errors and events (R6). */
export interface Redactor {
  /** Makes a value known as secret; it is then redacted wherever it stands, in its URL and JSON spellings as well. */
  register(secret: string): void;
  text(text: string): string;
  /** A copy of a value of any shape without secrets: known values in every text, and whatever stands under a secret-shaped name. Cycles are cut. */
  value(value: unknown): unknown;
}

/** Whether a field of this name holds a secret by its name alone. */
function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name.toLowerCase().replace(/[-_\s]/g, ''));
}

export function createRedactor(): Redactor {
  const known = new Set<string>();

  function text(raw: string): string {
    let clean = raw;
    for (const secret of known) if (clean.includes(secret)) clean = clean.replaceAll(secret, REDACTED);
    return clean.replace(SECRET_IN_TEXT, (_match, head: string) => `${head}${REDACTED}`);
  }

  function copy(value: unknown, above: readonly object[]): unknown {
    if (typeof value === 'string') return text(value);
    if (typeof value !== 'object' || value === null) return value;
    if (above.includes(value)) return '[circular]';
    const within = [...above, value];
    if (value instanceof Error) {
      const own = Object.fromEntries(Object.entries(value));
      const { name, message, stack, cause } = value;
      return copy({ ...own, name, message, stack, ...(cause === undefined ? {} : { cause }) }, within);
    }
    if (Array.isArray(value)) return value.map((each) => copy(each, within));
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
    if (value instanceof Date) return value;
    if (value instanceof Map) return copy(Object.fromEntries(value), within);
    if (value instanceof Set) return copy([...value], within);
    const entries = Object.entries(value).map(([name, inner]): [string, unknown] => [
      text(name),
      isSecretName(name) && (typeof inner === 'string' || typeof inner === 'object') && inner !== null
        ? REDACTED
        : copy(inner, within),
    ]);
    return Object.fromEntries(entries);
  }

  return {
    register(secret) {
      if (secret.length < SHORTEST_SECRET) return;
      const spellings = [
        secret,
        encodeURIComponent(secret),
        JSON.stringify(secret).slice(1, -1),
        Buffer.from(secret, 'utf8').toString('base64'),
      ];
      for (const spelling of spellings) known.add(spelling);
    },
    text,
    value: (value) => copy(value, []),
  };
}
