/** Opens the services over one dispatcher, which is guarded against SSRF and has the configured limits. */
import type { ProxyConfig } from '#src/config/proxy.ts'
import type { Dispatch } from '#src/engine/dispatch.ts'
import { openServices, type Services, type ServicesPorts } from '#src/gateway/proxy/services.ts'
import type { Log } from '#src/log.ts'
import type { DidResolver } from '#src/ports/did-resolver.ts'
import { createSafeDispatcher } from '#src/ports/safe-fetch.ts'
import { createRequestUpstream } from '#src/ports/upstream.ts'

export function connectServices(ports: {
  dispatch: Pick<Dispatch, 'account'>
  resolver: DidResolver
  log: Pick<Log, 'warn'>
  privateNetworks: boolean
  defaults: ServicesPorts['defaults']
  settings: ProxyConfig
}): Services {
  const { dispatch, resolver, log, defaults, privateNetworks, settings } = ports
  const { maxBytes, preferCompressed } = settings
  return openServices({
    dispatch,
    resolver,
    defaults,
    maxBytes,
    preferCompressed,
    request: createRequestUpstream(() => createSafeDispatcher({ privateNetworks, ...settings })),
    warn: (fields, message) => log.warn(fields, message),
  })
}
