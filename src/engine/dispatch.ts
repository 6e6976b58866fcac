/**
 * How the gateway and the accounts reach an actor: directly if it is awake in this process, else through the engine. The
 * result is the same either way.
 */
import type { AccountActions } from '#actors/actions/account.ts'
import type { AuthorizationActions } from '#actors/actions/authorization.ts'
import type { ChannelsActions } from '#actors/actions/channels.ts'
import type { DirectoryActions } from '#actors/actions/directory.ts'
import type { LimiterActions } from '#actors/actions/limiter.ts'
import type { SequencerActions } from '#actors/actions/sequencer.ts'
import type { TenantActions } from '#actors/actions/tenant.ts'
import type { WebhooksActions } from '#actors/actions/webhooks.ts'
import { callLiveActor } from '#src/engine/call-live-actor.ts'
import { afterLastAttempt } from '#src/engine/going-away.ts'
import type { LiveActor, LiveActors } from '#src/engine/live-actors.ts'
import { type ActorName, withKey } from '#src/engine/once-actions.ts'
import type { Call, Outcome, RemoteCall } from '#src/engine/remote-call.ts'
import {
  type WakeBounds,
  type WakeCaller,
  type WakeFor,
  WakeLimit,
} from '#src/engine/wake-limit.ts'

/** Actions as their callers see them: without the subject, and asynchronous. */
export type Remote<A> = {
  readonly [G in keyof A]: {
    readonly [N in keyof A[G]]: A[G][N] extends (subject: never, ...args: infer P) => infer R
      ? (...args: P) => Promise<Awaited<R>>
      : never
  }
}

/** The actions of one account. */
export type RemoteAccount = Remote<AccountActions>
export type RemoteTenant = Remote<TenantActions>

export interface Dispatch {
  /**
   * The account of a DID, which must be one that the directory knows: calling an actor creates it. `caller` names who
   * the call is for, if that is not known to be the account, the admin or the server itself: if the account sleeps,
   * such calls wait for their turn, and throw 503 if too many do (`WakeLimit`). `wakeFor` is what they want.
   */
  account(did: string, caller?: string, wakeFor?: WakeFor): RemoteAccount
  /** Whether the account is awake in this process: then it answers at once. */
  isAwake(did: string): boolean
  readonly directory: Remote<DirectoryActions>
  readonly sequencer: Remote<SequencerActions>
  /** A shard of the rate limiter, by its number. */
  limiter(shard: string): Remote<LimiterActions>
  /** A shard of the authorization server, by its number. */
  authorization(shard: string): Remote<AuthorizationActions>
  /** A shard of the channels, by its number. */
  channels(shard: string): Remote<ChannelsActions>
  /** A tenant by its id, which must be one that the directory knows: calling an actor creates it. */
  tenant(id: string): Remote<TenantActions>
  /** The webhooks of an owner: the server, or a tenant. */
  webhooks(owner: string): Remote<WebhooksActions>
}

const FIRST_PAUSE_MS = 25
/** An actor that moves is there again within 0.2 s, unless its process was killed. */
const MAX_PAUSE_MS = 200
/** Not reached within the retry window, not even with the shortest pauses. */
const MAX_RETRIES = 150
/** Shorter than the time after which clients give up. */
const RETRY_WINDOW_MS = 15_000

/** A wake takes 0.1 s and most of the engine's time, and this many at once take little longer than one after another. */
const WAKE_BOUNDS: WakeBounds = {
  read: { max: 3, maxWaiting: 512, maxWaitingPerCaller: 256 },
  'sign in': { max: 2, maxWaiting: 256, maxWaitingPerCaller: 64 },
}

interface DispatchPorts {
  live: LiveActors
  remote: RemoteCall
  pause(ms: number): Promise<void>
  /** Whether actors wake in this process, which are called directly; false sends all calls through the engine. */
  local: boolean
  /** No attempt begins later than this after the first one, in ms; 15 s if absent. */
  retryWindowMs?: number
  wakeBounds?: WakeBounds
}

export function createDispatch(ports: DispatchPorts): Dispatch {
  const wakes = new WakeLimit(ports.wakeBounds ?? WAKE_BOUNDS)
  const run = (call: Call) => runCall(ports, () => tryOnce(ports, call))
  const runOnAccount = (wakeCaller: WakeCaller | undefined) => (call: Call) =>
    runCall(ports, () => {
      if (liveActor(ports, call) !== undefined) return tryOnce(ports, call)
      const mayWakeHere = ports.local && !wakes.isAwake(call.key)
      if (mayWakeHere) return wakeThenCall(ports, wakes, wakeCaller, call)
      return wakes.run(call.key, wakeCaller, () => tryOnce(ports, call))
    })
  return {
    account: (did, network, wakeFor = 'read') => {
      const caller = network === undefined ? undefined : { network, wakeFor }
      return actionsProxy(runOnAccount(caller), 'account', did) as RemoteAccount
    },
    isAwake: (did) => liveActor(ports, { actor: 'account', key: did }) !== undefined,
    directory: actionsProxy(run, 'directory', 'main') as Remote<DirectoryActions>,
    sequencer: actionsProxy(run, 'sequencer', 'main') as Remote<SequencerActions>,
    limiter: (shard) => actionsProxy(run, 'limiter', shard) as Remote<LimiterActions>,
    authorization: (shard) =>
      actionsProxy(run, 'authorization', shard) as Remote<AuthorizationActions>,
    channels: (shard) => actionsProxy(run, 'channels', shard) as Remote<ChannelsActions>,
    tenant: (id) => actionsProxy(run, 'tenant', id) as Remote<TenantActions>,
    webhooks: (owner) => actionsProxy(run, 'webhooks', owner) as Remote<WebhooksActions>,
  }
}

/**
 * An actor may fall asleep, move or restart under a call, and the engine may be unreachable for a moment: then the call is
 * made again. An action takes effect in one transaction, so the first attempt is stored completely or not at all; actions
 * that must run once carry an idempotency key, and all others may be repeated. Throws 503 after the last attempt.
 */
async function runCall(ports: DispatchPorts, tryCall: () => Promise<Outcome>): Promise<unknown> {
  const { retryWindowMs = RETRY_WINDOW_MS } = ports
  const started = performance.now()
  for (let attempt = 0; ; attempt++) {
    const outcome = await tryCall()
    if ('answer' in outcome) return outcome.answer
    if (!outcome.again) throw outcome.error
    const isLast = attempt === MAX_RETRIES || performance.now() - started > retryWindowMs
    if (isLast) throw afterLastAttempt(outcome.error)
    await ports.pause(pauseMs(attempt))
  }
}

/** Between a half and the whole of what is due: the callers of an account that moved must not all come back at once. */
function pauseMs(attempt: number): number {
  const dueMs = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt)
  return dueMs * (1 + Math.random()) * 0.5
}

function liveActor(
  { live, local }: DispatchPorts,
  { actor, key }: Pick<Call, 'actor' | 'key'>,
): LiveActor | undefined {
  return local ? live.findCurrent(actor, key) : undefined
}

async function tryOnce(ports: DispatchPorts, call: Call): Promise<Outcome> {
  const actor = liveActor(ports, call)
  return actor === undefined ? ports.remote(call) : callLiveActor(ports.live, actor, call)
}

/**
 * Wakes the account by a call without effect, and makes the call itself as soon as the account is awake in this process:
 * the engine needs a third of a wake's time to route its own call there.
 */
async function wakeThenCall(
  ports: DispatchPorts,
  wakes: WakeLimit,
  caller: WakeCaller | undefined,
  call: Call,
): Promise<Outcome> {
  const { actor, key } = call
  const { added, cancel } = ports.live.whenAdded(actor, key)
  const wake = { actor, key, group: 'lifecycle', action: 'ensureProvisioned', args: [] }
  const noLonger = new AbortController()
  const waking = wakes.run(key, caller, () => ports.remote(wake), noLonger.signal)
  try {
    const outcome = await Promise.race([waking, added])
    if (liveActor(ports, call) === undefined && outcome !== undefined && 'error' in outcome)
      return outcome
  } finally {
    cancel()
    // If it has begun, it goes on, and keeps its place in the limit, until the engine has its answer.
    noLonger.abort()
    waking.catch(() => {})
  }
  return tryOnce(ports, call)
}

/** `proxy.group.action(...args)` makes a call of it. */
function actionsProxy(
  run: (call: Call) => Promise<unknown>,
  actor: ActorName,
  key: string,
): object {
  const group = (name: string) =>
    new Proxy(
      {},
      {
        get:
          (_, action: string) =>
          (...args: unknown[]) =>
            run({
              actor,
              key,
              group: name,
              action,
              args: withKey(actor, `${name}.${action}`, args),
            }),
      },
    )
  return new Proxy({}, { get: (_, name: string) => group(name) })
}
