/** An account whose private events and transactions a test looks at. */
import type { Grant } from '#src/account/oauth/grants.ts'
import { createAppPassword } from '#src/account/sessions/app-passwords.ts'
import { createSession } from '#src/account/sessions/sessions.ts'
import { hashPassword } from '#src/ports/passwords.ts'
import type { Statement } from '#src/ports/sql.ts'
import { appPasswordIdOf, verifyAccess, verifyRefresh } from '#src/rules/session-tokens.ts'
import {
  type EmptyAccount,
  emptyAccount,
  provisionAccount,
  TestClock,
} from '#tests/support/empty-account.ts'

export const did = 'did:plc:ewvi7nxzyoun6zhxrhs64oiz'
export const password = 'hunter2'
export const appPassword = 'abcd-efgh-ijkl-mnop'
const passwordHash = await hashPassword(password)

export interface Opened {
  account: EmptyAccount
  clock: TestClock
  /** The events since the last call: kind, fields and subject. */
  events(): Promise<unknown[]>
  /** The transactions since then that hold a private event, as SQL. */
  transactions(): string[]
}

export async function openWithEvents(): Promise<Opened> {
  const clock = new TestClock()
  let batches: (readonly Statement[])[] = []
  const onBatch = (when: string, statements: readonly Statement[]) => {
    if (when === 'after') batches.push(statements)
  }
  const account = emptyAccount(did, { clock, onBatch })
  await provisionAccount(account, passwordHash)
  const opened = {
    account,
    clock,
    async events() {
      await account.privateOutbox.settled()
      const rows = account.deliveredPrivately.splice(0)
      return rows.map(({ kind, body, subject }) => [
        kind,
        JSON.parse(body),
        ...(subject === undefined ? [] : [subject]),
      ])
    },
    transactions() {
      const texts = batches.map((statements) => statements.map(({ sql }) => sql).join(';\n'))
      batches = []
      return texts.filter((text) => text.includes('INTO private_event'))
    },
  }
  await opened.events()
  opened.transactions()
  return opened
}

export const logIn = (account: EmptyAccount, secret = password) =>
  createSession(account, { password: secret, client: { ip: '192.0.2.1', userAgent: 'a browser' } })

export function terms({ clock, service }: EmptyAccount) {
  return { secret: service.jwtSecret, audience: service.did, now: clock.now() }
}

export async function sessionIdIn(
  account: EmptyAccount,
  accessJwt: string,
): Promise<string | undefined> {
  return (await verifyAccess(accessJwt, terms(account))).sessionId
}

export async function tokenIdIn(account: EmptyAccount, refreshJwt: string): Promise<string> {
  return (await verifyRefresh(refreshJwt, terms(account))).jti
}

export function grantOf(
  account: EmptyAccount,
  id: string,
  scope = 'atproto',
  clientId = 'https://app',
): Grant & { codeHash: null } {
  const now = account.clock.now()
  const data = JSON.stringify({ clientId, scope, parameters: {} })
  const times = { expiresAt: now + 3_600_000, createdAt: now, updatedAt: now }
  return { id, refreshHash: `refresh ${id}`, codeHash: null, data, ...times }
}

export const withoutSecurity = (events: unknown[]) =>
  events.filter((event) => (event as [string])[0] !== '#security')

export const app = { name: 'phone', privileged: false }
export const phone = appPasswordIdOf('phone')
export const addPhone = ({ account }: Opened) =>
  createAppPassword(account, { ...app, password: appPassword })
