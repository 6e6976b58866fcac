/** A server with an account that signs in to apps, each time to a new app in a new browser. */
import type { NodeSavedSession } from '@atproto/oauth-client-node'
import {
  type App,
  type DpopClaims,
  dpopRequest,
  loopbackApp,
  ProviderPageClient,
  signIn,
} from '#tests/support/oauth-client.ts'
import { freePort } from '#tests/support/processes.ts'
import {
  createTestAccount,
  startServer,
  type TestAccount,
  type TestServer,
} from '#tests/support/server.ts'
import type { Answer } from '#tests/support/xrpc-call.ts'

export const getSessionPath = '/xrpc/com.atproto.server.getSession'

export async function startOAuthServer(more: Record<string, string> = {}): Promise<OAuthServer> {
  const plcPort = await freePort()
  const env = { PDS_DEV_PLC_PORT: String(plcPort), LOG_LEVEL: 'debug', ...more }
  const server = await startServer({ env })
  const alice = await createTestAccount(server, 'alice')
  return new OAuthServer(server, `http://localhost:${plcPort}`, alice)
}

export class OAuthServer {
  readonly server: TestServer
  readonly alice: TestAccount
  readonly #plcUrl: string
  #nonce: string | undefined

  constructor(server: TestServer, plcUrl: string, alice: TestAccount) {
    this.server = server
    this.#plcUrl = plcUrl
    this.alice = alice
  }

  clientWithScope(scope: string): App {
    return loopbackApp({ scope, plcUrl: this.#plcUrl, url: this.server.url })
  }

  pageClient(): ProviderPageClient {
    return new ProviderPageClient(this.server.url)
  }

  /** Signs alice in to a new app; `consent` is the part of the scope that she grants. */
  async signIn(scope: string, consent?: string) {
    const app = this.clientWithScope(scope)
    const grant = consent === undefined ? {} : { consent }
    const session = await signIn(app, { ...this.alice, browser: this.pageClient(), ...grant })
    return { app, session, saved: app.sessions.get(this.alice.did)! }
  }

  /** Calls getSession with an app's token and a new proof. */
  async getSession(saved: NodeSavedSession, claims: DpopClaims = {}): Promise<Answer> {
    const url = `${this.server.url}${getSessionPath}`
    this.#nonce ??= (await dpopRequest(url, saved)).headers.get('dpop-nonce')!
    return dpopRequest(url, saved, { nonce: this.#nonce, ...claims })
  }

  /**
   * Signs in on a new page, as alice unless `body` overrides it; returns the status and the error description.
   */
  async trySignIn(
    change: Parameters<ProviderPageClient['callApi']>[2],
    body = {},
  ): Promise<[number, unknown]> {
    const browser = this.pageClient()
    await browser.open(await this.clientWithScope('atproto').client.authorize(this.alice.handle))
    const { handle: username, password } = this.alice
    const credentials = { locale: 'en', username, password, ...body }
    const { status, body: result } = await browser.callApi('/sign-in', credentials, change)
    return [status, result['error_description']]
  }
}
