/** Rules about the engine, the storage and the disk. */
import { GB, growth, MB, type Rule, seconds } from '#src/gateway/operator/alerts/rule.ts'
import { sizeText } from '#src/ports/size-text.ts'

const MONTH_S = 30 * 86_400

export const storageRules: readonly Rule[] = [
  {
    name: 'HeadwaterEngineDown',
    what: 'Engine',
    evaluate: ({ engine }) =>
      engine && { bad: !engine.isHealthy, value: engine.isHealthy ? 'OK' : 'does not answer' },
    advice:
      'It is restarted automatically within seconds. If that does not help, check engine/engine.log in the data folder, memory and disk space.',
  },
  {
    name: 'HeadwaterEngineRestarts',
    what: 'Engine restarts',
    evaluate: ({ engine }) =>
      engine && { bad: engine.restarts > 2, value: `${engine.restarts} since the start` },
    advice:
      'Check the end of engine/engine.log in the data folder, memory (dmesg names processes killed for lack of it) and disk space.',
  },
  {
    name: 'HeadwaterStorageDown',
    what: 'Storage',
    evaluate: ({ storage: { complete: _, ...parts } }) => {
      const down = Object.entries(parts).flatMap(([part, isUp]) => (isUp ? [] : [part]))
      const value = down.length > 0 ? `unusable: ${down.join(', ')}` : 'OK'
      return { bad: down.length > 0, value }
    },
    advice:
      'writable: the disk is full, read-only or failing. blobs: check the folder or the bucket. accountDb, sequencerDb: check the engine.',
    path: '/checks',
  },
  {
    name: 'HeadwaterStoreLostItsEnd',
    what: 'Data lost before the last start',
    evaluate: ({ storeLossS }) => ({
      bad: storeLossS > 0,
      value: storeLossS > 0 ? `the last ${seconds(storeLossS)}` : 'none',
    }),
    advice:
      'Caused by a power failure with PDS_DURABILITY=process, a disk that acknowledges writes too early, or a restored backup. Accounts announce their state to relays again.',
  },
  {
    name: 'HeadwaterDiskLow',
    what: 'Free disk space',
    evaluate: (_, { freeBytes }) =>
      freeBytes === null
        ? undefined
        : { bad: freeBytes < 2 * GB, value: `${sizeText(freeBytes)} free` },
    advice: 'Free up space or enlarge the volume. No restart is needed.',
  },
  {
    name: 'HeadwaterDiskFullInADay',
    what: 'Disk full within a day',
    evaluate: ({ samples }, { freeBytes }) => {
      const speed = growth(samples, (sample) => sample.freeBytes)
      if (speed === undefined || freeBytes === null) return undefined
      const isFull = freeBytes + speed * 86_400 < 0
      return { bad: isFull, value: isFull ? 'yes, at the rate of the last hour' : 'no' }
    },
    advice:
      'Free up space or enlarge the volume. Old backups on the same disk keep tables that the engine has deleted.',
  },
  {
    name: 'HeadwaterDiskFullInAMonth',
    what: 'Disk full within a month',
    evaluate: ({ samples }, { freeBytes }) => {
      const speed = growth(samples, (sample) => sample.storeBytes)
      if (speed === undefined || freeBytes === null) return undefined
      const isFull = speed * MONTH_S > freeBytes
      return { bad: isFull, value: isFull ? 'yes, at the rate of the last hour' : 'no' }
    },
    advice: 'Enlarge the volume in time. The charts below show whether accounts or events grow.',
  },
  {
    name: 'HeadwaterLongLog',
    what: 'Log to read at the next start',
    evaluate: (_, { walBytes }) =>
      walBytes === null ? undefined : { bad: walBytes > 400 * MB, value: sizeText(walBytes) },
    advice:
      'The next start takes one second longer for every 25 MB. Restart the server at a quiet time.',
  },
  {
    name: 'HeadwaterSyncsSlow',
    what: 'Disk sync time',
    evaluate: (_, { syncMs }) =>
      syncMs === null ? undefined : { bad: syncMs > 50, value: `${syncMs.toFixed(1)} ms` },
    advice:
      'Something else keeps the disk busy, the disk is failing (see dmesg), or the network volume is too slow.',
  },
]
