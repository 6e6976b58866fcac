/** Failed transactions of the write lane, found by the errors with which their writes were rejected. */

/** A transaction that failed, but may have been kept. */
export interface FailedTransaction {
  /** The repo's rev before it, and the one that was found after it; equal if it was not kept. */
  readonly before: string
  after?: string
}

const failedTransactions = new WeakMap<object, FailedTransaction>()

/** The transaction that a write was rejected for; undefined if it failed before its transaction began. */
export function failedTransactionOf(error: unknown): FailedTransaction | undefined {
  return failedTransactions.get(error as object)
}

export function noteFailed(error: unknown, failed: FailedTransaction): void {
  if (error instanceof Object) failedTransactions.set(error, failed)
}
