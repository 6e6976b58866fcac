/**
 * How the gateway and the accounts reach an actor: directly where it is awake in this process, through the engine
 * otherwise. A caller cannot tell which way its call went.
 */
import { randomUUID } from 'node:crypto'
import type {
  AccountMenu,
  AuthorizationMenu,
  DirectoryMenu,
  LimiterMenu,
  SequencerMenu,
} from '#actors/menus.ts'
import type { Ticket } from '#src/account/tickets.ts'
import type { LiveActors } from '#src/engine/live-actors.ts'
import type { RemoteCall } from '#src/engine/remote-call.ts'
import { unavailable, XrpcError } from '#src/errors.ts'

/** A menu as its callers see it: the subject is left out, every answer is a promise. */
export type Remote<M> = {
  readonly [G in keyof M]: {
    readonly [A in keyof M[G]]: M[G][A] extends (subject: never, ...args: infer P) => infer R
      ? (...args: P) => Promise<Awaited<R>>
      : never
  }
}

export interface Dispatch {
  /** The account of a DID. Only for DIDs that the directory knows: it is created where it is not there. */
  account(did: string): Remote<AccountMenu>
  readonly directory: Remote<DirectoryMenu>
  readonly sequencer: Remote<SequencerMenu>
  /** One of the counters of rate limits, by the number of its shard. */
  limiter(shard: string): Remote<LimiterMenu>
  /** One of the shards of the authorization server, by its number. */
  authorization(shard: string): Remote<AuthorizationMenu>
}

/** One call: which actor, which item of its menu, with what. */
export interface Call {
  actor: string
  key: string
  group: string
  action: string
  args: unknown[]
}

const ATTEMPTS = 8
const FIRST_PAUSE_MS = 25
/** No further attempt is begun after this: the caller is told in a time in which it still waits. */
const PATIENCE_MS = 15_000

/** Longest time that one attempt may take. The longest that is meant to wait, `log.follow`, waits half as long. */
export const LONGEST_MS = 40_000

/** Calls that may not be done twice. */
const onceOnly = new Set([
  'repo.createRecord',
  'repo.applyWrites',
  'email.confirm',
  'email.update',
  'password.reset',
])

export function createDispatch(ports: {
  live: LiveActors
  remote: RemoteCall
  pause(ms: number): Promise<void>
  /** Whether calls may be made directly; false sends all through the engine. */
  local: boolean
}): Dispatch {
  const run = (call: Call) => runCall(ports, call)
  return {
    account: (did) => menuProxy(run, 'account', did) as Remote<AccountMenu>,
    directory: menuProxy(run, 'directory', 'main') as Remote<DirectoryMenu>,
    sequencer: menuProxy(run, 'sequencer', 'main') as Remote<SequencerMenu>,
    limiter: (shard) => menuProxy(run, 'limiter', shard) as Remote<LimiterMenu>,
    authorization: (shard) => menuProxy(run, 'authorization', shard) as Remote<AuthorizationMenu>,
  }
}

/**
 * An actor may fall asleep, move or restart under a call, and the engine may be away for a moment: then the call is
 * made again. What was done the first time is one transaction, there or not there, and what may not be done twice
 * carries a ticket; everything else on the menus may be repeated.
 */
async function runCall(ports: Parameters<typeof createDispatch>[0], call: Call): Promise<unknown> {
  const started = performance.now()
  for (let attempt = 0; ; attempt++) {
    const outcome = await tryOnce(ports, call)
    if ('answer' in outcome) return outcome.answer
    if (!outcome.again) throw outcome.error
    const isLast = attempt === ATTEMPTS || performance.now() - started > PATIENCE_MS
    if (isLast) throw unavailable('The account is not available just now')
    await ports.pause(FIRST_PAUSE_MS * 2 ** attempt)
  }
}

type Outcome = { answer: unknown } | { error: unknown; again: boolean }

async function tryOnce(ports: Parameters<typeof createDispatch>[0], call: Call): Promise<Outcome> {
  const live = ports.local ? ports.live.find(call.actor, call.key) : undefined
  if (live === undefined) return ports.remote(call)
  const action = live.menu[call.group]?.[call.action] as
    | ((...args: unknown[]) => unknown)
    | undefined
  if (action === undefined)
    throw new Error(`no such action: ${call.actor} ${call.group}.${call.action}`)
  // Inside `hold` errors are returned: a rejected promise would be logged as the engine's own trouble.
  const work = live.hold(settle(async () => action(live.subject, ...call.args)))
  const outcome = await inTime(work)
  // Not every life of an actor is told of its end. The next attempt is the engine's to place.
  if ('error' in outcome && isOver(outcome.error)) ports.live.leave(call.actor, call.key, live)
  return outcome
}

/** The outcome of the work, or that it took too long: an engine that is frozen lets its actors wait without a word. */
function inTime(work: Promise<Outcome>): Promise<Outcome> {
  return new Promise((resolve) => {
    const timeout = setTimeout(() => {
      resolve({ error: unavailable('The account does not answer just now'), again: false })
    }, LONGEST_MS)
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
    return { error, again: !(error instanceof XrpcError) && isGoingAway(error) }
  }
}

/** Whether the engine is away, or the actor's database was closed under the call. RivetKit has no one code for these. */
export function isGoingAway(error: unknown): boolean {
  const { metadata } = error as { metadata?: { error?: string } }
  // SQLite calls it an I/O error when a page cannot be had from the engine.
  return isOver(error) || /disk i\/o error/i.test(metadata?.error ?? '')
}

/** Whether this life of the actor has ended. */
export function isOver(error: unknown): boolean {
  const over =
    /database is closed|transaction coordinator is closed|actor (is )?(stopping|shutting down)/i
  return error instanceof Error && over.test(error.message)
}

/** `proxy.group.action(...args)` makes a call of it. */
function menuProxy(run: (call: Call) => Promise<unknown>, actor: string, key: string): object {
  const group = (name: string) =>
    new Proxy(
      {},
      {
        get:
          (_, action: string) =>
          (...args: unknown[]) =>
            run({ actor, key, group: name, action, args: withTicket(`${name}.${action}`, args) }),
      },
    )
  return new Proxy({}, { get: (_, name: string) => group(name) })
}

function withTicket(call: string, args: unknown[]): unknown[] {
  if (!onceOnly.has(call)) return args
  const ticket: Ticket = { id: randomUUID(), issuedAt: Date.now() }
  return [...args, ticket]
}
