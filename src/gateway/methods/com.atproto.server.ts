/** com.atproto.server: createAccount, sessions and describeServer. */
import { invalidRequest } from '#src/errors.ts'
import type { AddressedRequest } from '#src/gateway/http/client-address.ts'
import { clientInfoOf } from '#src/gateway/http/client-info.ts'
import { domainsAt } from '#src/gateway/identity/handle-rules.ts'
import { sendCode } from '#src/gateway/mails.ts'
import { ownAccount } from '#src/gateway/methods/own-account.ts'
import { logIn } from '#src/gateway/workflows/log-in.ts'
import { method } from '#src/gateway/xrpc/method.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import type { DidDocument } from '#src/protocol/did-document.ts'
import * as server from '#src/protocol/lexicons/com/atproto/server.ts'

export const createAccount = method(server.createAccount, {
  auth: 'service, admin or none',
  run: ({ input, caller, server, incoming }) =>
    server.createAccount(input, caller, clientInfoOf(server.addressOf, incoming).ip),
})

async function withDidDoc<S extends { did: string }>(
  { identity, resolver }: ServerContext,
  session: Promise<S>,
): Promise<S & { didDoc?: DidDocument }> {
  const output = await session
  if (!identity.didDocWithSession) return output
  const didDoc = await resolver.resolve(output.did).catch(() => undefined)
  return { ...output, ...(didDoc && { didDoc }) }
}

/** Sends nothing if the account does not use such codes, or was sent too many lately. */
async function mailSignInCode(server: ServerContext, did: string): Promise<void> {
  const account = server.dispatch.account(did)
  await sendCode(server, account, await account.factors.requestCode({}), 'signIn')
}

export const createSession = method(server.createSession, {
  auth: 'none',
  run: ({ input, server, incoming }) => {
    const { identifier, password, allowTakendown = false, authFactorToken } = input
    const client = clientInfoOf(server.addressOf, incoming)
    const factor = authFactorToken !== undefined && { authFactorToken }
    const credentials = { identifier, password, allowTakendown, client, ...factor }
    const onFactorNeeded = (did: string) => mailSignInCode(server, did)
    const session = server.failedSignIns.watch(client.ip, () =>
      logIn(server.dispatch, credentials, undefined, onFactorNeeded),
    )
    return withDidDoc(server, session)
  },
})

const ownSession = {
  of: ownAccount.of,
  unknown: (did: string) => invalidRequest(`Could not find user info for account: ${did}`),
}

export const refreshSession = method(server.refreshSession, {
  ...ownSession,
  auth: 'refresh',
  run: ({ account, caller: { tokenId }, server }) =>
    withDidDoc(server, account.session.refreshSession({ tokenId })),
})

export const getSession = method(server.getSession, {
  ...ownSession,
  auth: 'account or queued',
  oauth: 'any',
  run: async ({ account, caller: { permissions }, server }) => {
    const session = await withDidDoc(server, account.session.getSession())
    const mayReadEmail = permissions?.allowsAccount({ attr: 'email', action: 'read' }) ?? true
    if (mayReadEmail) return session
    const { email: _, emailConfirmed: __, ...rest } = session
    return rest
  },
})

export const deleteSession = method(server.deleteSession, {
  ...ownSession,
  auth: 'expired refresh',
  run: async ({ account, caller: { tokenId } }) => {
    await account.session.deleteSession({ tokenId })
    return undefined
  },
})

export const describeServer = method(server.describeServer, {
  auth: 'none',
  run: async ({ server: { service, handleRules, requestedHost }, incoming, request }) => ({
    did: service.did,
    availableUserDomains: domainsAt(
      // Tests without a socket have no Node request.
      requestedHost(incoming ?? withoutSocket(request)),
      await handleRules(),
    ),
    inviteCodeRequired: service.inviteRequired,
    blobUploadLimit: service.blobUploadLimit,
    links: {
      ...(service.privacyPolicyUrl && { privacyPolicy: service.privacyPolicyUrl }),
      ...(service.termsOfServiceUrl && { termsOfService: service.termsOfServiceUrl }),
    },
    contact: { ...(service.contactEmail && { email: service.contactEmail }) },
  }),
})

function withoutSocket({ headers }: Request): AddressedRequest {
  return { socket: {}, headers: { host: headers.get('host') ?? '' } } as AddressedRequest
}
