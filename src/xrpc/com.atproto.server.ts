/** com.atproto.server: accounts and their sessions, and what the server tells of itself. */
import { invalidRequest } from '#src/errors.ts'
import * as server from '#src/protocol/lexicons/com/atproto/server.ts'
import { logIn } from '#src/sessions/log-in.ts'
import { method } from '#src/xrpc/method.ts'

export const createAccount = method(server.createAccount, {
  auth: 'none',
  run: ({ input, server }) => server.createAccount(input),
})

export const createSession = method(server.createSession, {
  auth: 'none',
  run: ({ input: { identifier, password, allowTakendown = false }, server: { dispatch } }) =>
    logIn(dispatch, { identifier, password, allowTakendown }),
})

/** Whose session it is stands in the token. */
const own = {
  of: ({ caller }: { caller: { did: string } }) => caller.did,
  unknown: (did: string) => invalidRequest(`Could not find user info for account: ${did}`),
}

export const refreshSession = method(server.refreshSession, {
  ...own,
  auth: 'refresh',
  run: ({ account, caller: { tokenId } }) => account.session.refreshSession({ tokenId }),
})

export const getSession = method(server.getSession, {
  ...own,
  auth: 'account',
  run: ({ account }) => account.session.getSession(),
})

export const deleteSession = method(server.deleteSession, {
  ...own,
  auth: 'expired refresh',
  run: async ({ account, caller: { tokenId } }) => {
    await account.session.deleteSession({ tokenId })
    return undefined
  },
})

export const describeServer = method(server.describeServer, {
  auth: 'none',
  run: async ({ server: { service } }) => ({
    did: service.did,
    availableUserDomains: [...service.handleDomains],
    inviteCodeRequired: service.inviteRequired,
    blobUploadLimit: service.blobUploadLimit,
    links: {
      ...(service.privacyPolicyUrl && { privacyPolicy: service.privacyPolicyUrl }),
      ...(service.termsOfServiceUrl && { termsOfService: service.termsOfServiceUrl }),
    },
    contact: { ...(service.contactEmail && { email: service.contactEmail }) },
  }),
})

export const createInviteCode = method(server.createInviteCode, {
  auth: 'admin',
  run: async ({ input: { useCount, forAccount }, server: { dispatch, service } }) => {
    const forAccounts = forAccount === undefined ? {} : { forAccounts: [forAccount] }
    const { hostname } = service
    const made = await dispatch.directory.invites.create({ hostname, useCount, ...forAccounts })
    return { code: made.codes[0]!.codes[0]! }
  },
})

/** What goes into one transaction of the directory. */
const MOST_CODES = 1000

export const createInviteCodes = method(server.createInviteCodes, {
  auth: 'admin',
  run: async ({ input, server: { dispatch, service } }) => {
    const { codeCount, forAccounts } = input
    if (codeCount * (forAccounts?.length ?? 1) > MOST_CODES) {
      throw invalidRequest(`Too many codes. Max: ${MOST_CODES}`)
    }
    return dispatch.directory.invites.create({ hostname: service.hostname, ...input })
  },
})
