/** The one guard for all that goes out to addresses of somebody else's choosing: https, to public networks only. */
import type { Dispatcher } from 'undici'

const DEFAULT_TIMEOUT_MS = 10_000
const DEFAULT_MAX_BYTES = 512 * 1024

export interface SafeFetchOptions {
  /** Whether addresses may lead into private networks, over plain http and on any port. */
  privateNetworks: boolean
  /** For the whole of it, redirects and all; 10 s unless said. */
  timeoutMs?: number
  /** Of the answer, decoded; 512 KiB unless said. */
  maxBytes?: number
}

/**
 * A `fetch` for addresses that strangers give. Every hop of a redirect is checked, and every address that a name stands
 * for when it is dialled, so that a name cannot be one thing when it is judged and another when it is used. Rejects
 * with a TypeError where an address is refused, an answer too long, or nobody there.
 */
export function createSafeFetch(terms: SafeFetchOptions): typeof globalThis.fetch {
  const { privateNetworks, timeoutMs = DEFAULT_TIMEOUT_MS, maxBytes = DEFAULT_MAX_BYTES } = terms
  let making: Promise<typeof globalThis.fetch> | undefined
  // The library takes a third of a second to load, which no start of a server waits for.
  const make = async () => {
    const { safeFetchWrap } = await import('@atproto-labs/fetch-node')
    return safeFetchWrap({
      fetch: (input, init) => globalThis.fetch(input, init),
      ssrfProtection: !privateNetworks,
      responseMaxSize: maxBytes,
      timeout: timeoutMs,
      allowImplicitRedirect: true,
    })
  }
  return async (input, init) => {
    making ??= make()
    return (await making)(input, init)
  }
}

export interface SafeDispatcherOptions {
  privateNetworks: boolean
  /** From the request to the head of the answer. */
  headersTimeoutMs: number
  /** Between two pieces of the answer. */
  bodyTimeoutMs: number
  /** Of the answer, as it comes over the wire. */
  maxBytes: number
  /** How often GET and HEAD are tried again where the connection failed. */
  maxRetries: number
  http2: boolean
}

/** The same guard for requests that are streamed; it follows no redirects, and decodes nothing. */
export async function createSafeDispatcher(terms: SafeDispatcherOptions): Promise<Dispatcher> {
  const { privateNetworks, maxRetries } = terms
  const { Agent, interceptors } = await import('undici')
  const agent = new Agent({
    allowH2: terms.http2,
    headersTimeout: terms.headersTimeoutMs,
    bodyTimeout: terms.bodyTimeoutMs,
    maxResponseSize: terms.maxBytes,
    ...(!privateNetworks && (await guarded())),
  })
  if (maxRetries === 0) return agent
  const retry = interceptors.retry({ statusCodes: [], methods: ['GET', 'HEAD'], maxRetries })
  return agent.compose(retry)
}

/** Names are judged when they are looked up; addresses in numbers never are, so they are judged before. */
async function guarded() {
  const { Pool } = await import('undici')
  const { checkUnicastPolicy, unicastLookup } = await import('@atproto-labs/fetch-node')
  return {
    connect: { lookup: unicastLookup },
    factory(address: string | URL, options: object): Dispatcher {
      const origin = new URL(address)
      if (origin.protocol !== 'https:') throw new Error(`Forbidden protocol "${origin.protocol}"`)
      const refusal = checkUnicastPolicy(origin)
      if (refusal !== undefined) throw new Error(refusal)
      return new Pool(origin, options)
    },
  }
}
