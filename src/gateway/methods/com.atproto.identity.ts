/** com.atproto.identity: resolves identities of the whole network, and changes those of accounts here. */
import { invalidRequest } from '#src/errors.ts'
import { mailPlcCode } from '#src/gateway/group/plc-code.ts'
import { clientInfoOf } from '#src/gateway/http/client-info.ts'
import { isServiceHandle } from '#src/gateway/identity/handle-rules.ts'
import * as plc from '#src/gateway/identity/plc-requests.ts'
import * as resolving from '#src/gateway/identity/resolve-identity.ts'
import * as changing from '#src/gateway/identity/update-handle.ts'
import { sendCode } from '#src/gateway/mails.ts'
import { ownAccount } from '#src/gateway/methods/own-account.ts'
import { method } from '#src/gateway/xrpc/method.ts'
import { parseHandle } from '#src/protocol/handle.ts'
import * as identity from '#src/protocol/lexicons/com/atproto/identity.ts'

export const resolveHandle = method(identity.resolveHandle, {
  auth: 'none',
  run: async ({ params, server }) => {
    const handle = parseHandle(params.handle)
    const did = await resolving.didOfHandle(
      server.identity,
      handle,
      server.identity.externalHandles,
    )
    if (did !== undefined) return { did }
    const { allDomains: domains } = await server.handleRules()
    const error = isServiceHandle(handle, domains) ? 'HandleNotFound' : 'InvalidRequest'
    throw invalidRequest('Unable to resolve handle', error)
  },
})

export const resolveDid = method(identity.resolveDid, {
  auth: 'none',
  run: async ({ params: { did }, server }) => ({
    didDoc: await resolving.resolveDid(server.resolver, did),
  }),
})

export const resolveIdentity = method(identity.resolveIdentity, {
  auth: 'none',
  run: ({ params: { identifier }, server }) =>
    resolving.resolveIdentity(server.identity, identifier),
})

export const refreshIdentity = method(identity.refreshIdentity, {
  auth: 'none',
  run: ({ input: { identifier }, server }) =>
    resolving.resolveIdentity(server.identity, identifier, { refresh: true }),
})

export const updateHandle = method(identity.updateHandle, {
  ...ownAccount,
  oauth: (permissions) => permissions.assertIdentity({ attr: 'handle' }),
  auth: 'account',
  run: async ({ did, input: { handle }, server, by }) => {
    await changing.updateHandle(server.identity, { did, handle }, by)
    return undefined
  },
})

export const getRecommendedDidCredentials = method(identity.getRecommendedDidCredentials, {
  ...ownAccount,
  oauth: 'any',
  auth: 'account',
  run: async ({ account, server }) =>
    plc.recommendedCredentials(await account.identity.getIdentity(), server.identity.credentials),
})

export const requestPlcOperationSignature = method(identity.requestPlcOperationSignature, {
  ...ownAccount,
  oauth: (permissions) => permissions.assertIdentity({ attr: '*' }),
  unknown: () => invalidRequest('account not found'),
  auth: 'full account or takendown',
  run: async ({ account, did, server, by }) => {
    await plc.mustBeSigner(server.identity, did)
    if (by !== undefined) {
      await mailPlcCode(server, server.dispatch.account(did), by)
      return undefined
    }
    const options = { purpose: 'plc_operation', evenTakendown: true } as const
    const mailed = await account.email.requestToken(options)
    await sendCode(server, account, mailed, 'plcOperation')
    return undefined
  },
})

export const signPlcOperation = method(identity.signPlcOperation, {
  ...ownAccount,
  oauth: (permissions) => permissions.assertIdentity({ attr: '*' }),
  auth: 'full account or takendown',
  run: async ({ account, did, input: { token, ...changes }, server, incoming }) => {
    if (!token) {
      throw invalidRequest('email confirmation token required to sign PLC operations')
    }
    const consumeToken = () =>
      account.identity.consumePlcToken({ token, client: clientInfoOf(server.addressOf, incoming) })
    return { operation: await plc.signPlcOperation(server.identity, did, changes, consumeToken) }
  },
})

export const submitPlcOperation = method(identity.submitPlcOperation, {
  ...ownAccount,
  oauth: (permissions) => permissions.assertIdentity({ attr: '*' }),
  auth: 'account',
  run: async ({ did, input: { operation }, server, by }) => {
    await plc.submitPlcOperation(server.identity, did, operation, by)
    return undefined
  },
})
