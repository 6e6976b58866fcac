/** Servers that all tests of a file share: started while the file is loaded, removed after its tests. */
import { verifyJwt } from '@atproto/xrpc-server'
import { afterAll } from 'vitest'
import { type FakeService, startFakeService } from '#tests/support/fake-service.ts'
import { freePort } from '#tests/support/processes.ts'
import {
  createTestAccount,
  type ServerOptions,
  startServer,
  type TestAccount,
  type TestServer,
} from '#tests/support/server.ts'

/** Starts a server with an account for each name. To be awaited at the top level of a test file. */
export async function serverWithAccounts<Name extends string>(
  names: readonly Name[],
  options: ServerOptions = {},
): Promise<{ server: TestServer } & Record<Name, TestAccount>> {
  const server = await startServer(options)
  afterAll(() => server.remove())
  const accounts: [string, TestAccount][] = []
  for (const name of names) accounts.push([name, await createTestAccount(server, name)])
  return { server, ...(Object.fromEntries(accounts) as Record<Name, TestAccount>) }
}

export interface ServerWithAppView {
  server: TestServer
  alice: TestAccount
  appView: FakeService
  /** Another service, which the server knows by its DID only. */
  other: FakeService
  /** Verifies a service token as services do, with the library. Throws if it is invalid. */
  verifyServiceToken: (
    token: string,
    aud: string,
    lxm: string | null,
  ) => ReturnType<typeof verifyJwt>
}

/** Starts a server with the account alice, whose AppView is a fake. To be awaited at the top level of a test file. */
export async function serverWithAppView(
  env: Record<string, string> = {},
): Promise<ServerWithAppView> {
  const appView = await startFakeService()
  const other = await startFakeService()
  afterAll(async () => {
    await appView[Symbol.asyncDispose]()
    await other[Symbol.asyncDispose]()
  })
  const plcPort = await freePort()
  const shared = await serverWithAccounts(['alice'], {
    env: {
      PDS_DEV_PLC_PORT: String(plcPort),
      PDS_BSKY_APP_VIEW_URL: appView.url,
      PDS_BSKY_APP_VIEW_DID: appView.did,
      ...env,
    },
  })
  return {
    ...shared,
    appView,
    other,
    verifyServiceToken: (token, aud, lxm) =>
      verifyJwt(token, aud, lxm, async (iss) => {
        const response = await fetch(`http://127.0.0.1:${plcPort}/${iss}/data`)
        const data = (await response.json()) as { verificationMethods: { atproto: string } }
        return data.verificationMethods.atproto
      }),
  }
}
