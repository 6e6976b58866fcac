/** Measures calls with DPoP-bound tokens, each with a new proof. */
import { measure } from './measure.ts'
import { type SignedInApp, signedInApp } from './oauth-client.ts'
import type { Phase } from './phases.ts'
import {
  assertAnswer,
  type Caller,
  createPost,
  type ServerUnderTest,
  type Session,
} from './server-under-test.ts'

interface DpopCalls {
  inFlight: number
  /** Number of accounts that call in turn. */
  accounts?: number
  alg?: string
  verb: 'GET' | 'POST'
  nsid: string
  /** Upper limit of the measured rate, as each call needs a proof. */
  maxPerSecond: number
}

type Call = (subject: ServerUnderTest, caller: Caller, n: number) => Promise<void>

function dpopPhase(name: string, calls: DpopCalls, call: Call): Phase {
  const { inFlight, verb, nsid, accounts = 1, alg } = calls
  return {
    name,
    run: async (subject, ms) => {
      const apps: SignedInApp[] = []
      for (const writer of subject.writers.slice(0, accounts)) {
        apps.push(await appOf(subject, writer, alg))
      }
      const each = Math.ceil(((ms / 1000) * calls.maxPerSecond) / apps.length)
      const callers: Caller[][] = []
      for (const app of apps) callers.push(await app.callers(verb, nsid, each))
      const load = { inFlight, ms, most: each * apps.length }
      const next = (n: number) => callers[n % apps.length]![Math.floor(n / apps.length)]!
      return [await measure(name, '/s', load, (n) => call(subject, next(n), n))]
    },
  }
}

const apps = new WeakMap<Session, Map<string | undefined, Promise<SignedInApp>>>()

/** The app of a session, which signs in once. */
function appOf({ server }: ServerUnderTest, session: Session, alg?: string): Promise<SignedInApp> {
  const known = apps.get(session) ?? new Map()
  apps.set(session, known)
  const app = known.get(alg) ?? signedInApp(server, session, alg)
  known.set(alg, app)
  return app
}

const getSession = 'com.atproto.server.getSession'
const getPreferences = 'app.bsky.actor.getPreferences'

const readSession: Call = async ({ client }, { did, headers }) => {
  const session = await client.query<{ did: string; email: string }>(getSession, {}, headers)
  assertAnswer(session.did === did && session.email, getSession)
}

const readPreferences: Call = async ({ client }, { headers }) => {
  const { preferences } = await client.query<{ preferences: unknown[] }>(
    getPreferences,
    {},
    headers,
  )
  assertAnswer(Array.isArray(preferences), getPreferences)
}

const write: Call = ({ client }, caller, n) => createPost(client, caller, n)

const session = { verb: 'GET', nsid: getSession } as const
const preferences = { verb: 'GET', nsid: getPreferences } as const
const record = { verb: 'POST', nsid: 'com.atproto.repo.createRecord' } as const

export const oauthPhases: Phase[] = [
  dpopPhase('OAuth getSession c1', { ...session, inFlight: 1, maxPerSecond: 3000 }, readSession),
  dpopPhase('OAuth getSession c16', { ...session, inFlight: 16, maxPerSecond: 7000 }, readSession),
  dpopPhase(
    'OAuth getSession, ES256K, c16',
    { ...session, inFlight: 16, maxPerSecond: 7000, alg: 'ES256K' },
    readSession,
  ),
  dpopPhase(
    'OAuth getPreferences c1',
    { ...preferences, inFlight: 1, maxPerSecond: 3000 },
    readPreferences,
  ),
  dpopPhase(
    'OAuth getPreferences c16',
    { ...preferences, inFlight: 16, maxPerSecond: 7000 },
    readPreferences,
  ),
  dpopPhase('OAuth createRecord c1', { ...record, inFlight: 1, maxPerSecond: 1000 }, write),
  dpopPhase('OAuth createRecord c8', { ...record, inFlight: 8, maxPerSecond: 2000 }, write),
  dpopPhase(
    'OAuth createRecord, many accounts, c16',
    { ...record, inFlight: 16, accounts: 32, maxPerSecond: 2000 },
    write,
  ),
]
