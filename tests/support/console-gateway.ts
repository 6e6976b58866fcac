/**
 * A gateway with the operator's console, without sockets: over a real directory, tenant and webhooks, and accounts that answer
 * what the console asks.
 */
import { directoryActions } from '#actors/actions/directory.ts'
import { tenantActions } from '#actors/actions/tenant.ts'
import { webhooksActions } from '#actors/actions/webhooks.ts'
import { readConfig } from '#src/config/config.ts'
import { addReport } from '#src/directory/directory.ts'
import { authRequired, invalidRequest } from '#src/errors.ts'
import type { Archives } from '#src/gateway/archives/open-archives.ts'
import { Samples } from '#src/gateway/operator/samples.ts'
import { operatorToken } from '#src/gateway/pages/operator/operator-session.ts'
import { WebhookStats } from '#src/webhooks/stats.ts'
import { adminPassword, now, openGateway } from '#tests/support/gateway.ts'
import { pagePorts } from '#tests/support/page-ports.ts'
import { create, withTenant } from '#tests/support/tenant-directory.ts'
import { testTenant } from '#tests/support/test-tenant.ts'
import { testWebhooks } from '#tests/support/webhooks-fixture.ts'

type Actions = Record<string, Record<string, (...args: never[]) => unknown>>

/** Accounts here: anna is an operator, and bob is not. */
export const anna = 'did:plc:anna'
export const bob = 'did:plc:bob'
const recordCid = 'bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a'
const csrf = 'c'.repeat(32)
const secret = new Uint8Array(32)

export interface ConsoleOptions {
  /** Of the sessions of accounts. */
  secondStep?: boolean
  signedOut?: boolean
  env?: Record<string, string>
  branding?: object
  stopping?: AbortSignal
  archives?: Partial<Archives>
}

export type TestConsole = Awaited<ReturnType<typeof openConsole>>

export async function openConsole(options: ConsoleOptions = {}) {
  const { secondStep = true, signedOut = false, env = {} } = options
  const { stopping = new AbortController().signal } = options
  const directory = await withTenant()
  directory.clock.time = now - 86_400_000
  for (const name of ['anna', 'bob']) {
    await create(directory, name, { tenant: null, email: `${name}@example.com` })
  }
  // Case 1.
  await addReport(directory, {
    ...{
      id: 'report',
      subject: { did: bob },
      reasonType: 'com.atproto.moderation.defs#reasonSpam',
    },
    ...{ by: anna, text: 'Bob sells watches', isLimited: true },
  })
  const { webhooks } = await testWebhooks()
  const changes: [what: string, input?: unknown][] = []
  const changed = (what: string) => (input?: unknown) => void changes.push([what, input])
  const page = {
    check() {
      if (signedOut) throw authRequired('You are not signed in', 'SignedOut')
      return { secondStep }
    },
    end: changed('sign out'),
  }
  const clock = { now: () => now }
  const firehose = { subscribers: () => 1, head: () => now * 1_000, lags: () => [90] }
  const samples = new Samples({
    ...{ firehose, clock, storeSyncs: undefined, unhandledRejections: () => 0 },
    webhooks: new WebhookStats(clock),
    counts: async () => ({ accounts: { active: 2 }, reminders: 0 }),
    health: {
      awake: () => ({ accounts: 1, max: 9, putToSleep: 0, backlog: 0 }),
      head: async () => now * 1_000,
      logSize: async () => ({ events: 2, oldestAt: now, bytes: 9, added: 2 }),
      freeBytes: async () => 1e12,
      storeSize: async () => ({ bytes: 1e9, walBytes: 1e6 }),
    },
  })
  const gateway = openGateway(
    {
      account: accountActions(page, changed),
      directory: bound(directoryActions, directory),
      tenant: bound(tenantActions, testTenant()),
      webhooks: bound(webhooksActions, webhooks),
      sequencer: {
        log: {
          bounds: () => ({ first: 1, head: now * 1_000 }),
          size: () => ({ events: 2, oldestAt: now, bytes: 9, added: 2 }),
        },
      },
    },
    {
      server: {
        archives: {
          isConfigured: true,
          intervalMs: 86_400_000,
          list: async () => [],
          ...options.archives,
        },
      } as never,
      pages: { ...pagePorts(clock, options.branding ?? { name: 'Garden' }), secret },
      console: {
        ...{ samples, firehose, operatorDids: [anna], stopping },
        variables: readConfig(env).variables,
      },
    },
  )
  return { ...gateway, directory, changes }
}

function accountActions(page: Actions[string], changed: (what: string) => () => void): Actions {
  const none = { takedownRef: null, deactivatedAt: null, suspendedAt: null }
  return {
    page,
    identity: { getIdentity: () => ({ handle: 'anna.test' }) },
    moderation: {
      getState: () => ({ status: 'active', emailConfirmedAt: null, ...none }),
      getRecordStatus: () => ({ cid: recordCid, takedownRef: null }),
      setRecordTakedown: changed('record takedown'),
    },
    blob: { getTakedown: () => ({ takedownRef: null }), setTakedown: changed('blob takedown') },
    sync: {
      getRecord() {
        throw invalidRequest('No such record', 'RecordNotFound')
      },
    },
    lifecycle: { changeState: changed('state'), announce: changed('announce') },
    factors: {
      overview: () => ({
        ...{ handle: 'bob.test', email: null, passkeys: [], totp: null, emailCodes: null },
        recoveryCodesLeft: 0,
      }),
      events: () => ({ events: [] }),
      removeAll: changed('remove factors'),
    },
    email: {
      set: changed('email'),
      requestToken: () => ({ email: 'bob@example.com', token: 'ABCDE-FGHIJ' }),
    },
  }
}

/** The cookies of the admin password's session, of the page session of an account, or of none. */
export function cookiesOf(who: 'admin password' | 'signed out' | { did: string }): string {
  const form = `security-form=${csrf}`
  if (who === 'signed out') return form
  if (typeof who === 'object') return `${form}; security-account=token.${who.did}`
  return `${form}; operator=${operatorToken({ secret, adminPassword }, now)}`
}

export function open({ app }: TestConsole, path: string, cookie = cookiesOf('admin password')) {
  return Promise.resolve(app.request(`http://localhost:2583/admin${path}`, { headers: { cookie } }))
}

/** Submits a form of the page, with the token that the page has. */
export function submit(
  { app }: TestConsole,
  path: string,
  fields: Record<string, string> = {},
  more: { cookie?: string; headers?: Record<string, string> } = {},
) {
  const { cookie = cookiesOf('admin password'), headers } = more
  const body = new URLSearchParams({ csrf, ...fields }).toString()
  const type = 'application/x-www-form-urlencoded'
  return Promise.resolve(
    app.request(`http://localhost:2583/admin${path}`, {
      ...{ method: 'POST', body },
      headers: { 'content-type': type, cookie, ...headers },
    }),
  )
}

function bound(actions: object, subject: object): Actions {
  const bind = (names: Actions[string]) =>
    Object.fromEntries(
      Object.entries(names).map(([name, run]) => [
        name,
        (...args: never[]) => (run as (...all: unknown[]) => unknown)(subject, ...args),
      ]),
    )
  const groups = Object.entries(actions as Actions)
  return Object.fromEntries(groups.map(([group, names]) => [group, bind(names)]))
}
