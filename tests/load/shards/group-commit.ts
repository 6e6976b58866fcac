/** A shard with group commit: while a transaction runs, what arrives waits, and goes together into the next one. */

export interface Transaction {
  startMs: number
  endMs: number
  /** The indexes of what it stores, among the arrivals. */
  from: number
  to: number
}

/**
 * `arrivals` are times in ascending order; `ms` is how long a transaction with so many takes. Returns them in order.
 */
export function groupCommits(
  arrivals: readonly number[],
  max: number,
  ms: (count: number) => number,
): Transaction[] {
  const transactions: Transaction[] = []
  let freeAt = 0
  for (let from = 0; from < arrivals.length; ) {
    const startMs = Math.max(freeAt, arrivals[from]!)
    let to = from + 1
    while (to < arrivals.length && to - from < max && arrivals[to]! <= startMs) to++
    const endMs = startMs + ms(to - from)
    transactions.push({ startMs, endMs, from, to })
    freeAt = endMs
    from = to
  }
  return transactions
}
