/** Rules about the engine, the storage and the disk. */
import { bytes, GB, growth, MB, type Rule, seconds } from '#src/gateway/operator/alarms/rule.ts'

const MONTH_S = 30 * 86_400

export const storageRules: readonly Rule[] = [
  {
    name: 'HeadwaterEngineDown',
    what: 'The engine answers',
    look: ({ engine }) =>
      engine && { bad: !engine.isHealthy, value: engine.isHealthy ? 'yes' : 'no' },
    advice:
      'It is restarted by itself, within seconds. If it goes on: engine/engine.log in the data folder, free memory, free disk.',
  },
  {
    name: 'HeadwaterEngineRestarts',
    what: 'The engine runs without restarts',
    look: ({ engine }) =>
      engine && { bad: engine.restarts > 2, value: `${engine.restarts} since the start` },
    advice:
      'The end of engine/engine.log in the data folder, free memory (dmesg names a process that was killed for it), free disk.',
  },
  {
    name: 'HeadwaterStorageDown',
    what: 'Every part of the storage is usable',
    look: ({ storage: { complete: _, ...parts } }) => {
      const down = Object.entries(parts).flatMap(([part, isUp]) => (isUp ? [] : [part]))
      return { bad: down.length > 0, value: down.length > 0 ? `not: ${down.join(', ')}` : 'yes' }
    },
    advice:
      'writable: the disk is full, read-only or failing. blobs: the folder or the bucket. accountDb, sequencerDb: the engine.',
    path: '/checks',
  },
  {
    name: 'HeadwaterStoreLostItsEnd',
    what: 'The last start found everything that was acknowledged',
    look: ({ storeLossS }) => ({
      bad: storeLossS > 0,
      value: storeLossS > 0 ? `${seconds(storeLossS)} are gone` : 'yes',
    }),
    advice:
      'A power failure with PDS_DURABILITY=process, a disk that lies, or a restored backup. Accounts announce themselves.',
  },
  {
    name: 'HeadwaterDiskLow',
    what: 'The disk has room',
    look: (_, { freeBytes }) =>
      freeBytes === null
        ? undefined
        : { bad: freeBytes < 2 * GB, value: `${bytes(freeBytes)} free` },
    advice: 'Make room or enlarge the volume; the server notices by itself.',
  },
  {
    name: 'HeadwaterDiskFullInADay',
    what: 'The disk lasts for more than a day',
    look: ({ samples }, { freeBytes }) => {
      const speed = growth(samples, (sample) => sample.freeBytes)
      if (speed === undefined || freeBytes === null) return undefined
      const isFull = freeBytes + speed * 86_400 < 0
      return { bad: isFull, value: isFull ? 'at the pace of the last hour it does not' : 'yes' }
    },
    advice:
      'Make room or enlarge the volume. Old backups on the same disk keep tables that the engine has deleted.',
  },
  {
    name: 'HeadwaterDiskFullInAMonth',
    what: 'The disk lasts for more than a month',
    look: ({ samples }, { freeBytes }) => {
      const speed = growth(samples, (sample) => sample.storeBytes)
      if (speed === undefined || freeBytes === null) return undefined
      const isFull = speed * MONTH_S > freeBytes
      return { bad: isFull, value: isFull ? 'at the pace of the last hour it does not' : 'yes' }
    },
    advice: 'Enlarge the volume in time. The charts below say whether accounts or events grow.',
  },
  {
    name: 'HeadwaterLongLog',
    what: 'The log that a start reads is short',
    look: (_, { walBytes }) =>
      walBytes === null ? undefined : { bad: walBytes > 400 * MB, value: bytes(walBytes) },
    advice:
      'The next start takes a second more for every 25 MB. Restart the server when that suits you.',
  },
  {
    name: 'HeadwaterSyncsSlow',
    what: 'The disk is quick',
    look: (_, { syncMs }) =>
      syncMs === null ? undefined : { bad: syncMs > 50, value: `${syncMs.toFixed(1)} ms a sync` },
    advice:
      'Something else keeps the disk busy, it is failing (dmesg), or it is a network volume that is too slow.',
  },
]
