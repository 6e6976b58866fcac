/** Puts together what the methods work with, from what this process was given. */
import type { Dispatch } from '#src/engine/dispatch.ts'
import { createAccount } from '#src/lifecycle/create-account.ts'
import type { FirstWakes } from '#src/lifecycle/first-wakes.ts'
import type { Log } from '#src/log.ts'
import type { Clock } from '#src/ports/clock.ts'
import { cachedResolver, plcResolver } from '#src/ports/did-resolver.ts'
import type { Keychain } from '#src/ports/keychain.ts'
import { httpPlcDirectory } from '#src/ports/plc-directory.ts'
import { signingKey } from '#src/ports/secp256k1.ts'
import type { Surface } from '#src/xrpc/surface.ts'

/** What the gateway takes from outside. */
export interface GatewayPorts {
  dispatch: Dispatch
  keys: Keychain
  clock: Clock
  log: Log
  /** URL of the PLC directory. */
  plcUrl: string
  config: GatewayConfig
  secrets: GatewaySecrets
}

/** What of the configuration is a gateway's. */
export interface GatewayConfig {
  gateway: { host: string; port: number; hostname: string; publicUrl: string }
  service: {
    did: string
    /** Each with its leading dot. */
    handleDomains: readonly string[]
    version: string
    contactEmailAddress: string | undefined
    privacyPolicyUrl: string | undefined
    termsOfServiceUrl: string | undefined
  }
  identity: { recoveryDidKey: string | undefined }
  invites: { required: boolean }
  limits: { blobUploadBytes: number }
  sequencer: { subscriptionBuffer: number }
  metrics: { open: boolean }
}

export interface GatewaySecrets {
  /** HS256 secret of the session tokens. */
  jwtSecret: string
  adminPassword: string
  /** Private key (secp256k1) that signs PLC operations. */
  plcRotationKeyHex: string
}

export function openSurface(ports: GatewayPorts, firstWakes: FirstWakes): Surface {
  const { dispatch, keys, clock, log, config, secrets } = ports
  const { gateway, service, identity, invites, limits } = config
  const plc = httpPlcDirectory({ url: ports.plcUrl })
  const { recoveryDidKey } = identity
  const creation = {
    dispatch,
    firstWakes,
    plc,
    keys,
    clock,
    log,
    rotationKey: signingKey(Buffer.from(secrets.plcRotationKeyHex, 'hex')),
    ...(recoveryDidKey !== undefined && { recoveryKey: recoveryDidKey }),
    service: { publicUrl: gateway.publicUrl, handleDomains: service.handleDomains },
    inviteRequired: invites.required,
    tokens: { secret: new TextEncoder().encode(secrets.jwtSecret), audience: service.did },
  }
  return {
    dispatch,
    resolver: cachedResolver(plcResolver(plc), { clock }),
    createAccount: (input) => createAccount(creation, input),
    service: {
      did: service.did,
      hostname: gateway.hostname,
      publicUrl: gateway.publicUrl,
      version: service.version,
      handleDomains: service.handleDomains,
      inviteRequired: invites.required,
      blobUploadLimit: limits.blobUploadBytes,
      privacyPolicyUrl: service.privacyPolicyUrl,
      termsOfServiceUrl: service.termsOfServiceUrl,
      contactEmail: service.contactEmailAddress,
    },
  }
}
