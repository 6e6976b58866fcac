/**
 * How many transactions of accounts are on their way to the engine at once. The engine is busy with a few; more of them
 * only wait there, and with them everybody's events: the sequencer and the directory, which all accounts wait for, are
 * not held up here. What waits here still gathers further writes of its account.
 */
import { availableParallelism } from 'node:os'

const AT_ONCE = availableParallelism()

let free = AT_ONCE
const waiting: (() => void)[] = []

/** Runs a transaction when it is its turn. */
export async function inTurn<T>(transaction: () => Promise<T>): Promise<T> {
  if (free > 0) free--
  else await new Promise<void>((resolve) => waiting.push(resolve))
  try {
    return await transaction()
  } finally {
    const next = waiting.shift()
    if (next === undefined) free++
    else next()
  }
}
