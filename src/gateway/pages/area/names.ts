/** Handles of accounts by DID, and DIDs by the handle or DID that was typed. */
import { invalidRequest } from '#src/errors.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import { isAtprotoDid } from '#src/protocol/did.ts'
import { isPublicName, normalizeIdentifier } from '#src/rules/identifiers.ts'

/** By DID: its handle if its account is here, or the DID. */
export type Names = (did: string) => string

const MAX_LOOKED_UP = 100

/** One call to the directory for each hundred. */
export async function namesOf(
  { dispatch }: Pick<ServerContext, 'dispatch'>,
  dids: Iterable<string>,
): Promise<Names> {
  const wanted = [...new Set(dids)].filter((did) => did.startsWith('did:'))
  const names = new Map<string, string>()
  for (let i = 0; i < wanted.length; i += MAX_LOOKED_UP) {
    const page = wanted.slice(i, i + MAX_LOOKED_UP)
    const infos = await dispatch.directory.accounts.getInfos({ dids: page })
    for (const { did, handle } of infos) names.set(did, handle)
  }
  return (did) => names.get(did) ?? did
}

/** `typed` is a DID, or a handle of this or another server. Throws 400 HandleNotFound. */
export async function didOf(
  { dispatch, handles }: Pick<ServerContext, 'dispatch' | 'handles'>,
  typed: string,
): Promise<string> {
  const name = normalizeIdentifier(typed)
  if (isAtprotoDid(name)) return name
  const resolve = async () => {
    const here = await dispatch.directory.accounts.find({ identifier: name })
    return here?.did ?? (await handles.resolve(name).catch(() => undefined))
  }
  const did = isPublicName(name) ? await resolve() : undefined
  if (did === undefined) throw invalidRequest(`No account has the name ${name}`, 'HandleNotFound')
  return did
}
