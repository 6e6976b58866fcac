/** A server without accounts, as a takeover reaches it: real functions on `node:sqlite`, which may be killed at any call. */

import { announce } from '#src/account/lifecycle/announce.ts'
import * as accountTakeover from '#src/account/lifecycle/take-over.ts'
import { accountSchema } from '#src/account/schema.ts'
import { putTakenOver } from '#src/authorization/takeover.ts'
import * as directory from '#src/directory/directory.ts'
import { adoptHeads } from '#src/sequencer/heads.ts'
import { append } from '#src/sequencer/log.ts'
import type { TakeoverPorts } from '#src/takeover/take-over-server.ts'
import { nodeSql } from '#tests/support/node-sql.ts'
import { openTestAccount, testDid } from '#tests/support/open-account.ts'
import { testDirectory } from '#tests/support/test-directory.ts'
import { testSequencer } from '#tests/support/test-sequencer.ts'
import { testShard } from '#tests/support/test-shard.ts'

export class Killed extends Error {}

/** It has room for the account `testDid`; others have no actor here. */
export async function takeoverTarget() {
  const accountSql = nodeSql({ schema: accountSchema })
  const account = await openTestAccount({ sql: accountSql })
  const rooms = { directory: testDirectory(), sequencer: testSequencer() }
  const shards = Array.from({ length: 8 }, () => testShard())
  let callsLeft = Number.POSITIVE_INFINITY
  let calls = 0
  /** A call is made and its answer lost, as by a kill. */
  const call =
    <S, I, R>(run: (subject: S, input: I) => Promise<R>, subject: S) =>
    async (input?: I): Promise<R> => {
      calls++
      const answer = await run(subject, input as I)
      if (--callsLeft < 0) throw new Killed()
      return answer
    }
  const dispatch = {
    account: (did: string) => {
      if (did !== testDid) throw new Error(`no actor for ${did}`)
      return {
        takeover: {
          begin: call(accountTakeover.beginTakeover, account),
          addRecords: call(accountTakeover.addTakeoverRecords, account),
          addBlobs: call(accountTakeover.addTakeoverBlobs, account),
          finish: call(accountTakeover.finishTakeover, account),
        },
        lifecycle: { announce: call(announce, account) },
      }
    },
    directory: {
      takeover: {
        begin: call(directory.beginTakeover, rooms.directory),
        advance: call(directory.advanceTakeover, rooms.directory),
        clear: call(directory.clearTakeover, rooms.directory),
        putAccounts: call(directory.putTakeoverAccounts, rooms.directory),
        putInvites: call(directory.putTakeoverInvites, rooms.directory),
        putKeys: call(directory.putTakeoverKeys, rooms.directory),
      },
    },
    sequencer: {
      heads: { adopt: call(adoptHeads, rooms.sequencer) },
      log: { append: call(append, rooms.sequencer) },
    },
    authorization: (n: string) => ({ takeover: { put: call(putTakenOver, shards[Number(n)]!) } }),
  } as unknown as TakeoverPorts['dispatch']
  return {
    ...rooms,
    account,
    shards,
    dispatch,
    calls: () => calls,
    /** The answer of the call after this many is lost. */
    killAfter(count: number) {
      callsLeft = count
    },
  }
}
