/** The other services as this process reaches them: one guarded dispatcher, with the operator's limits. */
import type { Dispatch } from '#src/engine/dispatch.ts'
import { openServices, type Services, type ServicesPorts } from '#src/gateway/proxy/services.ts'
import type { Log } from '#src/log.ts'
import type { DidResolver } from '#src/ports/did-resolver.ts'
import { createSafeDispatcher } from '#src/ports/safe-fetch.ts'
import { createRequestUpstream } from '#src/ports/upstream.ts'

/** `ProxyConfig` of config/proxy.ts. */
export interface ProxySettings {
  http2: boolean
  headersTimeoutMs: number
  bodyTimeoutMs: number
  maxBytes: number
  maxRetries: number
  preferCompressed: boolean
  fetchMaxBytes: number
}

export function connectServices(ports: {
  dispatch: Pick<Dispatch, 'account'>
  resolver: DidResolver
  log: Pick<Log, 'warn'>
  privateNetworks: boolean
  addresses: ServicesPorts['defaults']
  terms: ProxySettings
}): Services {
  const { dispatch, resolver, log, addresses, privateNetworks, terms } = ports
  const { maxBytes, preferCompressed } = terms
  return openServices({
    dispatch,
    resolver,
    defaults: addresses,
    maxBytes,
    preferCompressed,
    request: createRequestUpstream(
      () => createSafeDispatcher({ privateNetworks, ...terms }),
      (error, origin) => {
        log.warn({ err: error, origin }, 'a service could not be reached')
      },
    ),
    warn: (facts, what) => log.warn(facts, what),
  })
}
