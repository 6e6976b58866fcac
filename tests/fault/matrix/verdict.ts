/** What became of the writes of a cell: counted one by one, and then checked as a whole. */
import { decode } from '@atproto/lex-cbor'
import { readCarWithRoot } from '@atproto/repo'
import { judge } from '#tests/fault/power-cut-device/judge.ts'
import { checkConsistency } from '#tests/support/consistency-check.ts'
import { pollUntil } from '#tests/support/processes.ts'
import type { ReconnectingSubscriber } from '#tests/support/reconnecting-subscriber.ts'
import type { TestAccount } from '#tests/support/server.ts'
import type { WriteLoad } from '#tests/support/write-load.ts'

export interface Verdict {
  acknowledged: number
  /** Answered with an error, 503. */
  refused: number
  /** The connection broke. */
  unanswered: number
  /** Records, accounts and events that were acknowledged or heard, and are missing. */
  lost: number
  /** Operations that are in more than one event. */
  twice: number
  /** Acknowledged writes whose event the subscriber did not get. */
  unheard: number
  longestRequestMs: number
  /** Anything else that is wrong: a server must never answer this, or the repos and the events contradict each other. */
  wrong: string[]
}

const HEARD_WITHIN_MS = 60_000

export async function reachVerdict(
  url: string,
  load: WriteLoad,
  subscriber: ReconnectingSubscriber,
  accounts: readonly TestAccount[],
): Promise<Verdict> {
  const { attempts, acknowledged } = load
  const commits = acknowledged.flatMap(({ commit }) => commit?.cid ?? [])
  const unheard = () => {
    const heard = subscriber.commits()
    return commits.filter((cid) => !heard.has(cid)).length
  }
  await pollUntil(async () => unheard() === 0, HEARD_WITHIN_MS)
  const received = await untilSilent(subscriber)
  const answered = new Set(acknowledged)
  const kept = await judge(url, { attempts, answered, accounts, frames: received, blobs: [] })
  const wrong = [...load.violations]
  if (subscriber.otherMessages.length > 0) wrong.push(JSON.stringify(subscriber.otherMessages))
  await checkConsistency(url, { attempts, received }).catch((error: Error) => {
    wrong.push(error.message)
  })
  return {
    acknowledged: acknowledged.length,
    refused: attempts.filter(({ status }) => status !== 0 && status !== 200).length,
    unanswered: attempts.filter(({ status }) => status === 0).length,
    lost: kept.records.lost + kept.accounts.lost + kept.frames.lost,
    twice: await countRepeated(received),
    unheard: unheard(),
    longestRequestMs: load.maxLatencyMs,
    wrong,
  }
}

/** Writes without an answer may have events that are still under way. */
async function untilSilent(
  subscriber: ReconnectingSubscriber,
): Promise<ReconnectingSubscriber['events']> {
  let received = -1
  while (received !== subscriber.events.length) {
    received = subscriber.events.length
    await new Promise((resolve) => setTimeout(resolve, 3_000))
  }
  subscriber.close()
  return subscriber.events
}

/** Each record of the load has a text of its own, and each deleted path is deleted once. */
async function countRepeated(events: ReconnectingSubscriber['events']): Promise<number> {
  const seen = new Map<string, number>()
  for (const { did, body } of events.filter(({ kind }) => kind === '#commit')) {
    const { blocks } = await readCarWithRoot(body.blocks)
    for (const { path, cid } of body.ops) {
      const record = cid === null ? undefined : (decode(blocks.get(cid)!) as { text: string })
      const mark = record?.text ?? `${did}/${path}`
      seen.set(mark, (seen.get(mark) ?? 0) + 1)
    }
  }
  return [...seen.values()].filter((times) => times > 1).length
}
