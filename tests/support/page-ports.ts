/** The ports of the pages for tests that have no OAuth library: no browser is known to it, and no group has members there. */
import type { AppPorts } from '#src/gateway/app.ts'
import type { Migrations } from '#src/gateway/migrations/open-migrations.ts'
import type { AuthorizationPage } from '#src/gateway/oauth/authorization-page.ts'
import type { Clock } from '#src/ports/clock.ts'

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
