/** The host name at which first the reference PDS and then Headwater answers, and calls to it. */
import { strictEqual } from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { AtpAgent } from '@atproto/api'
import { createLog } from '#src/log.ts'
import { type PlcServer, startPlcServer } from '#src/plc/plc-server.ts'
import { freeEnginePort, freePort, killLeftovers, ServerProcess } from '#tests/support/processes.ts'
import { root } from '#tests/support/sources.ts'
import { referenceMain } from '../../../bench/reference.ts'

const adminPassword = 'admin password'

export class Place {
  readonly url: string
  readonly plcUrl: string
  /** The reference's folder, and Headwater's, which does not exist yet. */
  readonly source: string
  readonly target: string
  /** Headwater's variables: those of the reference, and a few. */
  readonly env: Record<string, string>
  readonly #referenceEnv: Record<string, string>
  readonly #plc: PlcServer
  #server: ServerProcess | undefined

  /** `more` are variables of both; `target` is the parent of Headwater's folder. */
  static async open(more: Record<string, string> = {}, target?: string): Promise<Place> {
    const plc = await startPlcServer({ path: ':memory:', log: createLog('silent') })
    return new Place(plc, await freePort(), await freeEnginePort(), more, target)
  }

  private constructor(
    plc: PlcServer,
    port: number,
    enginePort: number,
    more: Record<string, string>,
    target?: string,
  ) {
    const folder = mkdtempSync(join(tmpdir(), 'headwater-takeover-'))
    this.#plc = plc
    // The reference accepts no directory by its IP address.
    this.plcUrl = plc.url.replace('127.0.0.1', 'localhost')
    this.url = `http://localhost:${port}`
    this.source = join(folder, 'reference')
    this.target = join(target ?? folder, 'headwater')
    mkdirSync(this.source)
    const secret = () => randomBytes(32).toString('hex')
    const shared = {
      ...{ PDS_HOSTNAME: 'localhost', PDS_PORT: String(port), PDS_DID_PLC_URL: this.plcUrl },
      ...{ PDS_JWT_SECRET: secret(), PDS_DPOP_SECRET: secret(), PDS_DEV_MODE: 'true' },
      LOG_ENABLED: 'false',
      ...{ PDS_ADMIN_PASSWORD: adminPassword, PDS_INVITE_REQUIRED: 'false' },
      ...{ PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX: secret(), PDS_RATE_LIMITS_ENABLED: 'false' },
      // The reference keeps preferences only if there is an AppView.
      ...{
        PDS_BSKY_APP_VIEW_URL: 'http://localhost:9',
        PDS_BSKY_APP_VIEW_DID: 'did:web:none.test',
      },
      ...(more['PDS_BLOBSTORE_S3_BUCKET'] === undefined && {
        PDS_BLOBSTORE_DISK_LOCATION: join(this.source, 'blocks'),
      }),
      ...more,
    }
    this.#referenceEnv = { ...shared, PDS_DATA_DIRECTORY: this.source }
    this.env = {
      ...{ ...shared, PDS_DATA_DIRECTORY: this.target, PDS_KEY_ENCRYPTION_KEY_HEX: secret() },
      PDS_ENGINE_PORT: String(enginePort),
    }
  }

  async startReference(): Promise<void> {
    await this.#start(new ServerProcess(this.source, this.#referenceEnv, [referenceMain]))
  }

  async startHeadwater(): Promise<void> {
    const main = [join(root, 'src/main.ts')]
    await this.#start(new ServerProcess(this.target, this.env, main))
  }

  async #start(server: ServerProcess): Promise<void> {
    this.#server = server
    await server.ready(() =>
      fetch(`${this.url}/xrpc/_health`).then(
        ({ ok }) => ok,
        () => false,
      ),
    )
  }

  async stopServer(): Promise<void> {
    await this.#server?.terminate()
    this.#server = undefined
  }

  async close(): Promise<void> {
    await this.stopServer()
    await this.#plc.stop()
    killLeftovers(this.target)
    for (const folder of [this.target, dirname(this.source)]) {
      rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
    }
  }

  agent(): AtpAgent {
    return new AtpAgent({ service: this.url })
  }

  /** Calls a method as the operator; with an input it is a procedure. */
  async admin<T>(method: string, input?: object): Promise<T> {
    const credentials = Buffer.from(`admin:${adminPassword}`).toString('base64')
    const headers = { authorization: `Basic ${credentials}`, 'content-type': 'application/json' }
    const body = input === undefined ? {} : { method: 'POST', body: JSON.stringify(input) }
    const answer = await fetch(`${this.url}/xrpc/${method}`, { headers, ...body })
    const text = await answer.text()
    strictEqual(answer.status, 200, `${method}: ${text}`)
    return (text === '' ? undefined : JSON.parse(text)) as T
  }

  takeDown(subject: object): Promise<unknown> {
    const takedown = { applied: true, ref: 'test' }
    return this.admin('com.atproto.admin.updateSubjectStatus', { subject, takedown })
  }

  /** `active`, why it is not, or the error. */
  async statusOf(did: string): Promise<string> {
    const query = new URLSearchParams({ did })
    const answer = await fetch(`${this.url}/xrpc/com.atproto.sync.getRepoStatus?${query}`)
    const body = (await answer.json()) as { error?: string; active?: boolean; status?: string }
    return body.error ?? (body.active === true ? 'active' : (body.status ?? ''))
  }
}
