/** Calls of apps with bound tokens, each with a fresh proof: what a user of an app waits for. */
import { measure } from './load.ts'
import type { Phase } from './phases.ts'
import { type SignedInApp, signedInApp } from './signed-in-app.ts'
import { type Caller, createPost, expect, type Session, type Subject } from './subject.ts'

interface BoundCalls {
  inFlight: number
  /** How many accounts call in turn. */
  accounts?: number
  alg?: string
  verb: 'GET' | 'POST'
  nsid: string
  /** More a second are not measured: each needs its proof. */
  most: number
}

type Call = (subject: Subject, caller: Caller, n: number) => Promise<void>

function bound(name: string, calls: BoundCalls, call: Call): Phase {
  const { inFlight, verb, nsid, accounts = 1, alg } = calls
  return {
    name,
    run: async (subject, ms) => {
      const apps: SignedInApp[] = []
      for (const writer of subject.writers.slice(0, accounts)) {
        apps.push(await appOf(subject, writer, alg))
      }
      const each = Math.ceil(((ms / 1000) * calls.most) / apps.length)
      const callers: Caller[][] = []
      for (const app of apps) callers.push(await app.callers(verb, nsid, each))
      const load = { inFlight, ms, most: each * apps.length }
      const next = (n: number) => callers[n % apps.length]![Math.floor(n / apps.length)]!
      return [await measure(name, '/s', load, (n) => call(subject, next(n), n))]
    },
  }
}

const apps = new WeakMap<Session, Map<string | undefined, Promise<SignedInApp>>>()

/** Each signs in once. */
function appOf({ server }: Subject, session: Session, alg?: string): Promise<SignedInApp> {
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
  expect(session.did === did && session.email, getSession)
}

const readPreferences: Call = async ({ client }, { headers }) => {
  const { preferences } = await client.query<{ preferences: unknown[] }>(
    getPreferences,
    {},
    headers,
  )
  expect(Array.isArray(preferences), getPreferences)
}

const write: Call = ({ client }, caller, n) => createPost(client, caller, n)

const session = { verb: 'GET', nsid: getSession } as const
const preferences = { verb: 'GET', nsid: getPreferences } as const
const record = { verb: 'POST', nsid: 'com.atproto.repo.createRecord' } as const

export const oauthCalls: Phase[] = [
  bound('OAuth getSession c1', { ...session, inFlight: 1, most: 3000 }, readSession),
  bound('OAuth getSession c16', { ...session, inFlight: 16, most: 7000 }, readSession),
  bound(
    'OAuth getSession, ES256K, c16',
    { ...session, inFlight: 16, most: 7000, alg: 'ES256K' },
    readSession,
  ),
  bound('OAuth getPreferences c1', { ...preferences, inFlight: 1, most: 3000 }, readPreferences),
  bound('OAuth getPreferences c16', { ...preferences, inFlight: 16, most: 7000 }, readPreferences),
  bound('OAuth createRecord c1', { ...record, inFlight: 1, most: 1000 }, write),
  bound('OAuth createRecord c8', { ...record, inFlight: 8, most: 2000 }, write),
  bound(
    'OAuth createRecord, many accounts, c16',
    { ...record, inFlight: 16, accounts: 32, most: 2000 },
    write,
  ),
]
