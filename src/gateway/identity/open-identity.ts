/** Builds what resolves and changes identities: DID and handle resolvers, PLC directory, rotation key, handle rules. */
import type { Config } from '#src/config/config.ts'
import type { Dispatch } from '#src/engine/dispatch.ts'
import { HandleRulesCache } from '#src/gateway/identity/handle-rules-cache.ts'
import { withOwnDocument } from '#src/gateway/identity/own-did-document.ts'
import type { ServerCredentials } from '#src/gateway/identity/plc-requests.ts'
import type { IdentityPorts } from '#src/gateway/identity/update-handle.ts'
import type { Log } from '#src/log.ts'
import { cachedResolver } from '#src/ports/cached-did-resolver.ts'
import type { Clock } from '#src/ports/clock.ts'
import { MAX_DOCUMENT_BYTES, publishedDocuments } from '#src/ports/did-resolver.ts'
import {
  boundedHandles,
  type HandleResolver,
  handleResolver,
  type ResolveTxt,
  txtResolver,
  xrpcHandleResolver,
} from '#src/ports/handle-resolver.ts'
import type { PlcDirectory } from '#src/ports/plc-directory.ts'
import { createSafeFetch } from '#src/ports/safe-fetch.ts'
import type { SigningKey } from '#src/ports/secp256k1.ts'

export interface ServerIdentity extends IdentityPorts {
  readonly dispatch: Dispatch
  readonly rotationKey: SigningKey
  readonly credentials: ServerCredentials
  readonly handleRulesCache: HandleRulesCache
  /** Resolves handles of other servers: through the AppView if one is configured, else by DNS and HTTPS. */
  readonly externalHandles: HandleResolver
  /** Of the domains of tenants. */
  readonly resolveTxt: ResolveTxt
  readonly didDocWithSession: boolean
}

export function openIdentity(ports: {
  dispatch: Dispatch
  clock: Clock
  log: Log
  plc: PlcDirectory
  plcUrl: string
  rotationKey: SigningKey
  config: Config['identity']
  publicUrl: string
  serviceDid: string
  hostname: string
  handleDomains: readonly string[]
  appViewUrl: string | undefined
}): ServerIdentity {
  const { dispatch, clock, log, plc, plcUrl, rotationKey, config, publicUrl, appViewUrl } = ports
  const { resolverTimeoutMs: timeoutMs, privateNetworks } = config
  const maxBytes = MAX_DOCUMENT_BYTES
  const fetch = createSafeFetch({ privateNetworks, timeoutMs, maxBytes })
  const plcFetch = createSafeFetch({ privateNetworks: true, timeoutMs, maxBytes })
  const documents = publishedDocuments({ plcUrl, timeoutMs, plcFetch, webFetch: fetch })
  const own = { did: ports.serviceDid, hostname: ports.hostname, publicUrl }
  const knownHandleRules = new HandleRulesCache({ dispatch, clock, domains: ports.handleDomains })
  const { backupNameservers } = config
  const handles = boundedHandles(handleResolver({ fetch, timeoutMs, backupNameservers }))
  return {
    dispatch,
    log,
    plc,
    rotationKey,
    handles,
    handleRulesCache: knownHandleRules,
    resolveTxt: txtResolver({ timeoutMs, backupNameservers }),
    handleRules: () => knownHandleRules.rules(),
    resolver: cachedResolver(withOwnDocument(documents, own), {
      ...{ clock, staleMs: config.didCacheStaleMs, maxAgeMs: config.didCacheMaxMs },
    }),
    externalHandles:
      appViewUrl === undefined
        ? handles
        : boundedHandles(xrpcHandleResolver({ url: appViewUrl, timeoutMs })),
    credentials: {
      publicUrl,
      rotationKeyDid: rotationKey.did(),
      recoveryKeyDid: config.recoveryDidKey,
    },
    didDocWithSession: config.didDocWithSession,
  }
}
