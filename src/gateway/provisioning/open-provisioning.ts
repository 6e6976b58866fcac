/** Provisioning for methods and jobs, with the dependencies of this server and bounds for all tenants. */
import { XrpcError } from '#src/errors.ts'
import { type Adopter, type AdoptPorts, openAdopter } from '#src/gateway/provisioning/adopt.ts'
import {
  batching,
  openProvisioner,
  type Provisioner,
  type ProvisionPorts,
} from '#src/gateway/provisioning/provision.ts'
import type { WakeQueue } from '#src/gateway/workflows/wake-queue.ts'
import type { Log } from '#src/log.ts'
import type { Keychain } from '#src/ports/keychain.ts'
import { pause } from '#src/ports/pause.ts'
import { Slots } from '#src/ports/slots.ts'
import type { Timer } from '#src/ports/timer.ts'

export interface Provisioning {
  /** A single account is woken soon, those of files at a bounded rate and not while one is running. */
  one(tenant: string): Provisioner
  many(tenant: string): Provisioner & Adopter
  /** Counts a file as running until the returned function is called. Throws 429 RateLimitExceeded for too many. */
  beginFile(tenant: string): () => void
  /** Resolves when a row of a file may begin: at a bounded rate, one after another, so that other calls go on. */
  rowTurn(): Promise<void>
  /** Wakes no accounts of files until the returned function is called, once. */
  holdWakes(): () => void
  readonly keychain: Keychain
  readonly timer: Timer
  readonly log: Pick<Log, 'error'>
}

/** Each has some hundred rows in memory. */
const MAX_FILES = 8
const MAX_FILES_OF_TENANT = 2
const MAX_PLC_REQUESTS = 16
/** Of all files of this process: 250 a second at most. As fast as they can, rows would take all the time that there is. */
const ROW_INTERVAL_MS = 4

export type ProvisioningPorts = Omit<ProvisionPorts & AdoptPorts, 'plcSlots'> & {
  bulkWakeQueue: Pick<WakeQueue, 'add' | 'hold'>
  timer: Timer
  log: Log
}

export function openProvisioning(ports: ProvisioningPorts): Provisioning {
  const plcSlots = new Slots(MAX_PLC_REQUESTS)
  const single = { ...ports, plcSlots }
  const bulk = { ...single, wakeQueue: ports.bulkWakeQueue }
  const files = new Map<string, number>()
  let lastRow = Promise.resolve()
  let nextRowAt = 0
  return {
    one: (tenant) => openProvisioner(single, tenant),
    many: (tenant) => ({
      ...openProvisioner(bulk, tenant, batching.many),
      ...openAdopter(bulk, tenant),
    }),
    beginFile(tenant) {
      const own = files.get(tenant) ?? 0
      const all = [...files.values()].reduce((sum, count) => sum + count, 0)
      if (own >= MAX_FILES_OF_TENANT || all >= MAX_FILES) {
        throw new XrpcError(429, 'RateLimitExceeded', 'Too many files at once')
      }
      files.set(tenant, own + 1)
      const releaseWakes = ports.bulkWakeQueue.hold()
      let isOpen = true
      return () => {
        if (!isOpen) return
        isOpen = false
        releaseWakes()
        const left = (files.get(tenant) ?? 1) - 1
        if (left === 0) files.delete(tenant)
        else files.set(tenant, left)
      }
    },
    rowTurn: () => {
      lastRow = lastRow.then(async () => {
        const now = performance.now()
        const at = Math.max(now, nextRowAt)
        nextRowAt = at + ROW_INTERVAL_MS
        await pause(at - now)
      })
      return lastRow
    },
    holdWakes: () => ports.bulkWakeQueue.hold(),
    keychain: ports.keys,
    timer: ports.timer,
    log: ports.log,
  }
}
