/** The ports of the pages for tests that have no OAuth library: no browser is known to it, and no group has members there. */
import type { AppPorts } from '#src/gateway/app.ts'
import type { Clock } from '#src/ports/clock.ts'

export function pagePorts(clock: Clock, branding: object = { name: 'the tests' }) {
  return {
    ...{ branding, clock, secret: new Uint8Array(32) },
    signInDevice: async () => [],
    groups: {
      membersOn: async () => ({ isItself: false, members: [], hasOthers: false }),
      actAs: async () => [],
    },
    authorizationPage: async () => Promise.reject(new Error('the test has no OAuth library')),
  } satisfies AppPorts['pages']
}
