/** Rules about the engine, the storage and the disk. */
import { GB, growth, MB, type Rule } from '#src/gateway/operator/alerts/rule.ts'

const MONTH_S = 30 * 86_400

export const storageRules: readonly Rule[] = [
  {
    name: 'HeadwaterEngineDown',
    evaluate: ({ engine }, _, { text }) =>
      engine && { bad: !engine.isHealthy, value: text(engine.isHealthy ? 'ok' : 'noAnswer') },
  },
  {
    name: 'HeadwaterEngineRestarts',
    evaluate: ({ engine }, _, { text }) =>
      engine && { bad: engine.restarts > 2, value: text('sinceStart', { n: engine.restarts }) },
  },
  {
    name: 'HeadwaterStorageDown',
    evaluate: ({ storage: { complete: _, ...parts } }, __, { text }) => {
      const down = Object.entries(parts).flatMap(([part, isUp]) => (isUp ? [] : [part]))
      const value = down.length > 0 ? text('unusable', { parts: down.join(', ') }) : text('ok')
      return { bad: down.length > 0, value }
    },
    path: '/checks',
  },
  {
    name: 'HeadwaterStoreLostItsEnd',
    evaluate: ({ storeLossS }, _, { text, unit }) => ({
      bad: storeLossS > 0,
      value: storeLossS > 0 ? text('lastOnes', { time: unit(storeLossS, 'second') }) : text('none'),
    }),
  },
  {
    name: 'HeadwaterDiskLow',
    evaluate: (_, { freeBytes }, { text, size }) =>
      freeBytes === null
        ? undefined
        : { bad: freeBytes < 2 * GB, value: text('sizeFree', { size: size(freeBytes) }) },
  },
  {
    name: 'HeadwaterDiskFullInADay',
    evaluate: ({ samples }, { freeBytes }, { text }) => {
      const speed = growth(samples, (sample) => sample.freeBytes)
      if (speed === undefined || freeBytes === null) return undefined
      const isFull = freeBytes + speed * 86_400 < 0
      return { bad: isFull, value: text(isFull ? 'fullAtThisRate' : 'no') }
    },
  },
  {
    name: 'HeadwaterDiskFullInAMonth',
    evaluate: ({ samples }, { freeBytes }, { text }) => {
      const speed = growth(samples, (sample) => sample.storeBytes)
      if (speed === undefined || freeBytes === null) return undefined
      const isFull = speed * MONTH_S > freeBytes
      return { bad: isFull, value: text(isFull ? 'fullAtThisRate' : 'no') }
    },
  },
  {
    name: 'HeadwaterLongLog',
    evaluate: (_, { walBytes }, { size }) =>
      walBytes === null ? undefined : { bad: walBytes > 400 * MB, value: size(walBytes) },
  },
  {
    name: 'HeadwaterSyncsSlow',
    evaluate: (_, { syncMs }, { unit }) =>
      syncMs === null ? undefined : { bad: syncMs > 50, value: unit(syncMs, 'millisecond') },
  },
]
