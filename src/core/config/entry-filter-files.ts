/** Reads the file that a configuration names; the path as it stands there. Throws when it cannot be read. */
export type ReadNamedFile = (path: string) => string;

/** A fault of what a configuration names. */
export interface NamedFileFault {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/**
 * Puts the content of entry filter models in the place of `{"path": …}`, so that what is validated, hashed and told as the configuration is whole: a model that changes is another configuration. `raw` is
 * changed. Returns what could not be read.
 */
export function inlineEntryFilters(raw: unknown, readFile: ReadNamedFile | null): readonly NamedFileFault[] {
  const faults: NamedFileFault[] = [];
  for (const [index, lane] of listOf(fieldOf(raw, 'lanes')).entries()) {
    inlineOne(lane, ['lanes', index], readFile, faults);
    const perSymbol = fieldOf(lane, 'perSymbol');
    if (!isRecord(perSymbol)) continue;
    for (const [symbol, terms] of Object.entries(perSymbol))
      inlineOne(terms, ['lanes', index, 'perSymbol', symbol], readFile, faults);
  }
  return faults;
}

function inlineOne(
  terms: unknown,
  at: readonly PropertyKey[],
  readFile: ReadNamedFile | null,
  faults: NamedFileFault[],
): void {
  const filter = fieldOf(terms, 'entryFilter');
  const path = fieldOf(filter, 'path');
  if (!isRecord(filter) || typeof path !== 'string' || 'model' in filter) return;
  try {
    if (readFile === null) throw new Error('only a configuration that is a file can name one; give the model itself');
    filter.model = JSON.parse(readFile(path));
  } catch (error) {
    const message = `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    faults.push({ path: [...at, 'entryFilter', 'path'], message });
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fieldOf(value: unknown, name: string): unknown {
  return isRecord(value) ? value[name] : undefined;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
