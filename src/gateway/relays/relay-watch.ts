/**
 * Asks the relays at intervals what they know of this server and of its accounts, and stores it in the directory. Of all
 * gateways one asks at a time; no account is woken. A relay that fails is asked less and less often.
 */
import type { Relay } from '#src/directory/relays.ts'
import type { Dispatch } from '#src/engine/dispatch.ts'
import {
  type HostStatus,
  isFailure,
  type RelayClient,
  type RelayFailure,
} from '#src/gateway/relays/relay-client.ts'
import { type RelayRow, rowOf } from '#src/gateway/relays/relay-view.ts'
import type { Log } from '#src/log.ts'
import type { Clock } from '#src/ports/clock.ts'
import { startPeriodicTask } from '#src/ports/periodic-task.ts'
import type { Timer } from '#src/ports/timer.ts'

export interface RelayWatchPorts {
  relays: readonly string[]
  dispatch: {
    directory: {
      relays: Pick<
        Dispatch['directory']['relays'],
        'list' | 'record' | 'recordAccounts' | 'listAccountsToAsk'
      >
    }
    sequencer: { log: Pick<Dispatch['sequencer']['log'], 'bounds'> }
  }
  client: RelayClient
  /** The relay throttles accounts, and did not before. */
  onThrottled(what: { relay: string; throttled: number }): Promise<void>
  /** Whether this gateway asks in this interval. */
  claimTurn(): Promise<boolean>
  clock: Clock
  timer: Timer
  log: Pick<Log, 'info' | 'warn'>
  intervalMs: number
}

/** More relays are not asked. */
const MAX_RELAYS = 20
/** Between two questions to a relay for accounts. */
const PACE_MS = 1_000
/** Of an interval: the rest is for the last answers, so that two rounds never overlap. */
export const SHARE_OF_INTERVAL = 0.8
const MAX_ACCOUNTS = 250
const BATCH = 25
/** A relay hears of a new account within seconds. */
const SETTLED_MS = 60_000
/** Failures in a row after which a relay is asked no more in this round. */
const MAX_FAILURES = 3
const MAX_PAUSE_MS = 60 * 60_000

/** The returned function stops it. Does nothing without relays, or with an interval of 0. */
export function watchRelays(ports: RelayWatchPorts): () => void {
  const { intervalMs, relays, timer } = ports
  if (relays.length === 0 || intervalMs === 0) return () => {}
  const firstMs = Math.min(intervalMs, SETTLED_MS)
  return startPeriodicTask(timer, (isStopped) => round(ports, isStopped), { firstMs })
}

async function round(ports: RelayWatchPorts, isStopped: () => boolean): Promise<number> {
  const { clock, dispatch, intervalMs, log } = ports
  const startedAt = clock.now()
  try {
    if (await ports.claimTurn()) {
      const urls = ports.relays.slice(0, MAX_RELAYS)
      const known = await dispatch.directory.relays.list({ urls })
      const turn = { ...ports, urls, until: startedAt + SHARE_OF_INTERVAL * intervalMs, isStopped }
      const relays = urls.map((url) =>
        askRelay(
          turn,
          url,
          known.find((of) => of.url === url),
        ),
      )
      for (const result of await Promise.allSettled(relays)) {
        if (result.status === 'rejected') throw result.reason
      }
      const after = await dispatch.directory.relays.list({ urls })
      for (const { relay, throttled } of warnOfChanges(log, known, after)) {
        if (throttled > 0) await ports.onThrottled({ relay, throttled })
      }
    }
  } catch (err) {
    log.warn({ err }, 'asking relays failed, will be tried again')
  }
  return Math.max(PACE_MS, startedAt + intervalMs - clock.now())
}

/** When there is a first warning, and when the first account is throttled: returns the relays. */
function warnOfChanges(
  log: Pick<Log, 'warn'>,
  before: readonly Relay[],
  after: readonly Relay[],
): RelayRow[] {
  return after.flatMap((relay) => {
    const { url } = relay
    const former = before.find((of) => of.url === url)
    const [was, is] = [rowOf(url, former, undefined), rowOf(url, relay, undefined)]
    const isNew = was.warning === undefined || (was.throttled === 0 && is.throttled > 0)
    if (is.warning === undefined || !isNew) return []
    log.warn({ relay: url, warning: is.warning }, "see 'headwater relays'")
    return [is]
  })
}

interface Turn extends RelayWatchPorts {
  urls: readonly string[]
  until: number
  isStopped(): boolean
}

async function askRelay(turn: Turn, url: string, known: Relay | undefined): Promise<void> {
  const { client, clock } = turn
  if (known !== undefined && clock.now() < known.nextAt) return
  const answer = await client.hostStatus(url)
  await record(turn, url, answer, known?.failures ?? 0)
  if (isFailure(answer) || answer.status === 'banned') return
  const failure = await askForAccounts(turn, url)
  if (failure !== undefined) await record(turn, url, { ...answer, ...failure }, 0)
}

async function record(
  { dispatch, clock, urls, intervalMs }: Turn,
  url: string,
  answer: Partial<HostStatus> & Partial<RelayFailure>,
  failuresBefore: number,
): Promise<void> {
  const { error = null, status = null, accounts = null, seq = null } = answer
  // Not to know this server is an answer too.
  const failures = error === null || answer.name === 'HostNotFound' ? 0 : failuresBefore + 1
  const pauseMs = failures === 0 ? 0 : Math.min(MAX_PAUSE_MS, intervalMs * 2 ** failures)
  const nextAt = clock.now() + Math.max(pauseMs, answer.retryAfterMs ?? 0)
  const { head } = await dispatch.sequencer.log.bounds()
  // A seq is a time, in microseconds.
  const lagMs = seq === null ? null : Math.max(0, Math.round((head - seq) / 1_000))
  const said = { error, status, accounts, seq, lagMs }
  await dispatch.directory.relays.record({ url, urls, nextAt, failures, ...said })
}

/** Resolves with the last failure if the relay must not be asked for more. */
async function askForAccounts(turn: Turn, url: string): Promise<RelayFailure | undefined> {
  const { client, clock, dispatch, intervalMs } = turn
  const limit = Math.min(
    MAX_ACCOUNTS,
    Math.max(1, Math.floor((SHARE_OF_INTERVAL * intervalMs) / PACE_MS)),
  )
  const settledMs = Math.min(SETTLED_MS, intervalMs)
  const { relays } = dispatch.directory
  const due = await relays.listAccountsToAsk({ url, limit, settledMs })
  let said: { did: string; status: string }[] = []
  let newest: { did: string; createdAt: number } | undefined
  let failures = 0
  let failure: RelayFailure | undefined
  let asked = 0
  const store = async (sampled?: string) => {
    const cursors = { ...(newest && { newest }), ...(sampled !== undefined && { sampled }) }
    await relays.recordAccounts({ url, accounts: said, ...cursors })
    said = []
  }
  for (const { did, createdAt } of due.accounts) {
    if (turn.isStopped() || clock.now() >= turn.until) break
    if (asked > 0) await pause(turn, PACE_MS)
    const answer = await client.repoStatus(url, did)
    asked++
    if (isFailure(answer)) {
      failures++
      failure = answer
      if (failures === MAX_FAILURES || answer.retryAfterMs !== undefined) break
    } else failures = 0
    said.push({ did, status: isFailure(answer) ? 'unknown' : answer.status })
    if (createdAt !== undefined) newest = { did, createdAt }
    if (said.length === BATCH) await store()
  }
  const isComplete = asked === due.accounts.length
  // A small server whose accounts were all asked for lately writes nothing.
  const isIdle = asked === 0 && due.sampled === ''
  if (!isIdle && (said.length > 0 || isComplete)) await store(isComplete ? due.sampled : undefined)
  return isComplete || failures === 0 ? undefined : failure
}

function pause({ timer }: Turn, ms: number): Promise<void> {
  return new Promise((resolve) => void timer(ms, resolve))
}
