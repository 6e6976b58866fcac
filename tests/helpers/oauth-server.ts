/** A server with an account that signs in to apps, each time to another one, in another browser. */
import type { NodeSavedSession } from '@atproto/oauth-client-node'
import type { Answer } from '#tests/helpers/call.ts'
import {
  type App,
  Browser,
  boundRequest,
  loopbackApp,
  type ProofClaims,
  signIn,
} from '#tests/helpers/oauth.ts'
import { freePort } from '#tests/helpers/processes.ts'
import {
  createTestAccount,
  startServer,
  type TestAccount,
  type TestServer,
} from '#tests/helpers/server.ts'

export const getSession = '/xrpc/com.atproto.server.getSession'

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

  appWith(scope: string): App {
    return loopbackApp({ scope, plcUrl: this.#plcUrl, url: this.server.url })
  }

  browser(): Browser {
    return new Browser(this.server.url)
  }

  /** Alice signs in to a new app; `consent` is what she leaves of the scope. */
  async signedIn(scope: string, consent?: string) {
    const app = this.appWith(scope)
    const wish = consent === undefined ? {} : { consent }
    const session = await signIn(app, { ...this.alice, browser: this.browser(), ...wish })
    return { app, session, saved: app.sessions.get(this.alice.did)! }
  }

  /** A call with the token of a session, and a fresh proof. */
  async used(saved: NodeSavedSession, claims: ProofClaims = {}): Promise<Answer> {
    const url = `${this.server.url}${getSession}`
    this.#nonce ??= (await boundRequest(url, saved)).headers.get('dpop-nonce')!
    return boundRequest(url, saved, { nonce: this.#nonce, ...claims })
  }

  /** Alice signs in on a fresh page, or somebody else by the `body`; gives the status, and what is told. */
  async press(change: Parameters<Browser['press']>[2], body = {}): Promise<[number, unknown]> {
    const browser = this.browser()
    await browser.open(await this.appWith('atproto').client.authorize(this.alice.handle))
    const { handle: username, password } = this.alice
    const credentials = { locale: 'en', username, password, ...body }
    const { status, body: told } = await browser.press('/sign-in', credentials, change)
    return [status, told['error_description']]
  }
}
