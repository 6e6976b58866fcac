/** A TCP proxy to a server on this machine, which can drop responses, reset connections, and be cut like a cable. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

export class TcpProxy {
  readonly #server: Server
  readonly #ends = new Set<Socket>()
  #isDeaf = false
  #isCut = false
  /** Of responses that were dropped. */
  droppedBytes = 0
  /** Asked for each chunk of a client; if it answers false, the chunk is dropped. */
  mayPass = (): boolean => true

  private constructor(target: URL) {
    this.#server = createServer((near) => this.#join(near, target))
  }

  /** Starts a proxy to the server at an endpoint. */
  static async open(endpoint: string): Promise<TcpProxy> {
    const proxy = new TcpProxy(new URL(endpoint))
    await once(proxy.#server.listen(0, '127.0.0.1'), 'listening')
    return proxy
  }

  /** The proxy's own endpoint. */
  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Until the reset, requests are forwarded and responses dropped. */
  dropResponses(): void {
    this.#isDeaf = true
  }

  /** Ends every connection; later ones work normally. */
  resetConnections(): void {
    for (const end of this.#ends) end.destroy()
    this.#isDeaf = false
  }

  /** Nothing is forwarded any more, and nothing is closed, so that neither side notices. */
  cut(): void {
    this.#isCut = true
    for (const end of this.#ends) end.pause()
  }

  /** Forwards again, also what was sent meanwhile, as TCP does. */
  mend(): void {
    this.#isCut = false
    for (const end of this.#ends) end.resume()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close()
    this.resetConnections()
    await once(this.#server, 'close')
  }

  #join(near: Socket, { hostname, port }: URL): void {
    const far = connect(Number(port), hostname)
    for (const [end, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#ends.add(end)
      end.setNoDelay(true)
      if (this.#isCut) end.pause()
      end.on('data', (bytes) => {
        if (end === near) {
          if (this.mayPass()) other.write(bytes)
        } else if (this.#isDeaf) this.droppedBytes += bytes.length
        else other.write(bytes)
      })
      // A close follows, which ends both sides.
      end.on('error', () => {})
      end.on('close', () => {
        this.#ends.delete(end)
        other.destroy()
      })
    }
  }
}
