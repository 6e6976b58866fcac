/** A server that is killed at a chosen message: to the engine, which stores everything, to the PLC directory, or to a webhook's receiver. */
import { startFolderEngine } from '#tests/support/cluster-engine.ts'
import { startPlcProxy } from '#tests/support/plc-proxy.ts'
import { startServer, type TestServer } from '#tests/support/server.ts'
import { TcpProxy } from '#tests/support/tcp-proxy.ts'
import { startWebhookReceiver, type WebhookReceiver } from '#tests/support/webhook-receiver.ts'

export type Link = 'engine' | 'plc' | 'receiver'

export interface KillPoint {
  link: Link
  /** Which message, from 1 on. */
  n: number
  /** `before` it arrives, or `after`: then its answer is lost. */
  when: 'before' | 'after'
}

export class KillSwitch {
  readonly #kill: () => Promise<void>
  #point: KillPoint | undefined
  #seen = 0
  #fired = Promise.withResolvers<void>()
  /** Whether the server was killed since the switch was armed. */
  isFired = false

  constructor(kill: () => Promise<void>) {
    this.#kill = kill
  }

  /** Resolves when the server was killed at that message, counted from now on. */
  arm(point: KillPoint): Promise<void> {
    this.#fired = Promise.withResolvers<void>()
    this.isFired = false
    this.#seen = 0
    this.#point = point
    return this.#fired.promise
  }

  disarm(): void {
    this.#point = undefined
  }

  /** Counts a message. False if it must not arrive. */
  pass(link: Link): boolean {
    const point = this.#point
    if (point?.link !== link || ++this.#seen < point.n) return true
    this.#point = undefined
    this.isFired = true
    // The signal is sent before the call returns.
    this.#fired.resolve(this.#kill())
    return point.when === 'after'
  }
}

export interface KillableServer extends AsyncDisposable {
  server: TestServer
  /** Has the `plc.sqlite` of the PLC directory. */
  plcFolder: string
  receiver: WebhookReceiver
  killSwitch: KillSwitch
}

export async function startKillableServer(): Promise<KillableServer> {
  await using parts = new AsyncDisposableStack()
  const plc = parts.use(await startPlcProxy())
  const receiver = parts.use(await startWebhookReceiver())
  let server: TestServer | undefined
  const killSwitch = new KillSwitch(() => server!.kill9())
  const engine = await startFolderEngine(plc.folder)
  parts.defer(() => engine.stop())
  const proxy = parts.use(await TcpProxy.open(engine.endpoint(0)))
  server = parts.use(
    await startServer({
      env: {
        ...engine.env,
        RIVET_ENDPOINT: proxy.endpoint,
        RIVET_TOKEN: engine.token,
        PDS_DID_PLC_URL: plc.url,
      },
    }),
  )
  proxy.mayPass = () => killSwitch.pass('engine')
  receiver.mayPass = () => killSwitch.pass('receiver')
  plc.onOperation = async (when) => {
    if (when === 'before' && !killSwitch.pass('plc')) throw new Error('the server was killed')
  }
  const { folder: plcFolder } = plc
  const owned = parts.move()
  return {
    ...{ server, plcFolder, receiver, killSwitch },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
