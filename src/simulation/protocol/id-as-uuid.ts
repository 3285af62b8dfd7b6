/** The exchange's decimal ids in the look of the UUIDs that some venues give to orders and executions. */
export function uuidOf(decimalId: string): string {
  const hex = BigInt(decimalId).toString(16).padStart(32, '0');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** The exchange's id behind `uuidOf`; null for anything else. */
export function decimalIdOf(uuid: string): string | null {
  const hex = uuid.replaceAll('-', '');
  return /^[0-9a-f]{32}$/.test(hex) ? BigInt(`0x${hex}`).toString() : null;
}
