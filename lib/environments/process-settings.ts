/** What an environment's file may take from the environment variables of the process that deploys it. */
export interface ProcessSettings {
  get(variable: string): string | undefined;
  /** Its value; where it is missing, a text that names the variable and that validation refuses. */
  required(variable: string): string;
  /** `MILLRACE_VENUE_ENDPOINTS` as an object, null where it is not set. */
  venueEndpoints(): unknown;
}

/** Reads settings from environment variables; an empty variable counts as missing. Faults found on the way are collected in `faults`. */
export function processSettings(
  variables: Readonly<Record<string, string | undefined>>,
  faults: string[],
): ProcessSettings {
  const get = (variable: string) => variables[variable] || undefined;
  return {
    get,
    required(variable) {
      const value = get(variable);
      if (value === undefined) faults.push(`${variable} is not set`);
      return value ?? '';
    },
    venueEndpoints() {
      const text = get('MILLRACE_VENUE_ENDPOINTS');
      if (text === undefined) return null;
      try {
        return JSON.parse(text);
      } catch (error) {
        faults.push(`MILLRACE_VENUE_ENDPOINTS is not JSON: ${error instanceof Error ? error.message : String(error)}`);
        return null;
      }
    },
  };
}
