/** Whether the callback of this order is withheld in a drill: that of each `every`-th order by the counter that ends its id; 0 = of none. */
export function isDrilled(clientOrderId: string, every: number): boolean {
  if (every <= 0) return false;
  const counter = Number.parseInt(clientOrderId.slice(clientOrderId.lastIndexOf('-') + 1), 36);
  return Number.isFinite(counter) && counter % every === 0;
}
