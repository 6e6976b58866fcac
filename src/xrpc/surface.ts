/** What every method may use besides the account it is about: the server it is a method of. */
import type { Dispatch } from '#src/engine/dispatch.ts'
import type { CreatedAccount } from '#src/lifecycle/create-account.ts'
import type { DidResolver } from '#src/ports/did-resolver.ts'
import type { main as createAccount } from '#src/protocol/lexicons/com/atproto/server/createAccount.defs.ts'
import type { Input } from '#src/xrpc/inferred.ts'

export interface Surface {
  readonly dispatch: Dispatch
  readonly service: ServiceFacts
  readonly resolver: DidResolver
  /** com.atproto.server.createAccount. */
  createAccount(input: Input<typeof createAccount>): Promise<CreatedAccount>
}

/** What the server tells of itself. */
export interface ServiceFacts {
  readonly did: string
  readonly hostname: string
  /** Where clients reach it, without a trailing slash. */
  readonly publicUrl: string
  readonly version: string
  /** Each with its leading dot. */
  readonly handleDomains: readonly string[]
  readonly inviteRequired: boolean
  /** Bytes. */
  readonly blobUploadLimit: number
  readonly privacyPolicyUrl: string | undefined
  readonly termsOfServiceUrl: string | undefined
  readonly contactEmail: string | undefined
}

/** Whether a handle, in lower case, is under a domain of ours, or is one of these domains itself. */
export function isServiceHandle({ handleDomains }: ServiceFacts, handle: string): boolean {
  return handleDomains.some((domain) => handle.endsWith(domain) || handle === domain.slice(1))
}
