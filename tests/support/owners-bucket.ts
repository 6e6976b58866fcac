/** A server in memory with an account whose owner has a bucket. */
import { expect, vi } from 'vitest'
import { createRecord } from '#src/account/repo/write.ts'
import type { OwnArchivePorts } from '#src/gateway/archives/own-archive.ts'
import { archiveDueBuckets } from '#src/gateway/archives/own-rounds.ts'
import type { BucketLocation } from '#src/ports/guarded-bucket.ts'
import { urlRefusal } from '#src/ports/safe-fetch.ts'
import { addAccount, alice, archiveServer, testFolder } from '#tests/support/archive-server.ts'
import { post } from '#tests/support/records.ts'

/** What its owner enters. */
export const bucket = { bucket: 'alices-bucket', accessKeyId: 'key', secretAccessKey: 'a secret' }

/** A server, alice, and her bucket, which is a folder. */
export async function withBucket() {
  const theirs = testFolder()
  const server = archiveServer(testFolder())
  const account = await addAccount(server, alice)
  const opened: { location: BucketLocation; secret: string }[] = []
  const timers = new Map<number, () => void>()
  let closed = 0
  let failure: Error | undefined
  const ports: OwnArchivePorts = {
    ...server.ports,
    openBucket: async (location, secret) => {
      opened.push({ location, secret })
      if (failure !== undefined) throw failure
      return { storage: theirs.storage, close: () => void closed++ }
    },
    timer: (ms, run) => {
      timers.set(ms, run)
      return () => void timers.delete(ms)
    },
    urlRefusal: (url) => urlRefusal(url, { privateNetworks: false }),
  }
  const write = () =>
    createRecord(account, { collection: 'app.bsky.feed.post', record: post('hi'), validate: false })
  const find = async () => (await ports.dispatch.directory.ownBuckets.find({ did: alice }))!
  const round = () => archiveDueBuckets(ports, () => false)
  const fail = (message: string | undefined) => {
    failure = message === undefined ? undefined : new Error(message)
  }
  /** Waits for a timer of so many ms, and ends it. */
  const passTime = async (ms: number) => {
    await vi.waitFor(() => expect(timers.has(ms)).toBe(true))
    timers.get(ms)!()
  }
  const more = { passTime, timers, closed: () => closed }
  return { ...{ theirs, server, account, opened, ports, write, find, round, fail }, ...more }
}
