/**
 * How many transactions of accounts are on their way to the engine at once. The engine is busy with a few; more of them
 * only wait there, and with them everybody's events: the sequencer and the directory, which all accounts wait for, are
 * not held up here, and while the sequencer has one on its way even fewer begin. What waits here still gathers further
 * writes of its account.
 */
import { availableParallelism } from 'node:os'

const CORES = availableParallelism()
const MOST = 2 * CORES
const BESIDE_SEQUENCER = Math.ceil(CORES / 2)

let running = 0
let isSequencing = false
const waiting: (() => void)[] = []

/** Runs a transaction of an account when it is its turn. */
export async function inTurn<T>(transaction: () => Promise<T>): Promise<T> {
  if (waiting.length > 0 || running >= width()) {
    await new Promise<void>((resolve) => waiting.push(resolve))
  } else running++
  try {
    return await transaction()
  } finally {
    running--
    admit()
  }
}

/** Runs a transaction of the sequencer, at once: it makes one at a time. */
export async function atOnce<T>(transaction: () => Promise<T>): Promise<T> {
  isSequencing = true
  try {
    return await transaction()
  } finally {
    isSequencing = false
    admit()
  }
}

function width(): number {
  return isSequencing ? BESIDE_SEQUENCER : MOST
}

function admit(): void {
  while (running < width()) {
    const next = waiting.shift()
    if (next === undefined) return
    running++
    next()
  }
}
