/** Which keys may have signed the repo that an account brings with it: the one its DID names, and those it named before. */
import type { Log } from '#src/log.ts'
import type { DidResolver } from '#src/ports/did-resolver.ts'
import type { PlcDirectory } from '#src/ports/plc-directory.ts'
import { verificationKey } from '#src/protocol/did-document.ts'

export interface RepoKeyDeps {
  plc: Pick<PlcDirectory, 'getOperationLog'>
  resolver: DidResolver
  log: Pick<Log, 'warn'>
}

/**
 * did:keys, the newest first. A server that does not sign what is brought to it hands on a commit of the server
 * before, and so may any number of them. Throws 502 where nobody can tell.
 */
export async function repoSigningKeys(deps: RepoKeyDeps, did: string): Promise<string[]> {
  const [document, former] = await Promise.all([deps.resolver.refresh(did), formerKeys(deps, did)])
  const named = document && verificationKey(document, 'atproto')
  return [...new Set([named, ...former].filter((key) => typeof key === 'string'))]
}

async function formerKeys({ plc, log }: RepoKeyDeps, did: string) {
  if (!did.startsWith('did:plc:')) return []
  try {
    return (await plc.getOperationLog(did)).toReversed().map((operation) => {
      if ('verificationMethods' in operation) return operation.verificationMethods['atproto']
      return 'signingKey' in operation ? operation.signingKey : undefined
    })
  } catch (error) {
    log.warn({ did, err: error }, 'the former keys of a DID are not known')
    return []
  }
}
