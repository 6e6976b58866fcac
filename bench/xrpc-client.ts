/** XRPC over kept-alive connections. An answer other than 2xx is an error, never a result. */
import { type Dispatcher, Pool } from 'undici'

type Params = Record<string, string | number>
type Headers = Record<string, string>

export interface Download {
  bytes: number
  /** Milliseconds from the request to the first byte of the body, and to the last. */
  firstByte: number
  total: number
}

export class XrpcClient {
  readonly url: string
  readonly #pool: Pool

  constructor(url: string) {
    this.url = url
    this.#pool = new Pool(url, { connections: 32, pipelining: 1 })
  }

  query<Output>(nsid: string, params: Params = {}, headers: Headers = {}): Promise<Output> {
    return this.#json(nsid, { method: 'GET', path: pathOf(nsid, params), headers })
  }

  procedure<Output>(nsid: string, input: unknown, headers: Headers = {}): Promise<Output> {
    return this.#json(nsid, {
      method: 'POST',
      path: pathOf(nsid),
      headers: { ...(input !== undefined && { 'content-type': 'application/json' }), ...headers },
      body: input === undefined ? null : JSON.stringify(input),
    })
  }

  download(nsid: string, params: Params): Promise<Download> {
    return this.fetch(pathOf(nsid, params))
  }

  async fetch(path: string, headers: Headers = {}): Promise<Download> {
    const start = performance.now()
    const answer = await this.#pool.request({ method: 'GET', path, headers })
    if (answer.statusCode !== 200) throw new Error(`${path}: ${answer.statusCode}`)
    let bytes = 0
    let firstByte = 0
    for await (const chunk of answer.body) {
      if (bytes === 0) firstByte = performance.now() - start
      bytes += chunk.length
    }
    return { bytes, firstByte, total: performance.now() - start }
  }

  close(): Promise<void> {
    return this.#pool.close()
  }

  async #json<Output>(nsid: string, request: Dispatcher.RequestOptions): Promise<Output> {
    const answer = await this.#pool.request(request)
    const text = await answer.body.text()
    const fine = answer.statusCode >= 200 && answer.statusCode < 300
    if (!fine) throw new Error(`${nsid}: ${answer.statusCode} ${text.slice(0, 200)}`)
    // Some methods answer without a body.
    return (text === '' ? undefined : JSON.parse(text)) as Output
  }
}

function pathOf(nsid: string, params: Params = {}): string {
  const query = Object.entries(params).map(
    ([name, value]) => `${name}=${encodeURIComponent(value)}`,
  )
  return `/xrpc/${nsid}${query.length > 0 ? `?${query.join('&')}` : ''}`
}
