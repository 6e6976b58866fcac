/** A cable to a server on this machine, which can be cut, or lose what comes back through it. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

export class TcpProxy {
  readonly #server: Server
  readonly #ends = new Set<Socket>()
  #isDeaf = false

  private constructor(target: URL) {
    this.#server = createServer((near) => this.#join(near, target))
  }

  /** Lays a cable to the server at an endpoint. */
  static async open(endpoint: string): Promise<TcpProxy> {
    const cable = new TcpProxy(new URL(endpoint))
    await once(cable.#server.listen(0, '127.0.0.1'), 'listening')
    return cable
  }

  /** This end of it. */
  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** From now on, until it is cut, what is asked arrives, and what is answered does not. */
  dropResponses(): void {
    this.#isDeaf = true
  }

  /** Ends every connection; the next ones are good. */
  resetConnections(): void {
    for (const end of this.#ends) end.destroy()
    this.#isDeaf = false
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
      end.on('data', (bytes) => {
        if (end === near || !this.#isDeaf) other.write(bytes)
      })
      // What goes wrong with one end ends both.
      end.on('error', () => {})
      end.on('close', () => {
        this.#ends.delete(end)
        other.destroy()
      })
    }
  }
}
