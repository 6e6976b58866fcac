/** com.atproto.identity: the names of accounts. */
import { invalidRequest } from '#src/errors.ts'
import * as identity from '#src/protocol/lexicons/com/atproto/identity.ts'
import { method } from '#src/xrpc/method.ts'
import { isServiceHandle } from '#src/xrpc/surface.ts'

export const resolveHandle = method(identity.resolveHandle, {
  auth: 'none',
  run: async ({ params, server: { dispatch, service } }) => {
    const handle = params.handle.toLowerCase()
    const found = await dispatch.directory.accounts.resolveHandle({ handle })
    if (found !== null) return { did: found.did }
    // Handles elsewhere are not looked up: only those under our domains are ours to answer for.
    const error = isServiceHandle(service, handle) ? 'HandleNotFound' : 'InvalidRequest'
    throw invalidRequest('Unable to resolve handle', error)
  },
})
