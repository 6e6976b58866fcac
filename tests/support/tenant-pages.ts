/** The console over two tenants, with real directories and tenants, and browsers of their admins. */
import { tenantActions } from '#actors/actions/tenant.ts'
import { putTenantAdmin } from '#src/directory/directory.ts'
import { openTenantCredentials } from '#src/gateway/tenants/credentials.ts'
import { now, openGateway } from '#tests/support/gateway.ts'
import { pagePorts } from '#tests/support/page-ports.ts'
import { openTwoTenants, thingsOf } from '#tests/support/two-tenants.ts'

export const csrf = 'c'.repeat(32)
export const owner = 'did:web:owner.roomy.example'
export const { admin } = thingsOf('roomy')
export const nonAdmin = 'did:plc:someoneelse'

export async function openTenantPages() {
  const opened = await openTwoTenants()
  const { directory, tenants } = opened
  await putTenantAdmin(directory, { tenant: 'roomy', did: owner, role: 'owner' })
  const people = [owner, admin, nonAdmin, thingsOf('second').admin]
  const { server } = opened.gateway
  const actions = tenantActions as unknown as Record<
    string,
    Record<string, (...args: unknown[]) => unknown>
  >
  const dispatch = {
    ...server.dispatch,
    directory: {
      ...server.dispatch.directory,
      accounts: {
        find: async ({ identifier: did }: { identifier: string }) =>
          people.includes(did) ? { did, handle: `${did.slice(8)}`, status: 'active' } : null,
        getInfos: async () => [],
      },
    },
    tenant: (id: string) =>
      new Proxy({} as object, {
        get: (_, feature: string) =>
          new Proxy({} as object, {
            get: (__, action: string) => async (input: unknown) =>
              actions[feature]![action]!(tenants.get(id), input),
          }),
      }),
  } as never
  const clock = { now: () => now }
  const relays: string[] = []
  const archives = { isConfigured: false }
  const { app } = openGateway(
    {},
    {
      server: {
        ...server,
        dispatch,
        relays: { ...server.relays, relays },
        archives: archives as never,
      },
      findAccount: async (name) => (people.includes(name) ? name : undefined),
      pages: {
        ...pagePorts(clock),
        tenants: openTenantCredentials({ dispatch, clock }),
      },
    },
  )
  const cookieOf = (as: string) => `security-form=${csrf}; security-account=token.${as}`
  return {
    ...opened,
    /** Those that the server asks to crawl it. */
    relays,
    archives,
    get: async (as: string, path: string, headers: Record<string, string> = {}) =>
      app.request(`/tenant${path}`, { headers: { ...headers, cookie: cookieOf(as) } }),
    send: async (as: string, path: string, init: RequestInit & { duplex: string }) =>
      app.request(`/tenant${path}`, {
        ...{ method: 'POST', ...init },
        headers: { ...(init.headers as object), cookie: cookieOf(as) },
      }),
    post: async (as: string, path: string, fields: Record<string, string> = {}) =>
      app.request(`/tenant${path}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          cookie: cookieOf(as),
        },
        body: new URLSearchParams({ csrf, ...fields }).toString(),
      }),
  }
}
