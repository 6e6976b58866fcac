/**
 * How the gateway and the accounts reach an actor: directly where it is awake in this process, through the engine
 * otherwise. A caller cannot tell which way its call went.
 */
import { randomUUID } from 'node:crypto'
import type { AccountActions } from '#actors/actions/account.ts'
import type { AuthorizationActions } from '#actors/actions/authorization.ts'
import type { DirectoryActions } from '#actors/actions/directory.ts'
import type { LimiterActions } from '#actors/actions/limiter.ts'
import type { SequencerActions } from '#actors/actions/sequencer.ts'
import { isActorStopped, isGoingAway } from '#src/engine/going-away.ts'
import type { LiveActors } from '#src/engine/live-actors.ts'
import {
  type Call,
  MAX_ATTEMPT_MS,
  type Outcome,
  type RemoteCall,
} from '#src/engine/remote-call.ts'
import { unavailable } from '#src/errors.ts'
import type { IdempotencyKey, OnceNames } from '#src/rules/actions.ts'

/** Actions as their callers see them: without the subject, and every answer is a promise. */
export type Remote<A> = {
  readonly [G in keyof A]: {
    readonly [N in keyof A[G]]: A[G][N] extends (subject: never, ...args: infer P) => infer R
      ? (...args: P) => Promise<Awaited<R>>
      : never
  }
}

export interface Dispatch {
  /** The account of a DID. Only for DIDs that the directory knows: it is created where it is not there. */
  account(did: string): Remote<AccountActions>
  readonly directory: Remote<DirectoryActions>
  readonly sequencer: Remote<SequencerActions>
  /** One of the counters of rate limits, by the number of its shard. */
  limiter(shard: string): Remote<LimiterActions>
  /** One of the shards of the authorization server, by its number. */
  authorization(shard: string): Remote<AuthorizationActions>
}

const MAX_RETRIES = 8
const FIRST_PAUSE_MS = 25
/** No further attempt is begun after this: the caller is told in a time in which it still waits. */
const RETRY_WINDOW_MS = 15_000

/** Actions that must run once: the compiler compares this list with their declarations. */
const once: Record<OnceNames<AccountActions>, true> = {
  'repo.createRecord': true,
  'repo.applyWrites': true,
  'email.confirm': true,
  'email.update': true,
  'password.reset': true,
  'factors.confirmEmail': true,
  'factors.confirmTotp': true,
  'page.passSecondStep': true,
}

export function createDispatch(ports: {
  live: LiveActors
  remote: RemoteCall
  pause(ms: number): Promise<void>
  /** Whether calls may be made directly; false sends all through the engine. */
  local: boolean
}): Dispatch {
  const run = (call: Call) => runCall(ports, call)
  return {
    account: (did) => actionsProxy(run, 'account', did) as Remote<AccountActions>,
    directory: actionsProxy(run, 'directory', 'main') as Remote<DirectoryActions>,
    sequencer: actionsProxy(run, 'sequencer', 'main') as Remote<SequencerActions>,
    limiter: (shard) => actionsProxy(run, 'limiter', shard) as Remote<LimiterActions>,
    authorization: (shard) =>
      actionsProxy(run, 'authorization', shard) as Remote<AuthorizationActions>,
  }
}

/**
 * An actor may fall asleep, move or restart under a call, and the engine may be away for a moment: then the call is
 * made again. What was done the first time is one transaction, there or not there, and what may not be done twice
 * carries a ticket; every other action may be repeated.
 */
async function runCall(ports: Parameters<typeof createDispatch>[0], call: Call): Promise<unknown> {
  const started = performance.now()
  for (let attempt = 0; ; attempt++) {
    const outcome = await tryOnce(ports, call)
    if ('answer' in outcome) return outcome.answer
    if (!outcome.again) throw outcome.error
    const isLast = attempt === MAX_RETRIES || performance.now() - started > RETRY_WINDOW_MS
    if (isLast) throw unavailable('The account is not available just now')
    await ports.pause(FIRST_PAUSE_MS * 2 ** attempt)
  }
}

async function tryOnce(ports: Parameters<typeof createDispatch>[0], call: Call): Promise<Outcome> {
  const live = ports.local ? ports.live.find(call.actor, call.key) : undefined
  if (live === undefined) return ports.remote(call)
  const action = live.actions[call.group]?.[call.action] as
    | ((...args: unknown[]) => unknown)
    | undefined
  if (action === undefined)
    throw new Error(`no such action: ${call.actor} ${call.group}.${call.action}`)
  // Inside `hold` errors are returned: a rejected promise would be logged as the engine's own trouble.
  const work = live.hold(settle(async () => action(live.subject, ...call.args)))
  const outcome = await inTime(work)
  // Not every life of an actor is told of its end. The next attempt is the engine's to place.
  if ('error' in outcome && isActorStopped(outcome.error))
    ports.live.remove(call.actor, call.key, live)
  return outcome
}

/** The outcome of the work, or that it took too long: an engine that is frozen lets its actors wait without a word. */
function inTime(work: Promise<Outcome>): Promise<Outcome> {
  return new Promise((resolve) => {
    const timeout = setTimeout(() => {
      resolve({ error: unavailable('The account does not answer just now'), again: false })
    }, MAX_ATTEMPT_MS)
    void work.then((outcome) => {
      clearTimeout(timeout)
      resolve(outcome)
    })
  })
}

async function settle(work: () => Promise<unknown>): Promise<Outcome> {
  try {
    return { answer: await work() }
  } catch (error) {
    return { error, again: isGoingAway(error) }
  }
}

/** `proxy.group.action(...args)` makes a call of it. */
function actionsProxy(run: (call: Call) => Promise<unknown>, actor: string, key: string): object {
  const group = (name: string) =>
    new Proxy(
      {},
      {
        get:
          (_, action: string) =>
          (...args: unknown[]) =>
            run({ actor, key, group: name, action, args: withKey(`${name}.${action}`, args) }),
      },
    )
  return new Proxy({}, { get: (_, name: string) => group(name) })
}

function withKey(call: string, args: unknown[]): unknown[] {
  if (!Object.hasOwn(once, call)) return args
  const key: IdempotencyKey = { id: randomUUID(), issuedAt: Date.now() }
  return [...args, key]
}
