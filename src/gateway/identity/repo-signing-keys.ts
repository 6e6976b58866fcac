/** The keys that may have signed an imported repo: the current and the former signing keys of its DID. */
import type { Log } from '#src/log.ts'
import type { DidResolver } from '#src/ports/did-resolver.ts'
import type { PlcDirectory } from '#src/ports/plc-directory.ts'
import { verificationKey } from '#src/protocol/did-document.ts'

export interface RepoKeyPorts {
  plc: Pick<PlcDirectory, 'getOperationLog'>
  resolver: DidResolver
  log: Pick<Log, 'warn'>
}

/**
 * did:keys, newest first. Former keys count because a server that does not re-sign an imported repo passes on a commit
 * of the previous server. Throws 502 if the DID cannot be resolved now.
 */
export async function repoSigningKeys(ports: RepoKeyPorts, did: string): Promise<string[]> {
  const [document, formerDidKeys] = await Promise.all([
    ports.resolver.refresh(did),
    formerKeys(ports, did),
  ])
  const current = document && verificationKey(document, 'atproto')
  return [...new Set([current, ...formerDidKeys].filter((key) => typeof key === 'string'))]
}

async function formerKeys({ plc, log }: RepoKeyPorts, did: string) {
  if (!did.startsWith('did:plc:')) return []
  try {
    return (await plc.getOperationLog(did)).toReversed().map((operation) => {
      if ('verificationMethods' in operation) return operation.verificationMethods['atproto']
      return 'signingKey' in operation ? operation.signingKey : undefined
    })
  } catch (error) {
    log.warn({ did, err: error }, 'reading former signing keys from the PLC directory failed')
    return []
  }
}
