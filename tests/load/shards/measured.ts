/** What one call of each part takes, as it was measured on two cores (docs/design/scale.md), in ms. */

/**
 * A transaction of the sequencer takes a base, and a share for each of its events (5 KB): 1,046 events a second with 16 in
 * flight, 2,857 with 64 and 4,989 with 256.
 */
export const sequencer = { baseMs: 13, eventMs: 0.149, maxEvents: 256 }

/**
 * A transaction of the directory, likewise: 218 handles a second are reserved and then confirmed with 1 in flight, 554
 * with 8 and 924 with 128.
 */
export const directory = { baseMs: 1.8, callMs: 0.525 }

/**
 * What a gateway needs for an event, and for each subscriber beside: 4,000 events a second with one subscriber, 830 with
 * 200 (docs/design/firehose.md).
 */
export const gateway = { eventMs: 0.25, subscriberMs: 0.0048 }

/**
 * Of the two cores: a record takes 1.3 ms in Node, and 1.5 ms in the engine for the account and as much for its share of
 * the sequencer's transaction; an account takes 68 ms in Node and 31 ms in the engine.
 */
export const cpu = { recordNodeMs: 1.3, recordEngineMs: 3, accountNodeMs: 68, accountEngineMs: 31 }

/** Not measured: one transaction of a hundred waits for a disk or a processor. */
export const slow = { share: 0.01, ms: 100 }

/** Not measured: how often a shard without events says that it has none, and how long a message to a gateway takes. */
export const heartbeatMs = 20
export const networkMs = 1
