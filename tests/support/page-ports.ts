/** The ports of the pages for tests that have no OAuth library: no browser is known to it, and no group has members there. */
import type { AppPorts } from '#src/gateway/app.ts'
import type { Migrations } from '#src/gateway/migrations/open-migrations.ts'
import type { AuthorizationPage } from '#src/gateway/oauth/authorization-page.ts'
import type { Clock } from '#src/ports/clock.ts'
import { now } from '#tests/support/gateway.ts'

/** Signs in without an app's request. */
const noLibrary: Pick<AuthorizationPage, 'open' | 'finishSignIn'> = {
  open: async () => ({ kind: 'no cookies', cookies: [] }),
  finishSignIn: async () => [],
}

export function pagePorts(clock: Clock, branding: object = { name: 'the tests' }) {
  return {
    ...{ branding, clock, secret: new Uint8Array(32) },
    groups: {
      membersOn: async () => ({ isItself: false, members: [], hasOthers: false }),
      actAs: async () => [],
    },
    authorizationPage: async () => noLibrary as AuthorizationPage,
    migrations: noMigrations,
  } satisfies AppPorts['pages']
}

/** No account has moved. */
export const noMigrations: Migrations = new Proxy({} as Migrations, {
  get: (_, name) => {
    if (name === 'find') return async () => null
    if (name === 'movedTo') return async () => undefined
    throw new Error('the test has no moves')
  },
})

/** Refuses the `last` call of a method of AT Protocol that is counted; other requests are not. */
export function rateLimits(counted: string[], last: number) {
  const limit = { name: 'tests', points: 1, durationMs: 60_000 }
  const count = ({ nsid }: { nsid: string }) => {
    if (nsid.startsWith('com.')) counted.push(nsid)
    return { limit, isRefused: counted.length === last, remaining: 0, resetAt: now + 60_000 }
  }
  const attempt = async <T>(_: unknown, attempt: () => T | Promise<T>) => attempt()
  return Object.assign(count, { attempt })
}
